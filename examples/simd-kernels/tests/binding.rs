//! Which set is bound, and what becomes of calls.

use std::process::Command;

use static_call::runtime::{self, BindingReport, State};
use static_call_example_simd_kernels::{KERNELS, Kernels, sets};

/// Whether calls are to be patched here.
fn patches() -> bool {
    let off = std::env::var_os("STATIC_CALL").is_some_and(|mode| mode == "off");
    cfg!(all(target_arch = "x86_64", target_os = "linux", not(miri))) && !off
}

fn row() -> BindingReport {
    let rows = runtime::report().bindings;
    let [row] = rows.try_into().expect("one binding");
    row
}

/// Counts nothing and finds nothing, so that it cannot be mistaken for any other.
struct Mock;

impl Kernels for Mock {
    fn dot(&self, _: &[f32], _: &[f32]) -> f32 {
        -1.0
    }
    fn axpy(&self, factor: f32, _: &[f32], y: &mut [f32]) {
        y.fill(factor);
    }
    fn sum(&self, bytes: &[u8]) -> u64 {
        bytes.len() as u64 + 1_000
    }
    fn count(&self, byte: u8, _: &[u8]) -> usize {
        usize::from(byte) + 2_000
    }
    fn find(&self, _: u8, _: &[u8]) -> Option<usize> {
        Some(3_000)
    }
    fn name(&self) -> &'static str {
        "mock"
    }
}

/// What the kernels that are bound make of three bytes and three floats.
fn results() -> (f32, [f32; 3], u64, usize, Option<usize>) {
    let mut y = [1.0, 2.0, 3.0];
    KERNELS.axpy(2.0, &[1.0, 1.0, 1.0], &mut y);
    (
        KERNELS.dot(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]),
        y,
        KERNELS.sum(b"abc"),
        KERNELS.count(b'b', b"abcb"),
        KERNELS.find(b'c', b"abc"),
    )
}

const RIGHT: (f32, [f32; 3], u64, usize, Option<usize>) = (32.0, [3.0, 4.0, 5.0], 294, 2, Some(2));

#[test]
fn the_best_set_is_bound_and_patched_and_can_be_overridden() {
    let best = sets().pop().expect("a set").name();
    // The choice is made on first use, and not to be patched.
    runtime::retarget().expect("patching works here");
    let rests = row();
    assert_eq!((rests.state, rests.bound.as_deref()), (State::Plain, None));
    assert!(
        !patches() || rests.why.contains("not made yet"),
        "{rests:?}"
    );
    assert_eq!(results(), RIGHT);
    assert_eq!(KERNELS.name(), best);

    runtime::retarget().expect("patching works here");
    assert_eq!(results(), RIGHT);
    let patched = row();
    let state = if patches() {
        State::Patched
    } else {
        State::Plain
    };
    assert_eq!(patched.state, state, "{patched:?}");
    let bound = patched.bound.as_deref().map(str::to_lowercase);
    assert!(
        bound.is_some_and(|bound| bound.ends_with(best)),
        "{patched:?}"
    );

    {
        let _guard = KERNELS.override_with(&Mock);
        let mocked = (-1.0, [2.0; 3], 1_003, 2_098, Some(3_000));
        assert_eq!(results(), mocked);
        assert_eq!(KERNELS.name(), "mock");
        for set in sets() {
            let set: &'static dyn Kernels = Box::leak(set);
            let _inner = KERNELS.override_with(set);
            assert_eq!(results(), RIGHT);
            assert_eq!(KERNELS.name(), set.name());
        }
        assert_eq!(results(), mocked);
        assert_eq!(row().state, state);
    }
    assert_eq!(results(), RIGHT);
    assert_eq!(KERNELS.name(), best);
    assert_eq!(row().state, state);
}

#[test]
fn the_program_finds_all_sets_equal_in_every_mode() {
    for (mode, state) in [("auto", "patched"), ("always", "patched"), ("off", "plain")] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_simd-kernels"));
        program.env("STATIC_CALL", mode).arg("--check");
        let output = program.output().expect("it starts");
        let said = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "{mode}: {said}");
        let best = sets().pop().expect("a set").name();
        assert!(said.contains(&format!("chosen: {best}\n")), "{said}");
        assert!(
            said.contains("results equal for all sets on 6020"),
            "{said}"
        );
        let state = if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
            state
        } else {
            "plain"
        };
        assert!(said.contains(&format!("KERNELS: {state}, ")), "{said}");
    }
}

#[test]
fn the_program_refuses_what_it_does_not_know_in_a_sentence() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_simd-kernels"));
    let output = program.arg("--fast").output().expect("it starts");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("one option, `--check`"), "{said}");
}
