//! Sites that are many, each of which is called seldom.

use super::*;

/// Decides about a site of one type, which is listed, when `in_turn` sites are called one
/// after the other.
fn decide_among(in_turn: usize, has_guards: bool, current: &Plan, policy: &Policy) -> Decision {
    let seen = [Candidate {
        target: target(1),
        count: 1000,
        key: has_guards.then_some(0),
    }];
    let evidence = Evidence {
        seen: &seen,
        samples: 1000,
        changes: 1,
        order: None,
        order_grows: false,
        in_turn,
        registered: &[],
        current,
        capacity: 2,
        has_guards,
        has_long_list: false,
    };
    decide(&evidence, policy)
}

/// Guards and chains pay.
fn policy() -> Policy {
    let pays = Some(costs(0.2, 0.2, 0.2));
    Policy {
        calibration: Some(Calibration {
            chain: pays,
            guard: pays,
            ..NOTHING_IS_KNOWN
        }),
        ..POLICY
    }
}

const CROWDED: Rest = Rest::Crowded {
    sites: MOST_GUARDED + 1,
};

#[test]
fn more_sites_in_turn_than_the_predictor_holds_chains_of_have_none() {
    let nothing = Plan::default();
    let decision = decide_among(MOST_CHAINS, false, &nothing, &policy());
    assert_eq!(published(&decision), Some(vec![1]));
    let sites = MOST_CHAINS + 1;
    let crowded = Decision::Rest(Rest::Crowded { sites });
    let decision = decide_among(sites, false, &nothing, &policy());
    assert_eq!(decision, crowded);
    // What is published goes.
    let decision = decide_among(sites, false, &chain(&[1]), &policy());
    assert_eq!(decision, crowded);
}

#[test]
fn more_sites_in_turn_than_the_predictor_holds_guards_of_have_none() {
    let nothing = Plan::default();
    let decision = decide_among(MOST_GUARDED, true, &nothing, &policy());
    assert!(
        matches!(&decision, Decision::Publish { plan, .. } if plan.guards.len() == 1),
        "{decision:?}"
    );
    let decision = decide_among(MOST_GUARDED + 1, true, &nothing, &policy());
    assert_eq!(decision, Decision::Rest(CROWDED));
}

#[test]
fn always_is_always_however_many_sites_there_are() {
    let decision = decide_among(MOST_GUARDED + 1, true, &Plan::default(), &POLICY);
    assert!(matches!(decision, Decision::Publish { .. }), "{decision:?}");
}
