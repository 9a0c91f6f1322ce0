//! Orders in plans: what pays where calls are mispredicted may cost where they are not.

use super::*;

/// Guards and chains of this kind: a gain in a new order, a loss in one that repeats.
const DEPENDS: ByOrder = ByOrder {
    shuffled: 0.8,
    fixed: 1.4,
    plain: 0.25,
};

/// Every mix of several types, by its order.
fn by_order(order: ByOrder) -> Costs {
    Costs {
        mono: 0.7,
        skewed: order,
        scattered: order,
        even: order,
        covered: order,
    }
}

fn guards(order: ByOrder) -> Policy {
    Policy {
        calibration: Some(Calibration {
            guard: Some(by_order(order)),
            ..NOTHING_IS_KNOWN
        }),
        ..POLICY
    }
}

/// Six types one after the other.
fn cycle() -> Vec<u8> {
    (0..6).cycle().take(1024).collect()
}

/// Six types in an order without a period (Marsaglia's xorshift).
fn shuffled() -> Vec<u8> {
    let mut state = 0x9E37_79B9_u32;
    let mut pick = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        u8::try_from((state >> 8) % 6).unwrap()
    };
    (0..1024).map(|_| pick()).collect()
}

/// Decides about a window with this order, of which all types are listed.
fn decide_on_order(order: Option<&[u8]>, policy: &Policy) -> Decision {
    decide_growing(order, false, policy)
}

fn decide_growing(order: Option<&[u8]>, order_grows: bool, policy: &Policy) -> Decision {
    let seen: Vec<Candidate> = (0..6)
        .map(|n| Candidate {
            target: target(n),
            count: 170,
            key: Some(n),
        })
        .collect();
    let evidence = Evidence {
        seen: &seen,
        samples: 1020,
        changes: 1000,
        order,
        order_grows,
        in_turn: 1,
        registered: &[],
        current: &Plan::default(),
        capacity: 0,
        has_guards: true,
        has_long_list: false,
    };
    decide(&evidence, policy)
}

fn guarded(decision: &Decision) -> usize {
    match decision {
        Decision::Publish { plan, .. } => plan.guards.len(),
        _ => 0,
    }
}

#[test]
fn a_fixed_order_is_left_to_the_predictor_and_a_shuffled_one_is_not() {
    let policy = guards(DEPENDS);
    let decision = decide_on_order(Some(&cycle()), &policy);
    let Decision::Rest(Rest::DoesNotPay {
        guards: Some(ratio),
        foreseen: Foreseen::Share(share),
        ..
    }) = decision
    else {
        panic!("{decision:?}");
    };
    assert!(share > 0.99 && (ratio - 1.4).abs() < 0.05, "{decision:?}");
    let decision = decide_on_order(Some(&shuffled()), &policy);
    let Decision::Publish { figures, .. } = &decision else {
        panic!("{decision:?}");
    };
    assert_eq!(guarded(&decision), 6);
    assert!(matches!(figures.foreseen, Foreseen::Share(share) if share < 0.2));
}

#[test]
fn a_fixed_order_that_pays_is_published_too() {
    let policy = guards(ByOrder {
        fixed: 0.6,
        ..DEPENDS
    });
    for order in [cycle(), shuffled()] {
        assert_eq!(guarded(&decide_on_order(Some(&order), &policy)), 6);
    }
}

#[test]
fn where_the_order_is_not_known_the_worse_figure_decides() {
    for too_few in [None, Some(&cycle()[..100])] {
        let decision = decide_on_order(too_few, &guards(DEPENDS));
        let rest = Rest::DoesNotPay {
            chain: None,
            guards: Some(1.4),
            foreseen: Foreseen::Unknown,
        };
        assert_eq!(decision, Decision::Rest(rest));
        // Whichever that is.
        let other = ByOrder {
            shuffled: 1.4,
            fixed: 0.8,
            ..DEPENDS
        };
        assert_eq!(guarded(&decide_on_order(too_few, &guards(other))), 0);
        let both = ByOrder {
            fixed: 0.9,
            ..DEPENDS
        };
        assert_eq!(guarded(&decide_on_order(too_few, &guards(both))), 6);
    }
}

#[test]
fn an_order_that_counts_is_waited_for() {
    let (order, policy) = (shuffled(), guards(DEPENDS));
    let half = Some(&order[..500]);
    assert_eq!(decide_growing(half, true, &policy), Decision::Wait);
    assert_eq!(guarded(&decide_growing(half, false, &policy)), 6);
    // Nothing to wait for where nothing is priced, or one type is all there is.
    assert_eq!(guarded(&decide_growing(half, true, &POLICY)), 6);
    let seen = window(&[(1, 500)]);
    let evidence = Evidence {
        seen: &seen,
        samples: 500,
        changes: 1,
        order: Some(&[0; 500]),
        order_grows: true,
        in_turn: 1,
        registered: &[],
        current: &Plan::default(),
        capacity: 2,
        has_guards: false,
        has_long_list: false,
    };
    let policy = Policy {
        calibration: Some(chains(0.5, 9.0)),
        ..POLICY
    };
    let decision = decide(&evidence, &policy);
    assert_eq!(published(&decision), Some(vec![1]));
}

#[test]
fn chains_are_priced_by_the_order_too() {
    let order = cycle();
    let seen = window(&(0..6).map(|n| (n, 170)).collect::<Vec<_>>());
    let policy = Policy {
        calibration: Some(Calibration {
            chain: Some(by_order(DEPENDS)),
            ..NOTHING_IS_KNOWN
        }),
        ..POLICY
    };
    let decide_on = |order: &[u8]| {
        let evidence = Evidence {
            seen: &seen,
            samples: 1020,
            changes: 1000,
            order: Some(order),
            order_grows: false,
            in_turn: 1,
            registered: &[],
            current: &Plan::default(),
            capacity: 6,
            has_guards: false,
            has_long_list: false,
        };
        decide(&evidence, &policy)
    };
    assert!(matches!(
        decide_on(&order),
        Decision::Rest(Rest::DoesNotPay { chain: Some(_), .. })
    ));
    assert!(matches!(decide_on(&shuffled()), Decision::Publish { .. }));
}

#[test]
fn times_are_weighed_and_not_their_ratios() {
    // 10 and 2 ns plainly, 8 and 2.8 otherwise; half foreseen: 6 ns and 5.4.
    let costs = ByOrder {
        shuffled: 0.8,
        fixed: 1.4,
        plain: 0.2,
    };
    assert!((costs.ratio(Some(0.5)) - 0.9).abs() < 1e-6);
    assert!((costs.ratio(Some(0.0)) - 0.8).abs() < 1e-6);
    assert!((costs.ratio(Some(1.0)) - 1.4).abs() < 1e-6);
    assert!((costs.ratio(None) - 1.4).abs() < 1e-6);
}

#[test]
fn what_is_no_number_does_not_pay() {
    for nothing in [f32::NAN, f32::INFINITY] {
        let policy = guards(ByOrder {
            shuffled: nothing,
            ..DEPENDS
        });
        for order in [None, Some(&shuffled()[..])] {
            assert_eq!(guarded(&decide_on_order(order, &policy)), 0, "{nothing}");
        }
    }
}

fn figures() -> impl Strategy<Value = ByOrder> {
    (0.1_f32..2.0, 0.1_f32..2.0, 0.05_f32..1.0).prop_map(|(shuffled, fixed, plain)| ByOrder {
        shuffled,
        fixed,
        plain,
    })
}

/// An order of six types that is foreseen in part: a cycle with some of its calls drawn
/// at random.
fn orders() -> impl Strategy<Value = Option<Vec<u8>>> {
    let order = (0.0..=1.0_f64, vec((0.0..1.0_f64, 0..6_u8), 1024));
    let order = order.prop_map(|(drawn, calls)| {
        (0..6)
            .cycle()
            .zip(calls)
            .map(|(next, (draw, any))| if draw < drawn { any } else { next })
            .collect()
    });
    proptest::option::of(order)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_takes_less_time_is_never_switched_off_for_it(
        order in orders(),
        figures in figures(),
        less in (0.1_f32..=1.0, 0.1_f32..=1.0),
    ) {
        let cheaper = ByOrder {
            shuffled: figures.shuffled * less.0,
            fixed: figures.fixed * less.1,
            ..figures
        };
        let before = guarded(&decide_on_order(order.as_deref(), &guards(figures)));
        let after = guarded(&decide_on_order(order.as_deref(), &guards(cheaper)));
        prop_assert!(after >= before, "{figures:?} {cheaper:?}");
    }

    #[test]
    fn a_weighed_figure_lies_between_both_and_moves_with_what_is_foreseen(
        figures in figures(),
        shares in (0.0_f32..=1.0, 0.0_f32..=1.0),
    ) {
        let (low, high) = (figures.shuffled.min(figures.fixed), figures.shuffled.max(figures.fixed));
        let (less, more) = (shares.0.min(shares.1), shares.0.max(shares.1));
        let (less, more) = (figures.ratio(Some(less)), figures.ratio(Some(more)));
        for ratio in [less, more] {
            prop_assert!((low - 1e-4..=high + 1e-4).contains(&ratio), "{ratio}");
        }
        let towards_fixed = (more - less) * (figures.fixed - figures.shuffled);
        prop_assert!(towards_fixed >= -1e-4, "{less} {more}");
    }

    #[test]
    fn what_pays_in_no_order_is_off_and_what_pays_in_both_is_on(
        order in orders(),
        figures in figures(),
    ) {
        let on = guarded(&decide_on_order(order.as_deref(), &guards(figures))) > 0;
        let (low, high) = (figures.shuffled.min(figures.fixed), figures.shuffled.max(figures.fixed));
        prop_assert!(on || high > 0.9699, "{figures:?}");
        prop_assert!(!on || low < 0.9701, "{figures:?}");
    }
}
