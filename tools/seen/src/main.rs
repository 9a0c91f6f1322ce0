//! What tools see of a program before it is patched, after, and when they come late.
//!
//! `cargo run --release -p static-call-seen` builds the program that is watched, in two
//! ways, has each tool that is installed look at it in each situation, and prints a table.
//! `-- gdb` takes the rows of that name. Ends with an error if a tool sees less than it should. Tools that are not installed, or
//! that the system does not let look, are named and left out.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::time::Duration;
use std::{fs, thread};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// When a tool looks.
#[derive(Clone, Copy, PartialEq)]
enum When {
    /// The runtime is never started.
    Before,
    /// Plans are on before the tool looks, which starts the program itself.
    After,
    /// Plans come while the program runs; `perf` and breakpoints are there before.
    Late,
}

const ALL: [When; 3] = [When::Before, When::After, When::Late];

/// What a tool saw: of so many things, so many as they should be seen.
struct Seen {
    right: usize,
    all: usize,
}

/// What has to be right, of a thousand.
const ENOUGH: usize = 990;

/// One row of the table.
struct Row {
    tool: &'static str,
    what: &'static str,
    /// The command that has to be there.
    needs: &'static str,
    look: fn(&Bench, When) -> Result<Option<Seen>>,
}

const ROWS: &[Row] = &[
    Row {
        tool: "perf, flat",
        what: "samples with a name",
        needs: "perf",
        look: |bench, when| {
            bench
                .perf(when, &[], |sample| !sample[0].is_unknown())
                .map(Some)
        },
    },
    Row {
        tool: "perf, frame pointers",
        what: "samples whose callers are found",
        needs: "perf",
        look: |bench, when| {
            bench
                .perf(when, &["--call-graph", "fp"], has_callers)
                .map(Some)
        },
    },
    Row {
        tool: "perf, DWARF",
        what: "samples whose callers are found",
        needs: "perf",
        look: |bench, when| {
            bench
                .perf(when, &["--call-graph", "dwarf,4096"], has_callers)
                .map(Some)
        },
    },
    Row {
        tool: "addr2line",
        what: "addresses with a line",
        needs: "perf",
        look: Bench::lines,
    },
    Row {
        tool: "gdb, attached",
        what: "backtraces with all callers",
        needs: "gdb",
        look: Bench::backtraces,
    },
    Row {
        tool: "gdb, breakpoints",
        what: "hits with a backtrace",
        needs: "gdb",
        look: Bench::breakpoints,
    },
    Row {
        tool: "gcore, then gdb",
        what: "core dumps with a backtrace",
        needs: "gcore",
        look: Bench::core,
    },
    Row {
        tool: "heaptrack",
        what: "allocations whose callers are found",
        needs: "heaptrack",
        look: Bench::heap,
    },
    Row {
        tool: "BOLT",
        what: "results as before, and no key switched",
        needs: "llvm-bolt",
        look: Bench::rewritten,
    },
    Row {
        tool: "/proc/PID/maps",
        what: "executable mappings of a file with a name",
        needs: "true",
        look: Bench::mappings,
    },
];

/// A frame as `perf script` prints it.
struct Frame {
    address: u64,
    symbol: String,
    object: String,
}

impl Frame {
    fn is_unknown(&self) -> bool {
        self.symbol.is_empty() || self.symbol == "[unknown]"
    }
}

/// What `perf` saw.
struct Samples {
    /// The innermost frame first.
    stacks: Vec<Vec<Frame>>,
    /// Where the program's file begins in memory.
    base: u64,
}

fn has_callers(sample: &[Frame]) -> bool {
    sample
        .iter()
        .any(|frame| frame.symbol.contains("watched::all"))
        && sample
            .iter()
            .any(|frame| frame.symbol.contains("watched::main"))
}

/// Where everything lies.
struct Bench {
    /// The program, with and without frame pointers.
    plain: PathBuf,
    framed: PathBuf,
    folder: PathBuf,
}

/// A program that runs.
struct Watched {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<std::process::ChildStdout>,
}

impl Watched {
    /// Starts it, and waits until it is ready.
    fn start(program: &Path, when: When, seconds: u32) -> Result<Self> {
        let way = match when {
            When::Before => "plain",
            When::After => "patched",
            When::Late => "late",
        };
        let mut process = Command::new(program)
            .args([way, &seconds.to_string()])
            .env("STATIC_CALL_PERF", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = process.stdout.take().ok_or("it has no output")?;
        let mut watched = Watched {
            input: process.stdin.take(),
            output: BufReader::new(output),
            process,
        };
        watched.line("ready")?;
        Ok(watched)
    }

    fn line(&mut self, expected: &str) -> Result<()> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        if line.trim() == expected {
            Ok(())
        } else {
            Err(format!("it said {line:?}").into())
        }
    }

    /// Has plans come, where they are late.
    fn patch(&mut self, when: When) -> Result<()> {
        if when == When::Late {
            self.input
                .as_mut()
                .ok_or("it reads nothing")?
                .write_all(b"\n")?;
            self.line("patched")?;
        }
        Ok(())
    }

    fn id(&self) -> String {
        self.process.id().to_string()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_file(format!("/tmp/perf-{}.map", self.id()));
    }
}

/// What a command printed.
fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Functions with keys, and with calls through trampolines.
const FUNCTIONS: [&str; 5] = [
    "fn calls_guarded()",
    "fn calls_near()",
    "fn calls_far()",
    "fn calls_bound()",
    "fn asks_a_key()",
];

/// Builds the program that is watched.
fn build(target: &Path, flags: &str) -> Result<PathBuf> {
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "build",
            "--release",
            "--quiet",
            "--package",
            "static-call-seen",
        ])
        .args(["--bin", "watched", "--target-dir"])
        .arg(target)
        .env("RUSTFLAGS", flags)
        .status()?;
    if built.success() {
        Ok(target.join("release/watched"))
    } else {
        Err("the program does not build".into())
    }
}

impl Bench {
    /// Builds the program in both ways.
    fn new() -> Result<Self> {
        let folder = PathBuf::from("target/seen");
        Ok(Bench {
            plain: build(&folder.join("plain"), "")?,
            framed: build(&folder.join("framed"), "-Cforce-frame-pointers=yes")?,
            folder,
        })
    }

    /// Has BOLT move the program's code, and compares what both programs count.
    fn rewritten(&self, when: When) -> Result<Option<Seen>> {
        if when != When::Before {
            return Ok(None);
        }
        let linked = build(&self.folder.join("relocations"), "-Clink-arg=-Wl,-q")?;
        let moved = linked.with_extension("bolt");
        let bolt = installed("llvm-bolt").ok_or("it is gone")?;
        let done = Command::new(bolt)
            .arg(&linked)
            .arg("-o")
            .arg(&moved)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if !done.success() {
            return Ok(Some(Seen { right: 0, all: 3 }));
        }
        let sums = |program: &Path| -> Result<Vec<String>> {
            let said = output(Command::new(program).args(["sums", "0"]))?;
            Ok(said.lines().map(str::to_owned).collect())
        };
        let (linked, moved) = (sums(&linked)?, sums(&moved)?);
        let [before, after, key] = &moved[..] else {
            return Ok(Some(Seen { right: 0, all: 3 }));
        };
        // Where keys are switched, the sums differ.
        let right = [*before == linked[0], after == before, key == "false"];
        Ok(Some(Seen {
            right: right.into_iter().filter(|right| *right).count(),
            all: right.len(),
        }))
    }

    /// Samples of the program, by `perf record` with these options.
    fn samples(&self, when: When, options: &[&str]) -> Result<Samples> {
        let data = self.folder.join("perf.data");
        let program = if options.contains(&"fp") {
            &self.framed
        } else {
            &self.plain
        };
        let mut watched = Watched::start(program, when, 60)?;
        let mut perf = Command::new("perf")
            .args(["record", "--quiet", "-e", "cpu-clock:u", "-F", "1000"])
            .args(options)
            .arg("-o")
            .arg(&data)
            .args(["-p", &watched.id(), "--", "sleep", "3"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        // It attaches meanwhile.
        thread::sleep(Duration::from_secs(1));
        watched.patch(when)?;
        if !perf.wait()?.success() {
            return Err("perf may not look".into());
        }
        let printed = output(
            Command::new("perf")
                .args(["script", "--no-inline", "-F", "ip,sym,dso", "-i"])
                .arg(&data),
        )?;
        // A graph's frames end with an empty line.
        let blocks: Vec<&str> = if options.is_empty() {
            printed.lines().collect()
        } else {
            printed.split("\n\n").collect()
        };
        let frames = |block: &&str| block.lines().filter_map(frame).collect::<Vec<_>>();
        let mut samples: Vec<_> = blocks.iter().map(frames).collect();
        samples.retain(|frames| !frames.is_empty());
        // What the C library and the kernel do is theirs.
        samples.retain(|sample| {
            let object = &sample[0].object;
            !object.contains("libc") && !object.contains("vdso") && !object.contains("ld-linux")
        });
        let maps = fs::read_to_string(format!("/proc/{}/maps", watched.id()))?;
        let first = maps.lines().find(|line| line.ends_with("/watched"));
        let base = first
            .and_then(|line| line.split('-').next())
            .ok_or("it is not mapped")?;
        Ok(Samples {
            base: u64::from_str_radix(base, 16)?,
            stacks: samples,
        })
    }

    fn perf(&self, when: When, options: &[&str], right: impl Fn(&[Frame]) -> bool) -> Result<Seen> {
        let samples = self.samples(when, options)?.stacks;
        let is_right = |sample: &&Vec<Frame>| right(sample);
        Ok(Seen {
            right: samples.iter().filter(is_right).count(),
            all: samples.len(),
        })
    }

    /// The source lines of what was sampled in the program's file.
    fn lines(&self, when: When) -> Result<Option<Seen>> {
        let Samples { stacks, base } = self.samples(when, &[])?;
        let ours = stacks
            .iter()
            .filter(|stack| stack[0].object.ends_with("/watched"));
        let mut addresses: Vec<u64> = ours.map(|stack| stack[0].address - base).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let mut command = Command::new("addr2line");
        command.arg("-e").arg(&self.plain);
        command.args(addresses.iter().map(|at| format!("{at:#x}")));
        let printed = output(&mut command)?;
        let right = printed.lines().filter(|line| !line.starts_with("??"));
        Ok(Some(Seen {
            right: right.count(),
            all: addresses.len(),
        }))
    }

    /// Backtraces of a program that runs, at moments of nobody's choice.
    fn backtraces(&self, when: When) -> Result<Option<Seen>> {
        let mut watched = Watched::start(&self.plain, when, 60)?;
        watched.patch(when)?;
        let mut seen = Seen { right: 0, all: 0 };
        for _ in 0..20 {
            let printed = output(Command::new("gdb").args([
                "-batch",
                "-nx",
                "-p",
                &watched.id(),
                "-ex",
                "bt",
            ]))?;
            seen.all += 1;
            seen.right += usize::from(has_frames(&printed));
        }
        Ok(Some(seen))
    }

    /// Breakpoints at functions with keys. On the line of a call one may stand in the plain way,
    /// which patched calls do not take.
    fn breakpoints(&self, when: When) -> Result<Option<Seen>> {
        let mut watched = Watched::start(&self.plain, when, 60)?;
        let mut command = Command::new("gdb");
        command.args(["-batch", "-nx", "-p", &watched.id()]);
        let source = include_str!("bin/watched.rs");
        let number = |text| {
            1 + source
                .lines()
                .take_while(|line| !line.contains(text))
                .count()
        };
        let places = FUNCTIONS.map(|text| format!("watched.rs:{}", number(text)));
        for place in &places {
            command.args(["-ex", &format!("tbreak {place}")]);
        }
        for _ in &places {
            command.args(["-ex", "continue", "-ex", "bt"]);
        }
        let gdb = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        if when == When::Late {
            // The breakpoints are there by then, and pages with them are left alone.
            thread::sleep(Duration::from_secs(2));
            let input = watched.input.as_mut().ok_or("it reads nothing")?;
            input.write_all(b"\n")?;
        }
        let printed = gdb.wait_with_output()?.stdout;
        let printed = String::from_utf8_lossy(&printed);
        // A hit says where it is, and so does the first frame of its backtrace.
        let hits = printed.split("Temporary breakpoint").skip(1);
        let is_one = |hit: &&str| {
            let mut names = FUNCTIONS.iter().filter_map(|one| one.strip_prefix("fn "));
            has_frames(hit) && names.any(|name| hit.contains(&name[..name.len() - 2]))
        };
        let right = hits.filter(is_one);
        Ok(Some(Seen {
            right: right.count(),
            all: FUNCTIONS.len(),
        }))
    }

    fn core(&self, when: When) -> Result<Option<Seen>> {
        let mut watched = Watched::start(&self.plain, when, 60)?;
        watched.patch(when)?;
        let name = self.folder.join("core");
        output(Command::new("gcore").arg("-o").arg(&name).arg(watched.id()))?;
        let core = self.folder.join(format!("core.{}", watched.id()));
        let printed = output(
            Command::new("gdb")
                .args(["-batch", "-nx"])
                .arg(&self.plain)
                .arg(&core)
                .args(["-ex", "bt"]),
        )?;
        fs::remove_file(core)?;
        let right = has_frames(&printed);
        Ok(Some(Seen {
            right: usize::from(right),
            all: 1,
        }))
    }

    fn heap(&self, when: When) -> Result<Option<Seen>> {
        if when == When::Late {
            return Ok(None);
        }
        let way = if when == When::Before {
            "plain"
        } else {
            "patched"
        };
        let name = self.folder.join("heaptrack");
        output(
            Command::new("heaptrack")
                .arg("-o")
                .arg(&name)
                .arg(&self.plain)
                .args([way, "1"]),
        )?;
        let data = fs::read_dir(&self.folder)?.filter_map(|one| Some(one.ok()?.path()));
        let data = data.filter(|one| {
            one.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("heaptrack."))
        });
        let data = data.max().ok_or("heaptrack wrote nothing")?;
        let printed = output(
            Command::new("heaptrack_print")
                .args(["-a", "1", "-f"])
                .arg(&data),
        )?;
        fs::remove_file(data)?;
        let right = printed.contains("calls_for_memory") && printed.contains("bin/watched.rs");
        Ok(Some(Seen {
            right: usize::from(right),
            all: 1,
        }))
    }

    /// Code that is no file's.
    fn mappings(&self, when: When) -> Result<Option<Seen>> {
        let mut watched = Watched::start(&self.plain, when, 60)?;
        watched.patch(when)?;
        let maps = fs::read_to_string(format!("/proc/{}/maps", watched.id()))?;
        let code = maps.lines().filter(|line| {
            line.split(' ')
                .nth(1)
                .is_some_and(|rights| rights.contains('x'))
        });
        let code: Vec<_> = code.filter(|line| !line.contains("[v")).collect();
        // One is the room for chains, which the map of names is for.
        let right = code
            .iter()
            .filter(|line| line.contains('/') && !line.contains("memfd:"))
            .count();
        let chains = usize::from(when != When::Before);
        Ok(Some(Seen {
            right: right + chains,
            all: code.len(),
        }))
    }
}

/// `  55d9a5965000 symbol+0x1 (object)`.
fn frame(line: &str) -> Option<Frame> {
    let line = line.trim();
    let (address, rest) = line.split_once(' ')?;
    let address = u64::from_str_radix(address, 16).ok()?;
    let (symbol, object) = rest.rsplit_once(" (")?;
    Some(Frame {
        address,
        symbol: symbol.trim().to_owned(),
        object: object.trim_end_matches(')').to_owned(),
    })
}

/// Whether a backtrace of `gdb` has the functions that were called all the time.
fn has_frames(printed: &str) -> bool {
    let main = |line: &str| line.contains("main () at") && line.contains("watched.rs");
    printed.contains("watched::all::") && printed.lines().any(main)
}

/// The command as it is called here: Debian puts the version behind LLVM's.
fn installed(command: &str) -> Option<String> {
    let versions = (14..30).rev().map(|version| format!("{command}-{version}"));
    std::iter::once(command.to_owned())
        .chain(versions)
        .find(|name| {
            let found = Command::new("sh")
                .args(["-c", &format!("command -v {name}")])
                .stdout(Stdio::null())
                .status();
            found.is_ok_and(|status| status.success())
        })
}

fn run() -> Result<bool> {
    let bench = Bench::new()?;
    let mut table =
        "| tool | what | before | after | patched while it runs |\n|---|---|---|---|---|\n"
            .to_owned();
    let mut right = true;
    let words: Vec<String> = std::env::args().skip(1).collect();
    for row in ROWS {
        if !words.iter().all(|word| row.tool.contains(&**word)) {
            continue;
        }
        if installed(row.needs).is_none() {
            println!("`{}` is not installed: left out", row.needs);
            continue;
        }
        write!(table, "| {} | {} |", row.tool, row.what)?;
        for when in ALL {
            let cell = match (row.look)(&bench, when) {
                Ok(Some(seen)) if seen.all > 0 => {
                    let share = seen.right * 1000 / seen.all;
                    right &= share >= ENOUGH;
                    format!("{}.{} % of {}", share / 10, share % 10, seen.all)
                }
                Ok(Some(_)) => {
                    right = false;
                    "nothing".to_owned()
                }
                Ok(None) => "-".to_owned(),
                Err(error) => format!("not to be had: {error}"),
            };
            write!(table, " {cell} |")?;
        }
        table.push('\n');
    }
    println!("{table}");
    Ok(right)
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("a tool sees less than it should");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
