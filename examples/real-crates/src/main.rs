//! Annotates published crates the way their authors would, runs their own tests,
//! and measures what they gain. See the README beside this package's manifest.

mod cargo;
mod corpus;
mod error;
mod fetch;
mod files;
mod measure;
mod patch;
mod suite;
mod table;
mod variants;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use static_call_benches::layouts::{self, Layout};

use crate::corpus::{FAMILIES, Family};
use crate::error::Error;
use crate::variants::Places;

/// Fetches published crates through cargo, patches them to use static-call, runs
/// their own tests, and measures them against their published form.
#[derive(Parser)]
#[command(version)]
#[allow(clippy::struct_excessive_bools, reason = "options, in any combination")]
struct Arguments {
    /// Which crates; all if none is named.
    #[arg(value_name = "CRATE", value_parser = corpus::family)]
    families: Vec<&'static Family>,
    /// Run the crates' own tests.
    #[arg(long)]
    test: bool,
    /// Measure. With neither option, both are done.
    #[arg(long)]
    measure: bool,
    /// Rounds for each workload.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Measure this often, each time in new processes; tables show every run.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Build and measure in three layouts of code; what counts is the median over them.
    #[arg(long)]
    layouts: bool,
    /// Show what the call sites did, too.
    #[arg(long)]
    report: bool,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    if arguments.families.is_empty() {
        arguments.families = FAMILIES.iter().collect();
    }
    if !arguments.test && !arguments.measure {
        (arguments.test, arguments.measure) = (true, true);
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    let places = places()?;
    for family in &arguments.families {
        variants::write(family, &places)?;
        if arguments.test {
            for (name, tests) in suite::run(family, &places)? {
                println!("{name}: {tests} of its own tests pass, published and annotated");
            }
        }
        let Some(extra) = family.measured_with.filter(|_| arguments.measure) else {
            continue;
        };
        for _ in 0..arguments.runs {
            let layouts: &[Layout] = if arguments.layouts {
                &layouts::ALL
            } else {
                &[layouts::DEFAULT]
            };
            let mut measured = Vec::new();
            for layout in layouts {
                let rounds = arguments.rounds as usize;
                let runs = measure::run(family, extra, &places, rounds, layout)?;
                println!("Layout: {}. {}", layout.name, table::of(&runs));
                if arguments.report {
                    for (mode, run) in &runs {
                        println!("{mode}:\n{}", run.report);
                    }
                }
                measured.push(runs);
            }
            if arguments.layouts {
                println!("{}", table::across(&measured));
            }
        }
    }
    Ok(())
}

/// Asks cargo where this workspace keeps its build results.
fn places() -> Result<Places, Error> {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let metadata = cargo::metadata(&package.join("Cargo.toml"), &["--no-deps"])?;
    Ok(Places {
        runtime: metadata.workspace_root.join(Path::new("runtime")),
        scratch: metadata.target_directory.join("real-crates"),
        package,
    })
}
