//! The program itself, in each mode.

use std::collections::HashMap;
use std::process::{Command, Output};

/// Whether calls are to be patched, unless the mode says otherwise.
const PATCHES: bool = cfg!(all(target_arch = "x86_64", target_os = "linux", not(miri)));

const LINES: u64 = 4_000;

fn logger(mode: Option<&str>, lines: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logger"));
    command.env_remove("STATIC_CALL").arg(lines);
    if let Some(mode) = mode {
        command.env("STATIC_CALL", mode);
    }
    command.output().expect("the program to start")
}

/// The figures at the start of lines, by the words behind them.
fn figures(said: &str) -> HashMap<&str, u64> {
    let figure = |line: &'_ str| -> Option<(usize, u64)> {
        let line_start = line.trim_start();
        let (number, _) = line_start.split_once(' ')?;
        Some((
            line.len() - line_start.len() + number.len() + 1,
            number.parse().ok()?,
        ))
    };
    said.lines()
        .filter_map(|line| figure(line).map(|(at, number)| (&line[at..], number)))
        .collect()
}

#[track_caller]
fn assert_accounts(mode: Option<&str>, state: &str) {
    let output = logger(mode, &LINES.to_string());
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{mode:?}: {said}");
    let figures = figures(&said);
    let figure = |words: &str| {
        let mut named = figures.iter().filter(|(line, _)| line.starts_with(words));
        *named
            .next()
            .unwrap_or_else(|| panic!("no `{words}`: {said}"))
            .1
    };
    assert_eq!(figure("lines offered"), 4 * LINES, "{said}");
    let (on_stderr, in_file, dropped) = (
        figure("on standard error"),
        figure("in the file"),
        figure("dropped while nothing was bound"),
    );
    assert_eq!(on_stderr + in_file + dropped, 4 * LINES, "{said}");
    // What really arrived there.
    let arrived = String::from_utf8_lossy(&output.stderr).lines().count();
    assert_eq!(arrived as u64, on_stderr, "{said}");
    assert!(figure("swaps") >= 60, "{said}");
    assert!(on_stderr > 0 && in_file > 0 && dropped > 0, "{said}");
    assert!(said.contains("none torn, none lost, none twice, none out of order"));
    assert_eq!(figure("sink of the binding's own closed"), 1, "{said}");
    assert!(said.contains(&format!("SINK: {state}, ")), "{said}");
}

#[test]
fn every_line_is_accounted_for() {
    assert_accounts(None, if PATCHES { "patched" } else { "plain" });
}

#[test]
fn every_line_is_accounted_for_where_chains_are_always_used() {
    assert_accounts(Some("always"), if PATCHES { "patched" } else { "plain" });
}

#[test]
fn every_line_is_accounted_for_where_nothing_is_patched() {
    assert_accounts(Some("off"), "plain");
}

#[test]
fn what_is_no_number_of_lines_is_refused_in_a_sentence() {
    let output = logger(None, "many");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("`many` is not a number of lines"), "{said}");
}
