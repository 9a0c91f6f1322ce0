//! Sites that have seen little, of traits whose every implementation is registered.

use super::*;

/// Evidence of a site that has seen too little, for a trait of which only
/// `registered` exist.
fn decide_early(
    met: &[(usize, u32)],
    registered: &[usize],
    current: &[usize],
    policy: &Policy,
) -> Decision {
    decide(
        &Evidence {
            seen: &window(met),
            samples: met.iter().map(|(_, count)| count).sum(),
            registered: &targets(registered),
            current: &chain(current),
            capacity: 2,
            has_guards: false,
        },
        policy,
    )
}

#[test]
fn a_trait_whose_every_implementation_fits_needs_no_window() {
    let decision = decide_early(&[], &[2, 1], &[], &POLICY);
    assert_eq!(published(&decision), Some(vec![2, 1]));
    let decision = decide_early(&[(1, 63)], &[2, 1], &[], &POLICY);
    assert_eq!(published(&decision), Some(vec![2, 1]));
    for does_not_fit in [&[1, 2, 3][..], &[]] {
        let decision = decide_early(&[], does_not_fit, &[], &POLICY);
        assert_eq!(decision, Decision::Wait);
    }
}

#[test]
fn a_vtable_that_is_not_registered_waits_for_the_window() {
    // The same type, perhaps, with the vtable of another crate.
    let decision = decide_early(&[(1, 60), (7, 3)], &[1, 2], &[], &POLICY);
    assert_eq!(decision, Decision::Wait);
}

#[test]
fn a_chain_that_was_published_before_is_not_undone_by_registration() {
    for current in [&[2, 1][..], &[2], &[7]] {
        let decision = decide_early(&[], &[1, 2], current, &POLICY);
        assert_eq!(decision, Decision::Wait, "{current:?}");
    }
}
