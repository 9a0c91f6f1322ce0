//! Sections of records survive the strictest build there is, one object, one codegen
//! unit, everything visible to the optimizer; and the loosest, a Rust `dylib`, which
//! exports nearly everything.
#![cfg(target_os = "linux")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs the fixture, built as `variables` say.
fn sites_in(name: &str, variables: &[(&str, &str)]) -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release"])
        .args(["--package", "static-call-fixture-sections", "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("STATIC_CALL")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaints}");
    said
}

/// Each record is found, and what it names is patched.
fn assert_all_is_there(said: &str) {
    assert!(said.contains("146 of 146 sites"), "{said}");
    assert!(said.contains(", 64 of 64 trampolines"), "{said}");
    if said.contains("\npatching") {
        // All but the one that nobody calls.
        assert!(said.contains("145 patched, 0 of "), "{said}");
        assert!(said.contains("of bindings, 64 patched"), "{said}");
        assert!(
            said.contains("static key: 0, 12 and 0 of 12 places"),
            "{said}"
        );
    }
}

#[test]
fn with_fat_lto_the_runtime_sees_every_site_of_the_source_and_patches_every_called_one() {
    let said = sites_in(
        "lto",
        &[
            ("CARGO_PROFILE_RELEASE_LTO", "fat"),
            ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
        ],
    );
    println!("{said}");
    // What would make a compare by vtable address unsound happens in this build: the
    // vtables of types that differ in nothing else are merged.
    assert!(
        said.contains("8 annotated"),
        "two types share a vtable: {said}"
    );
    assert!(said.contains("1 bare"), "nothing is merged: {said}");
    assert_all_is_there(&said);
}

/// Profiles count edges, so LLVM gives each edge out of a key a block of its own.
#[test]
fn where_edges_are_counted_for_a_profile_keys_lead_to_their_arms_as_ever() {
    let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join("profile");
    let flags = format!("-Cprofile-generate={}", profile.display());
    let said = sites_in("counted", &[("RUSTFLAGS", &flags)]);
    println!("{said}");
    assert_all_is_there(&said);
    std::fs::remove_dir_all(profile).unwrap();
}

/// Builds a fixture in the profile for development, and returns where it lies.
fn build(package: &str, crate_type: Option<&str>, file: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dylib");
    let status = Command::new(env!("CARGO"))
        .args(["rustc", "--quiet", "--package", package])
        .args(crate_type.map(|kind| format!("--crate-type={kind}")))
        .arg("--target-dir")
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success(), "{package} does not build");
    target.join("debug").join(file)
}

#[test]
fn the_call_sites_of_a_rust_dylib_are_patched_like_the_programs() {
    let program = "static-call-fixture-sections";
    let program = build(program, None, program);
    let library = build(
        "static-call-fixture-sections-library",
        Some("dylib"),
        "libstatic_call_fixture_sections_library.so",
    );
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let shared = Command::new(rustc)
        .args(["--print", "target-libdir"])
        .output()
        .unwrap();
    let output = Command::new(program)
        .arg(library)
        .env_remove("STATIC_CALL")
        .env(
            "LD_LIBRARY_PATH",
            OsStr::from_bytes(shared.stdout.trim_ascii()),
        )
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaints}");
    println!("{said}");
    // The program's, the library's, and the program's again.
    assert_eq!(said.matches("146 of 146 sites").count(), 3, "{said}");
    assert_eq!(said.matches(", 64 of 64 trampolines").count(), 3, "{said}");
    if said.contains("\npatching") {
        assert_eq!(said.matches("145 patched, 0 of ").count(), 3, "{said}");
        assert_eq!(said.matches("bindings, 64 patched").count(), 3, "{said}");
        // The library's users have places that its runtime does not know.
        let keys = said.matches("static key: 0, 12 and 0 of 12 places").count();
        assert_eq!(keys, 2, "{said}");
        let refused = "0 of 12 places, refused: static keys cannot be switched here: the \
                       runtime comes from a Rust `dylib`";
        assert_eq!(said.matches(refused).count(), 1, "{said}");
    }
}
