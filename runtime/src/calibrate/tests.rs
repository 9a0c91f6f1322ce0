//! What is measured, once for this process.

use crate::engine::{self, Patching};
use crate::site::TRAMPOLINES;

#[test]
fn what_can_be_switched_on_here_has_a_figure_and_what_cannot_has_none() {
    let (calibration, can_patch) = engine::with(|engine| {
        let can_patch = matches!(engine.patching, Patching::Works(_));
        (engine.calibrated(), can_patch)
    });
    assert!(calibration.plain.is_finite() && calibration.plain > 0.0);
    let has_guards = can_patch || !TRAMPOLINES;
    for (ratio, expected) in [
        (calibration.guard, has_guards),
        (calibration.behind, has_guards),
        (calibration.chain, can_patch),
        (calibration.chain_mixed, can_patch),
    ] {
        assert_eq!(ratio.is_some(), expected, "{calibration:?}");
        assert!(
            ratio.is_none_or(|ratio| ratio.is_finite() && ratio > 0.0),
            "{calibration:?}"
        );
    }
}

#[test]
fn where_code_cannot_be_patched_a_plain_call_is_measured_all_the_same() {
    // Under the process's lock: the sites are one set for all.
    let calibration = engine::with(|_| super::measure(None));
    assert!(calibration.plain.is_finite() && calibration.plain > 0.0);
    assert_eq!((calibration.chain, calibration.chain_mixed), (None, None));
    assert_eq!(calibration.guard.is_some(), !TRAMPOLINES);
}
