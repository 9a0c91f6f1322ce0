//! Has cargo build programs of this package: those with many call sites, and all of
//! them with retpolines.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What makes indirect calls and jumps go through retpolines. std is not rebuilt.
const RETPOLINES: &str = "-Ctarget-feature=+retpoline-indirect-calls,+retpoline-indirect-branches";

/// Builds one program as this one was built, or with retpolines and in a target
/// directory of its own, and returns where it is.
pub(crate) fn build(program: &str, retpolines: bool) -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = this.parent().unwrap_or(Path::new("."));
    let mut target = folder.parent().unwrap_or(Path::new(".")).to_owned();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--release", "--quiet", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .args(["--package", package(program), "--bin", program])
        .env("BENCHES_ALL_SITES", "1");
    if retpolines {
        target.push("retpolines");
        let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
        command.env("RUSTFLAGS", format!("{flags} {RETPOLINES}"));
    }
    command.arg("--target-dir").arg(&target);
    let status = command
        .status()
        .map_err(|error| format!("{program} could not be built: {error}"))?;
    if !status.success() {
        return Err(format!("{program} could not be built: {status}"));
    }
    Ok(target.join("release").join(program))
}

/// The package that a program belongs to.
fn package(program: &str) -> &'static str {
    match program {
        "many-sites" => "static-call-bench-many-sites",
        _ => env!("CARGO_PKG_NAME"),
    }
}
