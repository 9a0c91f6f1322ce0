//! Cargo, where a test has it build what the test loads.

use std::path::PathBuf;
use std::process::Command;

/// What Cargo calls the folder of this test's profile.
pub(crate) const PROFILE: &str = if cfg!(debug_assertions) {
    "debug"
} else {
    "release"
};

/// Has Cargo build in this test's profile; returns the folder of the results below
/// the target directory.
pub(crate) fn like_this_test(cargo: &mut Command) -> PathBuf {
    let mut folder = PathBuf::new();
    // With a target, the flags that are in the environment are for what is loaded and not for
    // its macros, which the compiler runs. And what runs in an emulator loads what is for that.
    if cfg!(any(sanitized, not(target_arch = "x86_64"))) {
        let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        cargo.args(["--target", &target]);
        folder.push(target);
    }
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    folder.push(PROFILE);
    folder
}
