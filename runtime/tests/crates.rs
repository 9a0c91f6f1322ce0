//! What the macros write compiles, and is quiet, in crates as users have them:
//! every edition, strict lints, renamed and re-exported dependencies, `no_std`.
//!
//! And what only several crates, or several loaded objects, show: one type's vtables
//! of two crates, the guards' hit rate in a program of three, and a plugin's type that
//! is its host's by name only.
//!
//! The crates lie in `tests/crates/`. They are copied, so that nothing is written
//! into the sources, and get this workspace's `Cargo.lock`, so that all that they
//! need is there already.
//!
//! One test, because Cargo takes one lock for all of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

struct Crates {
    workspace: PathBuf,
    target: PathBuf,
}

impl Crates {
    fn copied() -> io::Result<Crates> {
        let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let workspace = temporary.join("crates");
        if workspace.exists() {
            fs::remove_dir_all(&workspace)?;
        }
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy(&here.join("tests/crates"), &workspace)?;
        let manifest = workspace.join("Cargo.toml");
        let runtime = format!("path = {:?}", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(&manifest)?.replace("path = \"../..\"", &runtime);
        fs::write(manifest, text)?;
        let lock = here.join("../Cargo.lock");
        if lock.exists() {
            fs::copy(lock, workspace.join("Cargo.lock"))?;
        }
        Ok(Crates {
            workspace,
            target: temporary.join("crates-target"),
        })
    }

    /// Runs Cargo on the crates; says what it said if it fails.
    fn cargo(&self, arguments: &[&str]) -> Result<(), String> {
        self.cargo_with(&[], arguments)
    }

    fn cargo_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Result<(), String> {
        let output = Command::new(env!("CARGO"))
            .current_dir(&self.workspace)
            .env("CARGO_TARGET_DIR", &self.target)
            .env_remove("RUSTFLAGS")
            .env_remove("STATIC_CALL")
            .envs(variables.iter().copied())
            .args(["--offline", "--quiet", "--color", "never"])
            .args(arguments)
            .output()
            .map_err(|error| format!("Cargo does not start: {error}"))?;
        if output.status.success() {
            print!("{}", String::from_utf8_lossy(&output.stdout));
            return Ok(());
        }
        Err(format!(
            "cargo {} fails:\n{}\n{}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        ))
    }
}

impl Crates {
    /// A host and a plugin with the same types by name and other layouts.
    fn across_objects(&self) -> Result<(), String> {
        if !cfg!(target_os = "linux") {
            return Ok(());
        }
        let wide = [("SOLIDS_ARE_WIDE", "1")];
        self.cargo_with(&wide, &["build", "--package", "across-plugin"])?;
        let built = self.target.join("debug/libacross_plugin.so");
        let plugin = self.target.join("plugin.so");
        fs::copy(built, &plugin).map_err(|error| format!("no plugin was built: {error}"))?;
        let plugin = plugin.to_string_lossy();
        self.cargo(&["run", "--package", "across-host", "--", &plugin])
    }
}

impl Crates {
    /// A Rust dylib with a region, and a plugin that shares it and is unloaded.
    fn regions_in_a_dylib(&self) -> Result<(), String> {
        if !cfg!(target_os = "linux") {
            return Ok(());
        }
        self.cargo(&["build", "--package", "regions-plugin"])?;
        let plugin = self.target.join("debug/libregions_plugin.so");
        let plugin = plugin.to_string_lossy();
        self.cargo(&["run", "--package", "regions-host", "--", &plugin])
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[test]
fn expansions_compile_quietly_in_crates_of_every_edition_with_strict_lints() {
    let crates = Crates::copied().expect("the target directory is writable");
    // Features are united over what is built together, so `no-std` goes alone.
    let most = ["--workspace", "--exclude", "no-std", "--keep-going"];
    let clippy = crates.cargo(&["clippy", "--version"]).is_ok();
    let results = [
        if clippy {
            crates.cargo(&[&["clippy"], &most[..], &["--", "-D", "warnings"]].concat())
        } else {
            crates.cargo(&[&["check"], &most[..]].concat())
        },
        crates.cargo(&["test", "--package", "no-std"]),
        // Above it was checked without its feature.
        crates.cargo(&["check", "--package", "optional", "--features", "fast"]),
        // Vtables of its own in each crate: seen only in what is linked.
        crates.cargo(&["run", "--package", "two-vtables"]),
        crates.cargo(&["run", "--release", "--package", "hit-rate"]),
        crates.across_objects(),
        crates.regions_in_a_dylib(),
    ];
    let failed: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
