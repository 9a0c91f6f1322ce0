//! Measures what calls through static-call cost and what re-planning costs, and
//! prints it as tables. Figures only: nothing here fails because of time.

mod copies;
mod mixes;
mod passes;
mod ratios;

use std::path::PathBuf;

use clap::Parser;
use static_call::runtime::{self, Backend, Mode};
use static_call_benches::host::Host;
use static_call_benches::rows::{self, Results};

/// Measures static-call on this machine.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Write all rows to this file, as JSON.
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
    /// Few rounds: to see that it works.
    #[arg(long)]
    quick: bool,
    /// Leave out the program with 10,000 call sites, which takes a minute to compile.
    #[arg(long)]
    few_sites: bool,
}

fn main() -> Result<(), String> {
    let arguments = Arguments::parse();
    let rounds = if arguments.quick { 20 } else { 2000 };
    if let Backend::Portable { reason } = runtime::backend() {
        eprintln!("no chains can be published here: {reason}");
    }
    let mut ratios = ratios::rows(Mode::Off, rounds)?;
    ratios.extend(ratios::rows(Mode::Always, rounds)?);
    let mut latencies = passes::few_sites(arguments.quick)?;
    ratios.extend(ratios::rows(Mode::Auto, rounds)?);
    let mut sizes = Vec::new();
    if !arguments.few_sites {
        let many = passes::many_sites(arguments.quick)?;
        for (pass, samples) in many.latencies {
            latencies.entry(pass).or_default().extend(samples);
        }
        sizes = many.sizes;
    }
    let results = Results {
        host: Host::here(),
        quick: arguments.quick,
        ratios,
        latencies: rows::latencies(&latencies),
        sizes,
    };
    print!("{}", results.tables());
    if let Some(path) = arguments.json {
        let json = serde_json::to_string_pretty(&results).map_err(|error| error.to_string())?;
        std::fs::write(&path, json).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
