//! What can go wrong, each in one sentence.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Why the tool stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{path}: {source}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("cannot run `{command}`: {source}")]
    Spawn {
        command: String,
        source: std::io::Error,
    },
    #[error("`{command}` failed with {status}:\n{output}")]
    Command {
        command: String,
        status: ExitStatus,
        output: String,
    },
    #[error("`{command}` printed something else than expected: {source}")]
    Output {
        command: String,
        source: serde_json::Error,
    },
    #[error("{path} is no manifest: {source}")]
    Manifest {
        path: PathBuf,
        source: toml_edit::TomlError,
    },
    #[error("{patch} is no patch: {reason}")]
    Patch { patch: PathBuf, reason: String },
    #[error(
        "{patch} does not apply to {file} ({source}); was the crate's version changed in the \
         corpus? Then the patch must be made anew"
    )]
    Apply {
        patch: PathBuf,
        file: PathBuf,
        source: diffy::ApplyError,
    },
    #[error("the registry's sources do not hold {name} {version}")]
    NotFetched {
        name: &'static str,
        version: &'static str,
    },
    #[error(
        "{name}: {plain} tests pass unpatched and {patched} patched; the patch must only add \
         attributes and calls"
    )]
    Suites {
        name: &'static str,
        plain: u32,
        patched: u32,
    },
    #[error("{name}: no test ran, so there is nothing to compare")]
    NoTests { name: &'static str },
}

impl Error {
    /// For `map_err` on what was done with a file.
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Error::File { path, source }
    }
}
