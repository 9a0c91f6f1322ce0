//! Running cargo, and what it says.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::error::Error;

/// The part of `cargo metadata` that the tool reads.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
    pub(crate) workspace_root: PathBuf,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) manifest_path: PathBuf,
}

/// A cargo command for the package at `manifest`.
pub(crate) fn command(subcommand: &str, manifest: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .arg(subcommand)
        .arg("--manifest-path")
        .arg(manifest)
        .env("CARGO_TERM_COLOR", "never");
    command
}

/// Runs a command; returns what it wrote to its standard output.
pub(crate) fn run(command: &mut Command) -> Result<String, Error> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(|source| Error::Spawn {
        command: shown.clone(),
        source,
    })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(Error::Command {
            command: shown,
            status: output.status,
            output: text(&output.stdout) + &text(&output.stderr),
        })
    }
}

/// Describes the package at `manifest` with its dependencies; fetches them.
pub(crate) fn metadata(manifest: &Path, options: &[&str]) -> Result<Metadata, Error> {
    let mut command = command("metadata", manifest);
    command.args(["--format-version", "1"]).args(options);
    let output = run(&mut command)?;
    serde_json::from_str(&output).map_err(|source| Error::Output {
        command: format!("{command:?}"),
        source,
    })
}
