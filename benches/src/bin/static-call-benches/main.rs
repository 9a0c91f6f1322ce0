//! Measures what calls through static-call and its rivals cost and what re-planning
//! costs, and prints it as tables. Figures only: nothing here fails because of time.

mod benchmark;
mod chart;
mod drive;
mod loops;
mod passes;

use std::path::{Path, PathBuf};

use clap::Parser;
use static_call::runtime::{self, Backend, Mode};
use static_call_benches::builds::{self, RETPOLINES};
use static_call_benches::columns::Column;
use static_call_benches::host::Host;
use static_call_benches::layouts::DEFAULT;
use static_call_benches::rows::{self, Build, Results};
use static_call_benches::serve::serve;

use crate::drive::{Asked, measure};

/// The program with 4,096 call sites, and what its row is called.
const MANY_SITES: (&str, &str, &str) = ("many-sites", "sites", "4,096 sites, one type each");

/// Measures static-call on this machine.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Write all rows to this file, as JSON.
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
    /// Draw the ratios into this file, as SVG.
    #[arg(long, value_name = "PATH")]
    svg: Option<PathBuf>,
    /// Few rounds: to see that it works.
    #[arg(long)]
    quick: bool,
    /// Leave out the programs with 4,096 and 10,000 call sites, which take minutes to
    /// compile.
    #[arg(long)]
    few_sites: bool,
    /// Measure a build with retpolines as well.
    #[arg(long)]
    retpolines: bool,
    /// Rounds to measure; 1,000 if not given, and 10 with `--quick`.
    #[arg(long)]
    rounds: Option<usize>,
    /// Only these rows of ratios, by name, separated by commas, and nothing else.
    #[arg(long, value_delimiter = ',')]
    rows: Option<Vec<String>>,
    /// Only these columns.
    #[arg(long, value_delimiter = ',')]
    columns: Option<Vec<Column>>,
    /// Measure one row for another process of this program.
    #[arg(long, hide = true, value_name = "ROW", requires = "mode")]
    serve: Option<String>,
    /// In this mode.
    #[arg(long, hide = true)]
    mode: Option<Mode>,
}

fn main() -> Result<(), String> {
    let arguments = Arguments::parse();
    let columns = arguments.columns.clone();
    let columns = columns.unwrap_or_else(|| Column::ALL.to_vec());
    if let (Some(id), Some(mode)) = (&arguments.serve, arguments.mode) {
        let row = benchmark::rows().into_iter().find(|row| row.id == id);
        return serve(
            &row.ok_or(format!("there is no row `{id}`"))?,
            mode,
            &columns,
        );
    }
    if let Backend::Portable { reason } = runtime::backend() {
        eprintln!("no chains can be published here: {reason}");
    }
    let mut results = Results {
        host: Host::here(),
        quick: arguments.quick,
        builds: vec![build(&arguments, &columns, false)?],
        latencies: Vec::new(),
        sizes: Vec::new(),
    };
    if arguments.retpolines {
        results.builds.push(build(&arguments, &columns, true)?);
    }
    if arguments.rows.is_none() && arguments.columns.is_none() {
        let mut latencies = passes::few_sites(arguments.quick)?;
        if !arguments.few_sites {
            let many = passes::many_sites(arguments.quick)?;
            for (pass, samples) in many.latencies {
                latencies.entry(pass).or_default().extend(samples);
            }
            results.sizes = many.sizes;
        }
        results.latencies = rows::latencies(&latencies);
    }
    print!("{}", results.tables());
    if let Some(path) = &arguments.json {
        let json = serde_json::to_string_pretty(&results).map_err(|error| error.to_string())?;
        std::fs::write(path, json).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if let Some(path) = &arguments.svg {
        chart::draw(&results, path)?;
    }
    Ok(())
}

/// The rows of one build.
fn build(arguments: &Arguments, columns: &[Column], retpolines: bool) -> Result<Build, String> {
    let this = env!("CARGO_BIN_NAME");
    let own = if retpolines {
        builds::build(this, &RETPOLINES)?
    } else {
        std::env::current_exe().map_err(|error| error.to_string())?
    };
    let (many, many_id, many_label) = MANY_SITES;
    let rows = benchmark::rows();
    let mut names: Vec<_> = rows.iter().map(|row| (this, row.id, row.label)).collect();
    if !arguments.few_sites || arguments.rows.is_some() {
        names.push((many, many_id, many_label));
    }
    if let Some(wanted) = &arguments.rows {
        let unknown = wanted
            .iter()
            .find(|id| names.iter().all(|name| name.1 != *id));
        if let Some(unknown) = unknown {
            let known: Vec<_> = names.iter().map(|name| name.1).collect();
            return Err(format!(
                "`{unknown}` is no row; there are {}",
                known.join(", ")
            ));
        }
        names.retain(|name| wanted.iter().any(|id| id == name.1));
    }
    let rounds = arguments.rounds;
    let rounds = rounds.unwrap_or(if arguments.quick { 10 } else { 1000 });
    let mut measured = Vec::new();
    for (program, id, label) in names {
        let path;
        let program: &Path = if program == this {
            &own
        } else {
            path = builds::build(program, if retpolines { &RETPOLINES } else { &DEFAULT })?;
            &path
        };
        eprintln!("{label}{}", if retpolines { ", retpolines" } else { "" });
        measured.push(measure(&Asked {
            program,
            id,
            label,
            columns,
            rounds,
        })?);
    }
    let name = if retpolines {
        "retpoline build"
    } else {
        "default release build"
    };
    Ok(Build {
        name: name.to_owned(),
        rows: measured,
    })
}
