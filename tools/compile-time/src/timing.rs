//! Builds the programs, and times the rustc that compiles the program's own crate.
//!
//! Cargo asks this very program to start rustc (`RUSTC_WORKSPACE_WRAPPER`): it starts it,
//! waits, and leaves how long that took in a file.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::ValueEnum;
use object::{Object, ObjectSection, SectionFlags, elf};

use crate::programs::{Family, Program};

/// Where the wrapper leaves the time; set means that this program is the wrapper.
const RESULT: &str = "STATIC_CALL_COMPILE_TIME_RESULT";
/// Set, it leaves processor time.
const PROCESSOR: &str = "STATIC_CALL_COMPILE_TIME_PROCESSOR";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{path} cannot be written or read: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{command} does not start: {source}")]
    Start { command: String, source: io::Error },
    #[error("{command} fails:\n{output}")]
    Command { command: String, output: String },
    #[error("{path} is no program that can be read: {source}")]
    Program {
        path: PathBuf,
        source: object::Error,
    },
    #[error("rustc was not run for {0}")]
    NotTimed(&'static str),
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    |source| Error::File { path, source }
}

/// One way to build.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Build {
    Check,
    Debug,
    Release,
}

impl Build {
    pub(crate) const ALL: [Build; 3] = [Build::Check, Build::Debug, Build::Release];

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Build::Check => &["check"],
            Build::Debug => &["build"],
            Build::Release => &["build", "--release"],
        }
    }
}

impl fmt::Display for Build {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Build::Check => "check",
            Build::Debug => "debug",
            Build::Release => "release",
        })
    }
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Clock {
    /// What one waits for.
    Elapsed,
    /// What rustc and the linker take of the processors, also where others use them.
    Processor,
}

pub(crate) struct Measured {
    /// Median.
    pub(crate) seconds: f64,
    /// Bytes in executable sections, and in others that are loaded.
    pub(crate) text: u64,
    pub(crate) other: u64,
}

/// Compiles where Cargo has started this program in place of rustc.
pub(crate) fn as_wrapper() -> Option<ExitCode> {
    let result = PathBuf::from(std::env::var_os(RESULT)?);
    let mut arguments = std::env::args_os().skip(1);
    let rustc = arguments.next().unwrap_or_else(|| "rustc".into());
    let arguments: Vec<OsString> = arguments.collect();
    // Cargo also asks for rustc's version.
    let compiles = arguments
        .iter()
        .any(|argument| argument == "--emit" || argument == "--crate-name");
    let start = Instant::now();
    let status = Command::new(rustc).args(&arguments).status();
    let elapsed = start.elapsed().as_secs_f64();
    let seconds = match std::env::var_os(PROCESSOR) {
        Some(_) => processor_time_of_children(),
        None => Some(elapsed),
    };
    let succeeded = status.is_ok_and(|status| status.success());
    let written =
        !compiles || seconds.is_some_and(|seconds| fs::write(result, seconds.to_string()).is_ok());
    Some(if succeeded && written {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Of the one that has ended, and of those that it has started: rustc and its linker.
#[cfg(unix)]
fn processor_time_of_children() -> Option<f64> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let microseconds = (usage.user_time() + usage.system_time()).num_microseconds();
    let microseconds = u64::try_from(microseconds).ok()?;
    Some(std::time::Duration::from_micros(microseconds).as_secs_f64())
}

/// Nobody asks for it there yet.
#[cfg(not(unix))]
fn processor_time_of_children() -> Option<f64> {
    None
}

/// The written programs.
pub(crate) struct Workspace {
    root: PathBuf,
}

/// Writes the programs as the packages of a workspace.
pub(crate) fn write(family: Family, programs: &[Program]) -> Result<Workspace, Error> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| here.join("../../target"), PathBuf::from);
    let root = target.join("compile-time").join(family.name());
    let save = |path: &Path, text: &str| {
        fs::create_dir_all(path.parent().unwrap_or(path)).map_err(at(path))?;
        // Nothing is touched that is as it should be.
        if fs::read_to_string(path).is_ok_and(|stands| stands == text) {
            return Ok(());
        }
        fs::write(path, text).map_err(at(path))
    };
    let members: Vec<_> = programs
        .iter()
        .map(|program| format!("{:?}", program.name))
        .collect();
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n[profile.dev]\nincremental = false\n",
        members.join(", ")
    );
    save(&root.join("Cargo.toml"), &manifest)?;
    // What this workspace needs, the generated one has there already.
    let lock = fs::read_to_string(here.join("../../Cargo.lock"));
    if let (Ok(lock), false) = (lock, root.join("Cargo.lock").exists()) {
        save(&root.join("Cargo.lock"), &lock)?;
    }
    for program in programs {
        let package = root.join(program.name);
        let runtime = here.join("../../runtime");
        let runtime = runtime.to_string_lossy();
        let manifest = format!(
            "[package]\nname = {:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
             static-call = {{ path = {runtime:?} }}\n",
            program.name
        );
        save(&package.join("Cargo.toml"), &manifest)?;
        save(&package.join("src/main.rs"), &program.source)?;
    }
    Ok(Workspace { root })
}

impl Workspace {
    /// Compiles each of the programs `rounds` times, in turns.
    pub(crate) fn measure(
        &self,
        programs: &[&'static str],
        build: Build,
        rounds: u32,
        clock: Clock,
    ) -> Result<Vec<Measured>, Error> {
        let mut times = vec![Vec::new(); programs.len()];
        for _ in 0..rounds {
            for (times, program) in times.iter_mut().zip(programs) {
                times.push(self.time(program, build, clock)?);
            }
        }
        times
            .into_iter()
            .zip(programs)
            .map(|(mut times, program)| {
                times.sort_by(f64::total_cmp);
                let (text, other) = match build {
                    Build::Check => (0, 0),
                    Build::Debug => sizes(&self.root.join("target/debug").join(program))?,
                    Build::Release => sizes(&self.root.join("target/release").join(program))?,
                };
                Ok(Measured {
                    seconds: times[times.len() / 2],
                    text,
                    other,
                })
            })
            .collect()
    }

    fn time(&self, program: &'static str, build: Build, clock: Clock) -> Result<f64, Error> {
        let main = self.root.join(program).join("src/main.rs");
        let touched = fs::File::options().append(true).open(&main);
        touched
            .and_then(|file| file.set_modified(std::time::SystemTime::now()))
            .map_err(at(&main))?;
        let result = self.root.join("seconds");
        // A time that stands from before would be taken for this one's.
        let _ = fs::remove_file(&result);
        let wrapper = std::env::current_exe().map_err(at(&main))?;
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(&self.root)
            .args(build.arguments())
            .args(["--quiet", "--offline", "--package", program])
            .env("CARGO_TARGET_DIR", self.root.join("target"))
            .env("RUSTC_WORKSPACE_WRAPPER", wrapper)
            .env(RESULT, &result);
        if clock == Clock::Processor {
            cargo.env(PROCESSOR, "1");
        }
        let shown = format!("{cargo:?}");
        let output = cargo.output().map_err(|source| Error::Start {
            command: shown.clone(),
            source,
        })?;
        if !output.status.success() {
            let output = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Error::Command {
                command: shown,
                output,
            });
        }
        let seconds = fs::read_to_string(&result)
            .ok()
            .and_then(|text| text.parse().ok());
        seconds.ok_or(Error::NotTimed(program))
    }
}

/// Bytes in executable sections, and in others that are loaded.
fn sizes(program: &Path) -> Result<(u64, u64), Error> {
    let bytes = fs::read(program).map_err(at(program))?;
    let file = object::File::parse(&*bytes).map_err(|source| Error::Program {
        path: program.to_owned(),
        source,
    })?;
    let mut sizes = (0, 0);
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags } = section.flags() else {
            continue;
        };
        if sh_flags & u64::from(elf::SHF_EXECINSTR) != 0 {
            sizes.0 += section.size();
        } else if sh_flags & u64::from(elf::SHF_ALLOC) != 0 {
            sizes.1 += section.size();
        }
    }
    Ok(sizes)
}
