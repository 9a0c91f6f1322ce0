//! Has cargo build programs of this package: those with many call sites, all of them with
//! retpolines, and in several layouts.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::layouts::{DEFAULT, Layout};

/// What makes indirect calls and jumps go through retpolines. std is not rebuilt.
pub const RETPOLINES: Layout = Layout {
    name: "retpolines",
    flags: "-Ctarget-feature=+retpoline-indirect-calls,+retpoline-indirect-branches",
};

/// Builds one program as this one was built, or in another layout and then in a target
/// directory of its own, and returns where it is.
///
/// # Errors
/// Cargo failed, in words; what it said is on standard error.
pub fn build(program: &str, layout: &Layout) -> Result<PathBuf, String> {
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
    if *layout != DEFAULT {
        target.push(layout.name);
        command.env("RUSTFLAGS", layout.rustflags());
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
