//! Ordinary programs, each as plain calls and in the ways that this library offers:
//! time over the plain program's. Figures only: nothing here fails because of time.
//!
//! `cargo run --release -p static-call-benches --bin programs -- --layouts`

#![allow(
    clippy::duplicate_mod,
    reason = "every program is compiled in several ways, from the same source"
)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_lossless,
    reason = "the programs' data are small numbers"
)]

mod aims;
mod chart;
mod drive;
mod measure;
mod program;
mod table;
#[cfg(test)]
mod tests;
mod tuned;
mod ways;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use static_call_benches::builds;
use static_call_benches::host::Host;
use static_call_benches::layouts::{self, Layout};

use crate::drive::{Asked, Figures};
use crate::measure::{Lasting, Phase, measure};
use crate::program::Program;
use crate::ways::Way;

/// Measures ordinary programs, each in several ways.
#[derive(Parser)]
#[command(version)]
#[allow(clippy::struct_excessive_bools, reason = "options, in any combination")]
struct Arguments {
    /// Only programs whose names contain one of these.
    #[arg(value_name = "PROGRAM")]
    programs: Vec<String>,
    /// Say what the programs are, and measure none.
    #[arg(long)]
    list: bool,
    /// Build in three layouts of code, and measure each.
    #[arg(long)]
    layouts: bool,
    /// A short while each: to see that it works.
    #[arg(long)]
    quick: bool,
    /// Milliseconds that a program is measured in each phase; half as long again is given
    /// to call sites to settle. 800 if not given, and 90 with `--quick`.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    milliseconds: Option<u64>,
    /// Show what the call sites did, too.
    #[arg(long)]
    report: bool,
    /// Have `runtime::tune` find a plan for each program's lists, and compare it with plain calls
    /// and with every choice by hand.
    #[arg(long)]
    tuned: bool,
    /// Tune each so many times, to count empty plans.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "tuned")]
    times: u64,
    /// Write all figures to this file, as JSON.
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
    /// Draw the figures into this file, as SVG.
    #[arg(long, value_name = "PATH")]
    chart: Option<PathBuf>,
    /// Run the one program that is named, in this way and no other, and measure nothing: for
    /// profilers. The runtime is never started.
    #[arg(long, value_name = "WAY", requires = "rounds")]
    alone: Option<Way>,
    /// How often.
    #[arg(long, value_name = "N", requires = "alone")]
    rounds: Option<usize>,
    /// Measure one program for another process of this program.
    #[arg(long, hide = true, value_name = "PROGRAM", requires = "phase")]
    measure: Option<String>,
    /// In this phase.
    #[arg(long, hide = true)]
    phase: Option<Phase>,
    /// Tune one program for another process of this program.
    #[arg(long, hide = true, value_name = "PROGRAM")]
    tune: Option<String>,
    /// By these coins.
    #[arg(long, hide = true, default_value_t = 1)]
    seed: u64,
    /// And compare with choices by hand.
    #[arg(long, hide = true)]
    by_hand: bool,
    /// Run one program until all of the plan in the environment was met.
    #[arg(long, hide = true, value_name = "PROGRAM")]
    follow: Option<String>,
}

fn main() -> Result<(), String> {
    let arguments = Arguments::parse();
    let short = if arguments.quick { 90 } else { 800 };
    let milliseconds = arguments.milliseconds.unwrap_or(short);
    if let (Some(name), Some(phase)) = (&arguments.measure, arguments.phase) {
        let lasting = Lasting {
            settle: Duration::from_millis(milliseconds / 2),
            measure: Duration::from_millis(milliseconds),
        };
        let measured = measure(name, phase, lasting)?;
        let line = serde_json::to_string(&measured).map_err(|error| error.to_string())?;
        println!("{line}");
        return Ok(());
    }
    let asked = tuned::Asked {
        milliseconds,
        seed: arguments.seed,
        by_hand: arguments.by_hand,
    };
    if let Some(name) = &arguments.tune {
        return tuned::one(name, asked);
    }
    if let Some(name) = &arguments.follow {
        return tuned::follow(name);
    }
    let programs = chosen(&arguments.programs)?;
    if let (Some(way), Some(rounds)) = (arguments.alone, arguments.rounds) {
        let [program] = programs[..] else {
            return Err(format!("--alone takes one program, not {}", programs.len()));
        };
        return measure::alone(program.name, way, rounds);
    }
    if arguments.tuned {
        return tuned::all(&programs, asked, arguments.times);
    }
    if arguments.list {
        for Program { name, about, .. } in programs {
            println!("{name}: {about}");
        }
        return Ok(());
    }
    let layouts: &[Layout] = if arguments.layouts {
        &layouts::ALL
    } else {
        &[layouts::DEFAULT]
    };
    let mut figures = Figures {
        host: Host::here(),
        milliseconds,
        layouts: Vec::new(),
    };
    for layout in layouts {
        let path = if *layout == layouts::DEFAULT {
            std::env::current_exe().map_err(|error| error.to_string())?
        } else {
            eprintln!("building: {}", layout.name);
            builds::build(env!("CARGO_BIN_NAME"), layout)?
        };
        figures.layouts.push(drive::layout(&Asked {
            path: &path,
            layout: layout.name,
            programs: &programs,
            milliseconds,
        })?);
    }
    print!("{}", table::tables(&figures, &programs));
    if arguments.report {
        print!("{}", table::sites(&figures));
    }
    if let Some(path) = &arguments.json {
        let json = serde_json::to_string_pretty(&figures).map_err(|error| error.to_string())?;
        std::fs::write(path, json).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if let Some(path) = &arguments.chart {
        let drawn = chart::chart(&figures, &programs);
        std::fs::write(path, drawn).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// The programs whose names contain one of these words; all if there are none.
fn chosen(words: &[String]) -> Result<Vec<Program>, String> {
    let mut programs = Way::Plain.programs();
    let fits = |program: &Program, word: &String| program.name.contains(word);
    if let Some(word) = words
        .iter()
        .find(|word| !programs.iter().any(|program| fits(program, word)))
    {
        let known: Vec<_> = programs.iter().map(|program| program.name).collect();
        return Err(format!(
            "no program's name contains `{word}`; there are {}",
            known.join(", ")
        ));
    }
    programs.retain(|program| words.is_empty() || words.iter().any(|word| fits(program, word)));
    Ok(programs)
}
