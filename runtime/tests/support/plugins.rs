//! Plugins built by the tests that load them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

mod build;

/// Builds a variant of a fixture and returns a copy of its library under a name
/// of its own: `""`, `"changed"` (another trait), `"supertrait"`, `"generic"` (others of its
/// supertraits), `"key"` (a static key that begins otherwise), `"other"` (other types), or `"unsure"` (a trait that cannot be compared).
pub(crate) fn build(package: &str, variant: &str) -> PathBuf {
    static CARGO: Mutex<()> = Mutex::new(());
    let _one = CARGO.lock().unwrap_or_else(PoisonError::into_inner);
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut target = temporary.join("plugins");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--package", package])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        // Small, for they are read and written many times over.
        .env("CARGO_PROFILE_DEV_STRIP", "debuginfo")
        .env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo");
    match variant {
        "changed" => {
            let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
            cargo.env("RUSTFLAGS", flags + " --cfg fixture_changed");
            target = temporary.join("plugins-changed");
        }
        "" => {}
        "other" | "unsure" => {
            cargo.args(["--features", variant]);
        }
        other => {
            cargo.env("STATIC_CALL_FIXTURE", other);
            target = temporary.join("plugins-others");
        }
    }
    let folder = build::like_this_test(&mut cargo);
    cargo.arg("--target-dir").arg(&target);
    assert!(
        cargo.status().unwrap().success(),
        "{package} does not build"
    );
    let file = format!("lib{}.so", package.replace('-', "_"));
    let built = target.join(folder).join(file);
    // Test binaries may run side by side: to each its own.
    let copy = target.join(format!(
        "{}-{package}-{variant}-{}.so",
        env!("CARGO_CRATE_NAME"),
        build::PROFILE,
    ));
    std::fs::copy(built, &copy).unwrap();
    copy
}

/// A copy of a plugin for one test. Another test's thread may keep its own loaded
/// for as long as it lives: glibc does so where thread-locals have destructors.
pub(crate) fn copy_for(test: &str, plugin: &Path) -> PathBuf {
    let name = plugin.file_name().unwrap().to_str().unwrap();
    let copy = plugin.with_file_name(format!("{test}-{name}"));
    std::fs::copy(plugin, &copy).unwrap();
    copy
}

/// Whether code of the file is mapped. (Whoever prints a backtrace maps the file to
/// read the names in it, and keeps that.)
pub(crate) fn is_mapped(path: &Path) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().any(|line| {
        let permissions = line.split(' ').nth(1);
        line.contains(path.to_str().unwrap())
            && permissions.is_some_and(|permissions| permissions.contains('x'))
    })
}
