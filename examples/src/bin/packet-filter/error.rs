//! What can go wrong, said so that the reader knows what to do.

use std::io;
use std::path::PathBuf;

use static_call::SwapError;
use static_call::runtime::PluginError;
use static_call_examples::FileError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot read `{}`: {source}; give a capture file that can be read", path.display())]
    OpenInput { path: PathBuf, source: io::Error },

    #[error("`{}` is not a capture file; give one in the format pcap or pcapng", path.display())]
    NotCapture { path: PathBuf },

    #[error(
        "`{}` has packets of the link type {number}; give a capture of Ethernet, raw IP or Linux cooked",
        path.display()
    )]
    LinkType { path: PathBuf, number: i32 },

    #[error("`{}` is damaged at packet {packet}: {reason}; get a whole copy", path.display())]
    Damaged {
        path: PathBuf,
        packet: u64,
        reason: String,
    },

    #[error("`{}` holds no whole packet; give a capture of at least one", path.display())]
    NoPackets { path: PathBuf },

    #[error("`{}` has changed while it was read; give a capture that is complete", path.display())]
    Changed { path: PathBuf },

    #[error("cannot read the rules `{}`: {source}; give another file with --rules", path.display())]
    OpenRules { path: PathBuf, source: io::Error },

    #[error("`{}`, line {line}: {reason}", path.display())]
    Rules {
        path: PathBuf,
        line: usize,
        reason: String,
    },

    #[error(transparent)]
    File(#[from] FileError),

    // Names the library and what to do already. Boxed, being far larger than
    // the rest.
    #[error("cannot use the plugin: {0}")]
    Plugin(Box<PluginError>),

    #[error("cannot start static-call's worker: {0}")]
    Worker(io::Error),

    #[error("cannot swap the sink of verdicts: {0}")]
    Swap(#[from] SwapError),

    #[error("cannot write to standard output: {0}")]
    Stdout(io::Error),
}

impl From<PluginError> for Error {
    fn from(error: PluginError) -> Self {
        Self::Plugin(Box::new(error))
    }
}
