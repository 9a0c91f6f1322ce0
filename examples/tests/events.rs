//! The program with events, run as a user would.

use std::process::Command;

#[test]
fn events_come_while_somebody_listens_and_at_no_other_time() {
    let output = Command::new(env!("CARGO_BIN_EXE_events"))
        .env_remove("STATIC_CALL")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaints}");
    let heard = said
        .lines()
        .find_map(|line| line.strip_prefix("while somebody listened: "));
    let heard = heard.and_then(|heard| heard.strip_suffix(" events")?.parse().ok());
    assert!(heard.is_some_and(|heard: u64| heard >= 4096), "{said}");
}
