//! What the default mode offers for what was met.

use super::*;
use crate::arch::Target;
use crate::life::Window;

/// A machine where predicted calls are cheap: guards gain a little, and chains nothing.
const CHEAP: Calibration = Calibration {
    plain: 1.0,
    guard: Some(0.6),
    behind: Some(0.8),
    chain: Some(0.9),
    chain_mixed: Some(0.9),
};
/// Plain calls by retpolines.
const RETPOLINES: Calibration = Calibration {
    plain: 8.0,
    guard: Some(0.1),
    behind: Some(0.2),
    chain: Some(0.3),
    chain_mixed: Some(0.6),
};

/// One implementation that was met: its number, how often, and its type's position if it is
/// listed.
type Met = (usize, u32, Option<usize>);

fn target(n: usize) -> Target {
    Target {
        vtable: 0x1000 + n * 0x40,
        shim: 0x9000 + n * 0x10,
    }
}

fn known(met: &[Met]) -> Vec<Candidate> {
    let candidate = |&(n, count, key): &Met| Candidate {
        target: target(n),
        count,
        key,
    };
    met.iter().map(candidate).collect()
}

/// One window of it, and calls on types that nobody can tell apart.
fn evidence(met: &[Met], others: u32) -> Evidence {
    let mut window = Window::default();
    window.others = others;
    for (n, count, _) in met {
        window.note(target(*n).vtable, *count);
    }
    window.alone()
}

fn offered(
    met: &[Met],
    others: u32,
    capacity: usize,
    costs: &Calibration,
) -> Option<(Offered, Offer)> {
    let known = known(met);
    offer(known.iter(), &evidence(met, others), capacity, costs)
}

/// Guards, as numbers with the positions of their types, and the chain's numbers.
fn numbers(offered: &Offered) -> (Vec<(usize, usize)>, Vec<usize>) {
    let number = |target: &Target| (target.vtable - 0x1000) / 0x40;
    let guards = offered.plan.guards.iter();
    let guards = guards.map(|one| (number(&one.target), one.key)).collect();
    (guards, offered.plan.chain.iter().map(number).collect())
}

/// What a hit saves, but for rounding.
fn saves(offer: &Offer, expected: Ps) -> bool {
    offer.gain.abs_diff(expected) <= 2
}

fn is_about(value: f64, expected: f64) -> bool {
    (value - expected).abs() < 1e-6
}

#[test]
fn listed_types_that_were_met_are_guarded_and_others_are_left_plain() {
    let met = [(1, 60, Some(1)), (2, 30, None), (3, 10, Some(0))];
    let (offered, offer) = offered(&met, 0, 2, &CHEAP).expect("something is listed");
    // In the source's order, in which they are compared.
    assert_eq!(numbers(&offered), (vec![(3, 0), (1, 1)], vec![]));
    assert!(is_about(offer.hits, 0.7), "{}", offer.hits);
    assert!(saves(&offer, 400), "{}", offer.gain);
}

#[test]
fn what_was_never_met_is_not_offered() {
    let known = known(&[(1, 60, Some(0)), (2, 40, Some(1))]);
    let evidence = evidence(&[(1, 60, Some(0))], 0);
    let (offered, _) = offer(known.iter(), &evidence, 2, &CHEAP).expect("one was met");
    assert_eq!(numbers(&offered), (vec![(1, 0)], vec![]));
    assert!(offer([].iter(), &evidence, 2, &CHEAP).is_none());
}

#[test]
fn no_chain_is_offered_where_plain_calls_are_cheap() {
    let met = [(1, 100, None)];
    assert!(offered(&met, 0, 2, &CHEAP).is_none());
    // A loop in which a chain gains is not a program.
    let gains = Calibration {
        chain: Some(0.61),
        chain_mixed: Some(0.61),
        ..CHEAP
    };
    assert!(offered(&met, 0, 2, &gains).is_none());
    let (offered, offer) = offered(&met, 0, 2, &RETPOLINES).expect("chains pay");
    assert_eq!(numbers(&offered), (vec![], vec![1]));
    assert!(saves(&offer, 5600) && is_about(offer.hits, 1.0));
}

#[test]
fn a_chain_holds_no_more_than_fits_the_most_frequent_first() {
    let met = [(3, 50, None), (1, 30, None), (2, 20, None)];
    let (two, offer) = offered(&met, 0, 2, &RETPOLINES).expect("chains pay");
    assert_eq!(numbers(&two), (vec![], vec![1, 3]));
    assert!(is_about(offer.hits, 0.8), "{}", offer.hits);
    // Nothing can be published.
    assert!(offered(&met, 0, 0, &RETPOLINES).is_none());
    // Each is worth its compare.
    let met = [(1, 990, None), (2, 10, None)];
    let (one, _) = offered(&met, 0, 2, &RETPOLINES).expect("chains pay");
    assert_eq!(numbers(&one), (vec![], vec![1]));
}

#[test]
fn a_chain_of_several_is_priced_by_what_it_takes_on_a_mix() {
    let met = [(1, 80, None), (2, 20, None)];
    let (both, offer) = offered(&met, 0, 2, &RETPOLINES).expect("chains pay");
    assert_eq!(numbers(&both), (vec![], vec![1, 2]));
    assert!(saves(&offer, 3200));
    // And is not offered where that does not pay.
    let costs = Calibration {
        chain_mixed: Some(1.0),
        ..RETPOLINES
    };
    let (one, offer) = offered(&met, 0, 2, &costs).expect("chains pay");
    assert_eq!(numbers(&one), (vec![], vec![1]));
    assert!(saves(&offer, 5600));
}

#[test]
fn what_a_guard_knows_is_not_in_the_chain_as_well() {
    let met = [(1, 50, Some(0)), (2, 30, None), (3, 20, None)];
    let (offered, offer) = offered(&met, 0, 2, &RETPOLINES).expect("both pay");
    assert_eq!(numbers(&offered), (vec![(1, 0)], vec![2, 3]));
    assert!(is_about(offer.hits, 1.0), "{}", offer.hits);
    let figures = offered.figures(&evidence(&met, 0));
    assert!(is_about(figures.guarded.into(), 0.5), "{figures:?}");
    assert!(is_about(figures.chained.into(), 0.5), "{figures:?}");
}

#[test]
fn a_guard_knows_two_vtables_of_its_type_the_most_frequent_ones() {
    let met = [(1, 20, Some(0)), (2, 50, Some(0)), (3, 30, Some(0))];
    let (two, offer) = offered(&met, 0, 2, &CHEAP).expect("guards pay");
    assert_eq!(numbers(&two), (vec![(2, 0), (3, 0)], vec![]));
    assert!(is_about(offer.hits, 0.8), "{}", offer.hits);
    // Where chains pay, they know the third.
    let (all, _) = offered(&met, 0, 2, &RETPOLINES).expect("both pay");
    assert_eq!(numbers(&all), (vec![(2, 0), (3, 0)], vec![1]));
}

#[test]
fn a_type_further_down_a_list_is_priced_by_its_guard_behind_the_arm() {
    let (third, offer) = offered(&[(1, 100, Some(2))], 0, 2, &CHEAP).expect("it pays");
    assert_eq!(numbers(&third), (vec![(1, 2)], vec![]));
    assert!(saves(&offer, 200));
    let (_, offer) = offered(&[(1, 100, Some(1))], 0, 2, &CHEAP).expect("it pays");
    assert!(saves(&offer, 400));
    // Each on its own: where those behind do not pay, the first ones are on.
    let costs = Calibration {
        behind: Some(1.1),
        ..CHEAP
    };
    let met = [(1, 50, Some(0)), (2, 50, Some(3))];
    let (first, offer) = offered(&met, 0, 2, &costs).expect("the first pays");
    assert_eq!(numbers(&first), (vec![(1, 0)], vec![]));
    assert!(is_about(offer.hits, 0.5), "{}", offer.hits);
}

#[test]
fn a_miss_costs_more_the_more_it_is_compared_with() {
    let miss = |met: &[Met], costs| offered(met, 10, 4, costs).expect("it pays").1.miss;
    let one = miss(&[(1, 90, Some(0))], &CHEAP);
    let third = miss(&[(1, 90, Some(2))], &CHEAP);
    assert!(one > 0 && third > one, "{one} {third}");
    let chain = miss(&[(1, 90, None)], &RETPOLINES);
    let longer = miss(&[(1, 45, None), (2, 45, None)], &RETPOLINES);
    assert!(longer > chain, "{chain} {longer}");
}

#[test]
fn what_the_calibration_says_no_to_is_not_offered() {
    let met = [(1, 100, Some(0))];
    for guard in [None, Some(1.06), Some(1.3)] {
        let costs = Calibration { guard, ..CHEAP };
        assert!(offered(&met, 0, 2, &costs).is_none(), "{guard:?}");
    }
    for chain in [None, Some(1.1)] {
        let costs = Calibration {
            chain,
            ..RETPOLINES
        };
        assert!(offered(&[(1, 100, None)], 0, 2, &costs).is_none());
    }
}

#[test]
fn a_guard_that_gains_nothing_in_the_measured_loop_is_worth_an_eighth_of_a_call() {
    for (guard, expected) in [(0.8, 200), (0.9, 125), (0.98, 125), (1.05, 125)] {
        let costs = Calibration {
            guard: Some(guard),
            ..CHEAP
        };
        let (_, offer) = offered(&[(1, 100, Some(0))], 0, 2, &costs).expect("it may pay");
        assert!(saves(&offer, expected), "{guard}: {}", offer.gain);
        // Of those behind the arm that is not said.
        let costs = Calibration {
            behind: Some(guard),
            ..CHEAP
        };
        let behind = offered(&[(1, 100, Some(2))], 0, 2, &costs);
        assert_eq!(behind.is_some(), guard < 0.95, "{guard}");
    }
}

#[test]
fn the_share_that_a_plan_knows_is_of_all_calls() {
    let met = [(1, 50, Some(0)), (2, 25, None)];
    let (offered, offer) = offered(&met, 25, 2, &CHEAP).expect("guards pay");
    assert!(is_about(offer.hits, 0.5), "{}", offer.hits);
    let later = evidence(&[(1, 10, None), (2, 30, None)], 0);
    assert!(is_about(hits(&offered.plan, &later), 0.25));
}

#[test]
fn why_a_site_is_plain_is_said_by_what_stands_in_the_way() {
    let met = [(1, 25, Some(0)), (2, 75, None)];
    let why = |has_list, costs: &Calibration| {
        let known = known(&met);
        why_plain(known.iter(), &evidence(&met, 0), has_list, costs)
    };
    assert_eq!(why(false, &CHEAP), Plain::NoList);
    assert_eq!(why(true, &CHEAP), Plain::Listed(0.25));
    let costs = Calibration {
        guard: Some(1.2),
        ..CHEAP
    };
    assert_eq!(why(true, &costs), Plain::DoesNotPay(1.2));
}
