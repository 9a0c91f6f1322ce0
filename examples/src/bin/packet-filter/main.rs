//! A packet filter whose hot calls go through `dyn` traits: up to 40 a packet.
//!
//! It reads a capture, or traffic of its own, and lets the first rule that fits decide about
//! each packet. Half-way it loads a plugin with a rule of its own, lets static-call re-plan
//! its call sites, and goes on. All verdicts are reached with plain calls and with static
//! calls; they must be equal, and the time of each is printed.
//!
//! Where to look:
//! - [`filter`] holds the hot loops, written once for both kinds of calls;
//! - [`sink`] holds the binding;
//! - [`session`] loads the plugin and calls `runtime::retarget()`;
//! - `examples/packet-filter` has the trait and ordinary implementations.

mod capture;
mod cli;
mod error;
mod filter;
mod frames;
mod headers;
mod measure;
mod output;
mod plugin;
mod rules;
mod session;
mod sink;
mod traffic;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Arguments;
use crate::session::{Outcome, Session};

fn main() -> ExitCode {
    match Session::new(Arguments::parse()).and_then(Session::run) {
        Ok(Outcome::Equal) => ExitCode::SUCCESS,
        Ok(Outcome::Different) => ExitCode::from(1),
        Err(error) => {
            // One line, whatever a nested message contains.
            let line = error
                .to_string()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            eprintln!("packet-filter: error: {line}");
            ExitCode::from(2)
        }
    }
}
