//! An audio host whose hot calls go through `dyn` traits, one per sample.
//!
//! It plays a WAV file, or a tune of its own, through a chain of effects. Half-
//! way it loads a plugin, lets static-call re-plan its call sites, and goes on
//! with the plugin's effect and voice. Everything is rendered with plain calls
//! and with static calls in alternation: the outputs must be equal bit for bit,
//! and the time of each is printed.
//!
//! It is the example of plugins in a program whose calls do not matter: a sample is
//! tens of nanoseconds of arithmetic, and the default mode leaves the calls plain. The
//! example of a program that gets faster is `packet-filter`.
//!
//! Where to look:
//! - [`engine`] holds the four hot call sites;
//! - [`session`] loads the plugin and calls `runtime::retarget()`;
//! - [`copies`] renders the same block several times and compares;
//! - [`voices`], [`effects`] and [`meters`] are ordinary implementations.

mod cli;
mod copies;
mod effects;
mod engine;
mod error;
mod instruments;
mod meters;
mod output;
mod plugin;
mod score;
mod session;
mod source;
mod timing;
mod voices;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Arguments;
use crate::error::Error;
use crate::output::Output;
use crate::session::{Session, Verdict};
use crate::source::Source;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(Verdict::Equal) => ExitCode::SUCCESS,
        Ok(Verdict::Different) => ExitCode::from(1),
        Err(error) => {
            // One line, whatever a nested message contains.
            let line = error
                .to_string()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            eprintln!("audio-host: error: {line}");
            ExitCode::from(2)
        }
    }
}

/// Opens everything that can be refused before the first sample is rendered.
fn run(arguments: &Arguments) -> Result<Verdict, Error> {
    let source = Source::open(arguments)?;
    let plugin =
        static_call_examples::plugin(arguments.plugin.as_deref(), "static-call-example-plugin")?;
    let output = Output::create(
        &arguments.output,
        arguments.input.as_deref(),
        source.format(),
    )?;
    Session::new(source, output, plugin, arguments.calls).run()
}
