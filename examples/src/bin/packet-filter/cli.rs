//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Filters packets by rules that are called with static-call.
///
/// Reads a pcap or pcapng file, or makes traffic of its own. Everything is decided twice, with
/// plain and with static calls; the verdicts must be the same. Exits with 0 if they are, 1 if
/// they are not, and 2 if something could not be read, loaded or written.
#[derive(Debug, Parser)]
#[command(name = "packet-filter", version)]
pub(crate) struct Arguments {
    /// The packets to filter: Ethernet, raw IP or Linux cooked capture.
    /// Without a file, the filter makes traffic of its own.
    #[arg(value_name = "TRAFFIC.pcap")]
    pub(crate) input: Option<PathBuf>,

    /// The rules, one a line: `drop ports tcp to 135-139`. By default 40 that are built in.
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,

    /// The plugin to load half-way; by default the example plugin, which cargo
    /// builds along with this program.
    #[arg(long, value_name = "PATH")]
    pub(crate) plugin: Option<PathBuf>,

    /// Where the accepted packets go, as a pcap file.
    #[arg(short, long, value_name = "OUT.pcap")]
    pub(crate) output: Option<PathBuf>,

    /// Which of the two verdicts count.
    #[arg(long, value_enum, default_value_t = Way::Static)]
    pub(crate) calls: Way,

    /// How many packets of its own the filter makes.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 200_000,
        value_parser = clap::value_parser!(u64).range(1..=1_000_000_000),
        conflicts_with = "input"
    )]
    pub(crate) packets: u64,

    /// What its own traffic is made from.
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "input")]
    pub(crate) seed: u64,

    /// How long to measure, before the plugin and again with it.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 3,
        value_parser = clap::value_parser!(u8).range(0..=60)
    )]
    pub(crate) seconds: u8,
}

/// How the hot calls are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// Plain virtual calls.
    Plain,
    /// `dyn FastRule`, `specialize!` and a binding.
    Static,
}
