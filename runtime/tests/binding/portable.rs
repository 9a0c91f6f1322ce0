//! Where code is not patched, everything means the same.
#![cfg(not(miri))]

use std::process::Command;

use static_call::runtime::Backend;

/// In whose environment this runs in vain.
const WITHIN: &str = "STATIC_CALL_TEST_PORTABLE";

#[test]
fn switched_off_in_the_environment_all_these_tests_hold() {
    if std::env::var_os(WITHIN).is_some() {
        let Backend::Portable { reason } = static_call::runtime::backend() else {
            panic!("it is not switched off");
        };
        return println!("portable: {reason}");
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .env("STATIC_CALL", "off")
        .env(WITHIN, "1")
        .env("STATIC_CALL_SWAPS", "10000")
        .args(["--nocapture", "--test-threads=1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaints}");
    assert!(
        said.contains("portable: `STATIC_CALL=off`") || !cfg!(feature = "patching"),
        "{said}"
    );
    let result = said.lines().rfind(|line| line.starts_with("test result"));
    let result = result.expect("it ran");
    println!("{result}");
    let all = result.contains(" 0 ignored") || cfg!(sanitized);
    assert!(result.contains(" 0 filtered out") && all, "{result}");
}
