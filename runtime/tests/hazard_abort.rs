//! `panic = "abort"`, in a static executable: the other way to build a program.
#![cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::Object as _;

/// The fixture's executable.
fn build() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("static");
    let triple = "x86_64-unknown-linux-gnu";
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--target", triple])
        .args(["--package", "static-call-fixture-aborts", "--target-dir"])
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("RUSTFLAGS", flags + " -Ctarget-feature=+crt-static")
        .env("CARGO_PROFILE_DEV_PANIC", "abort")
        .status()
        .unwrap();
    assert!(built.success(), "the fixture does not build");
    target
        .join(triple)
        .join("debug")
        .join("static-call-fixture-aborts")
}

#[test]
fn a_panic_through_a_call_aborts_a_static_program_in_every_state_of_the_site() {
    let program = build();
    let bytes = std::fs::read(&program).unwrap();
    let parsed = object::File::parse(&*bytes).unwrap();
    assert!(
        parsed.section_by_name(".interp").is_none(),
        "the fixture is not static"
    );
    for state in ["first window", "patched", "missed", "plain", "learning"] {
        let output = Command::new(&program)
            .arg(state)
            .env_remove("STATIC_CALL")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        println!("{state}: {}", said.lines().next().unwrap_or_default());
        assert_eq!(
            output.status.signal(),
            Some(libc::SIGABRT),
            "{said}{complaint}"
        );
        let whose = if state == "missed" { "Multiply" } else { "Add" };
        assert!(
            complaint.contains(&format!("thirteen is too much for {whose}")),
            "{complaint}"
        );
        assert!(said.ends_with("ready\n"), "{said}");
    }
}
