//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Plays a WAV file, or a built-in tune, through effects called with static-call.
///
/// Everything is rendered twice, with plain and with static calls; the outputs
/// must be equal bit for bit. Exits with 0 if they are, 1 if they are not, and
/// 2 if something could not be read, loaded or written.
#[derive(Debug, Parser)]
#[command(name = "audio-host", version)]
pub(crate) struct Arguments {
    /// The recording to play; 8, 16, 24 or 32-bit PCM or 32-bit float.
    /// Without one, the host plays a tune of its own.
    #[arg(value_name = "IN.wav")]
    pub(crate) input: Option<PathBuf>,

    /// The plugin to load half-way; by default the example plugin, which cargo
    /// builds along with this program.
    #[arg(long, value_name = "PATH")]
    pub(crate) plugin: Option<PathBuf>,

    /// Where the result goes, as 32-bit float at the input's sample rate.
    #[arg(short, long, value_name = "OUT.wav", default_value = "audio-host.wav")]
    pub(crate) output: PathBuf,

    /// Which of the two renderings is written.
    #[arg(long, value_enum, default_value_t = Calls::Static)]
    pub(crate) calls: Calls,

    /// How long to play the built-in tune.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u16).range(1..=3600),
        conflicts_with = "input"
    )]
    pub(crate) seconds: u16,
}

/// How the hot calls of a rendering are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Calls {
    /// Plain virtual calls.
    Plain,
    /// `static_call!`.
    Static,
}
