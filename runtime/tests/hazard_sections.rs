//! Sections of records survive the strictest build there is: one object, one
//! codegen unit, everything visible to the optimizer.
#![cfg(target_os = "linux")]

use std::path::Path;
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
    assert!(said.contains("146 of 146 sites"), "{said}");
    if said.contains("\npatching") {
        // All but the one that nobody calls.
        assert!(said.contains("145 patched, 0 of "), "{said}");
    }
}
