//! What `auto` dares.

use super::super::simulator::choice::{Choice, Costs, Facts, choose};
use super::super::{Evidence, Offer, TYPES, Window};

/// A Zen 5's, about.
const COSTS: Costs = Costs {
    plain: 1_400,
    mispredicted: 5_000,
    dear: false,
    // The third stands out of line.
    guard: [500, 600, 1_200, 1_300, 1_500, 1_600, 1_700, 1_800],
    chain: [1_300, 1_600, 1_900, 2_200, 2_500, 2_800, 3_100, 3_400],
    past_guards: 500,
    past_chain: 700,
    publish: 10_000_000,
};

fn evidence(calls: &[(usize, u32)]) -> Evidence {
    let mut window = Window::default();
    for (kind, calls) in calls {
        window.note(*kind, *calls);
    }
    window.alone()
}

fn plan(
    calls: &[(usize, u32)],
    listed: &[usize],
    capacity: usize,
    foreseen: Option<f64>,
    costs: &Costs,
) -> Option<(Choice, Offer)> {
    let facts = Facts {
        key: &|kind| listed.iter().position(|one| *one == kind),
        capacity,
        foreseen,
        current: None,
    };
    choose(&evidence(calls), &facts, costs)
}

#[test]
fn guards_are_for_listed_types_that_are_met_the_most_frequent_first() {
    let (choice, offer) = plan(&[(1, 20), (2, 79), (3, 1)], &[1, 2, 3], 0, None, &COSTS).unwrap();
    assert_eq!(choice.guards(), [2, 1]);
    assert!((offer.hits - 0.99).abs() < 1e-9);
    assert!((870..=890).contains(&offer.gain), "{}", offer.gain);
    assert_eq!((offer.miss, offer.publish), (500, 0));
}

#[test]
fn one_type_met_with_two_vtables_hits_with_both() {
    // Both are of the type with key 0.
    let facts = Facts {
        key: &|_| Some(0),
        capacity: 0,
        foreseen: None,
        current: None,
    };
    let (choice, offer) = choose(&evidence(&[(10, 60), (20, 40)]), &facts, &COSTS).unwrap();
    assert_eq!(choice.guards(), [10, 20]);
    assert!((offer.hits - 1.0).abs() < 1e-9);
}

#[test]
fn a_place_whose_hit_takes_longer_than_a_predicted_plain_call_stays_empty() {
    let even: Vec<_> = (0..8).map(|kind| (kind, 10)).collect();
    let all: Vec<_> = (0..8).collect();
    let (choice, offer) = plan(&even, &all, 0, None, &COSTS).unwrap();
    assert_eq!(choice.guards().len(), 4);
    assert!((offer.hits - 0.5).abs() < 1e-9);
}

#[test]
fn there_is_no_chain_for_one_type_on_a_processor_that_predicts_it() {
    for foreseen in [None, Some(1.0), Some(0.0)] {
        assert_eq!(plan(&[(1, 100)], &[], 8, foreseen, &COSTS), None);
    }
}

#[test]
fn there_is_one_behind_retpolines() {
    let costs = Costs {
        plain: 20_000,
        dear: true,
        ..COSTS
    };
    let (choice, offer) = plan(&[(1, 80), (2, 20)], &[], 2, None, &costs).unwrap();
    assert_eq!((choice.guards(), choice.chain()), (&[][..], &[1, 2][..]));
    assert_eq!(offer.publish, costs.publish);
    // And it is published once.
    let facts = Facts {
        key: &|_| None,
        capacity: 2,
        foreseen: None,
        current: Some(&choice),
    };
    let (_, again) = choose(&evidence(&[(1, 80), (2, 20)]), &facts, &costs).unwrap();
    assert_eq!((again.plan, again.publish), (offer.plan, 0));
}

#[test]
fn a_chain_holds_no_more_than_fits_and_stands_behind_the_guards() {
    let costs = Costs {
        plain: 20_000,
        dear: true,
        ..COSTS
    };
    let calls = [(1, 40), (2, 30), (3, 20), (4, 10)];
    let (choice, offer) = plan(&calls, &[2], 2, None, &costs).unwrap();
    assert_eq!((choice.guards(), choice.chain()), (&[2][..], &[1, 3][..]));
    assert!((offer.hits - 0.9).abs() < 1e-9);
    assert_eq!(offer.miss, costs.past_guards + costs.past_chain);
}

#[test]
fn an_order_that_cannot_be_foreseen_has_a_chain_only_where_hits_are_as_cheap_as_plain_calls() {
    let mixed = [(1, 50), (2, 50)];
    assert_eq!(plan(&mixed, &[], 2, Some(0.1), &COSTS), None);
    let cheap = Costs {
        chain: [700, 800, 900, 1_000, 1_100, 1_200, 1_300, 1_400],
        ..COSTS
    };
    assert!(plan(&mixed, &[], 2, Some(0.1), &cheap).is_some());
    assert_eq!(plan(&mixed, &[], 2, Some(0.9), &cheap), None);
    assert_eq!(plan(&mixed, &[], 2, None, &cheap), None);
}

#[test]
fn types_beyond_those_that_are_told_apart_count_as_misses() {
    let many: Vec<_> = (0..TYPES + 4).map(|kind| (kind, 10)).collect();
    let (_, offer) = plan(&many, &[0], 0, None, &COSTS).unwrap();
    let share = 1.0 / (TYPES + 4) as f64;
    assert!((offer.hits - share).abs() < 1e-9, "{}", offer.hits);
}
