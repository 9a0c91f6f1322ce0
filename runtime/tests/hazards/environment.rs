//! `STATIC_CALL` in the environment.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::time::{Duration, Instant};

use static_call::runtime::{self, Config, Mode, State};
use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 1)]
trait Chosen {
    fn chosen(&self, x: u64) -> u64;
}

struct Choice(u64);

impl Chosen for Choice {
    fn chosen(&self, x: u64) -> u64 {
        x + self.0
    }
}

/// Calls, re-plans, and says what came of it.
#[test]
#[ignore = "runs in a process of its own"]
fn mode_of_a_process() {
    runtime::configure(Config::default().mode(Mode::Auto)).unwrap();
    if std::env::var_os("CONFIGURE_ALWAYS").is_some() {
        crate::configure();
    }
    let object: &dyn Chosen = &Choice(5);
    let calls_and_passes = || {
        for _ in 0..4 {
            for x in 0..2000 {
                assert_eq!(static_call!(object.chosen(x)), x + 5);
            }
            runtime::retarget().unwrap();
        }
        crate::site("Chosen", "chosen")
    };
    let mut site = calls_and_passes();
    let mut report = runtime::report();
    if report.mode == Mode::Auto && crate::patching() {
        // A window comes when the site can pay for it.
        let start = Instant::now();
        while site.windows == 0 && start.elapsed() < Duration::from_secs(60) {
            site = calls_and_passes();
        }
        assert!(site.windows > 0, "{}", runtime::report());
        report = runtime::report();
    }
    println!("mode: {}", report.mode);
    println!("state: {}", site.state);
    println!("why: {}", site.why);
    println!("error: {}", report.environment_error.unwrap_or_default());
    println!("calibrated: {}", report.calibration.is_some());
    match report.mode {
        Mode::Always if crate::patching() => assert_eq!(site.state, State::Patched),
        Mode::Auto if crate::patching() => assert_ne!(site.state, State::Idle, "{}", site.why),
        _ => assert_eq!(site.state, State::Plain),
    }
}

fn said(variables: &[(&str, &OsStr)]) -> String {
    let output = crate::in_a_process("environment::mode_of_a_process", variables);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("mode: "), "the test was not found: {said}");
    said
}

#[test]
fn off_leaves_every_call_plain_whatever_is_configured() {
    let on = OsStr::new("1");
    let said = said(&[("STATIC_CALL", "off".as_ref()), ("CONFIGURE_ALWAYS", on)]);
    for line in [
        "mode: off",
        "state: plain",
        "why: switched off",
        "calibrated: false",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[test]
fn always_publishes_without_asking_whether_it_pays() {
    if crate::patching() {
        let said = said(&[("STATIC_CALL", "always".as_ref())]);
        for line in ["mode: always", "state: patched", "calibrated: false"] {
            assert!(said.contains(line), "{line}: {said}");
        }
    }
}

#[test]
fn a_word_that_is_no_mode_is_reported_and_ignored() {
    for garbage in [&b"allways"[..], b"", b"OFF", b"\xFF\xFE", b" off"] {
        let said = said(&[("STATIC_CALL", OsStr::from_bytes(garbage))]);
        assert!(said.contains("mode: auto"), "{said}");
        assert!(said.contains("is not a mode"), "{said}");
    }
}

#[test]
fn without_the_variable_the_mode_is_auto() {
    let said = said(&[]);
    assert!(said.contains("mode: auto"), "{said}");
    assert!(said.contains("error: \n"), "{said}");
}
