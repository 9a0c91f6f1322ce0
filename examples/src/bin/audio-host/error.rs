//! What can go wrong, said so that the reader knows what to do.

use std::io;
use std::path::PathBuf;

use static_call::runtime::PluginError;
use static_call_examples::FileError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot open `{}`: {source}; give a WAV file that can be read", path.display())]
    OpenInput { path: PathBuf, source: io::Error },

    #[error("`{}` is not a WAV file ({reason}); convert it to PCM or float WAV first", path.display())]
    NotWav { path: PathBuf, reason: String },

    #[error(
        "`{}` has an unsupported sample format ({format}); convert it to 8, 16, 24 or 32-bit PCM or 32-bit float",
        path.display()
    )]
    UnsupportedInput { path: PathBuf, format: String },

    #[error(
        "`{}` is cut short: its header promises {promised} samples, and reading stopped after {read} ({source}); get a complete copy",
        path.display()
    )]
    Truncated {
        path: PathBuf,
        promised: u64,
        read: u64,
        source: hound::Error,
    },

    #[error("`{}` holds no samples; give a recording of at least one", path.display())]
    EmptyInput { path: PathBuf },

    #[error("`{}` cannot be played: {reason}", path.display())]
    UnplayableInput { path: PathBuf, reason: String },

    #[error(transparent)]
    File(#[from] FileError),

    // Names the library and what to do already. Boxed, being far larger than
    // the rest.
    #[error("cannot use the plugin: {0}")]
    Plugin(Box<PluginError>),

    #[error("cannot write to standard output: {0}")]
    Stdout(io::Error),
}

impl From<PluginError> for Error {
    fn from(error: PluginError) -> Self {
        Self::Plugin(Box::new(error))
    }
}
