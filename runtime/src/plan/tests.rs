//! The planner's promises, for chosen evidence and for any.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;

mod guards;
mod registered;

/// As configured if nothing is.
const POLICY: Policy = Policy {
    minimum_samples: 64,
    minimum_share: 0.1,
    minimum_coverage: 0.45,
    margin: 0.05,
};

/// The `n`th implementation that a test knows.
fn target(n: usize) -> Target {
    Target {
        vtable: 0x1000 + n * 0x40,
        shim: 0x9000 + n * 0x10,
    }
}

fn chain(numbers: &[usize]) -> Plan {
    Plan {
        chain: targets(numbers),
        ..Plan::default()
    }
}

fn targets(numbers: &[usize]) -> Vec<Target> {
    numbers.iter().copied().map(target).collect()
}

/// A full window: how often each implementation was met, by number.
fn window(counts: &[(usize, u32)]) -> Vec<Candidate> {
    let candidate = |&(n, count)| Candidate {
        target: target(n),
        count,
        key: None,
    };
    counts.iter().map(candidate).collect()
}

/// Decides about a window in which nothing else was met.
fn decide_on(counts: &[(usize, u32)], current: &[usize], policy: &Policy) -> Decision {
    let seen = window(counts);
    let evidence = Evidence {
        seen: &seen,
        samples: counts.iter().map(|(_, count)| count).sum(),
        registered: &[],
        current: &chain(current),
        capacity: 2,
        has_guards: false,
    };
    decide(&evidence, policy)
}

/// The numbers of the targets that are to be published, in order.
fn published(decision: &Decision) -> Option<Vec<usize>> {
    match decision {
        Decision::Publish { plan, .. } => Some(
            plan.chain
                .iter()
                .map(|target| (target.vtable - 0x1000) / 0x40)
                .collect(),
        ),
        _ => None,
    }
}

#[test]
fn a_chain_takes_the_most_frequent_first() {
    let decision = decide_on(&[(1, 200), (2, 700), (3, 100)], &[], &POLICY);
    assert_eq!(published(&decision), Some(vec![2, 1]));
    let Decision::Publish { figures, .. } = decision else {
        unreachable!()
    };
    assert!((figures.chained - 0.9).abs() < 1e-6);
}

#[test]
fn the_address_breaks_ties() {
    for counts in [[(3, 500), (1, 500)], [(1, 500), (3, 500)]] {
        let decision = decide_on(&counts, &[], &POLICY);
        assert_eq!(published(&decision), Some(vec![1, 3]));
    }
    // The place in the chain as well as the last place that is left.
    let decision = decide_on(&[(5, 300), (4, 300), (1, 400)], &[], &POLICY);
    assert_eq!(published(&decision), Some(vec![1, 4]));
}

#[test]
fn a_target_below_the_minimum_share_is_left_out() {
    let below = decide_on(&[(1, 901), (2, 99)], &[], &POLICY);
    assert_eq!(published(&below), Some(vec![1]));
    let at_it = decide_on(&[(1, 900), (2, 100)], &[], &POLICY);
    assert_eq!(published(&at_it), Some(vec![1, 2]));
}

#[test]
fn a_mixed_site_is_left_to_the_vtable() {
    let counts: Vec<_> = (0..5).map(|n| (n, 200)).collect();
    assert_eq!(
        decide_on(&counts, &[], &POLICY),
        Decision::Rest(Rest::Mixed { coverage: 0.4 })
    );
    // Even if a chain is published that covers as much as any.
    assert_eq!(
        decide_on(&counts, &[0, 1], &POLICY),
        Decision::Rest(Rest::Mixed { coverage: 0.4 })
    );
}

#[test]
fn a_site_whose_every_type_is_rare_is_mixed() {
    let counts: Vec<_> = (0..16).map(|n| (n, 64)).collect();
    assert_eq!(
        decide_on(&counts, &[], &POLICY),
        Decision::Rest(Rest::Mixed { coverage: 0.0 })
    );
}

#[test]
fn calls_on_vtables_that_were_not_told_apart_count_against_a_chain() {
    let seen = window(&[(1, 400)]);
    let evidence = Evidence {
        seen: &seen,
        samples: 1000,
        registered: &[],
        current: &Plan::default(),
        capacity: 2,
        has_guards: false,
    };
    assert_eq!(
        decide(&evidence, &POLICY),
        Decision::Rest(Rest::Mixed { coverage: 0.4 })
    );
}

#[test]
fn too_few_samples_wait() {
    assert_eq!(decide_on(&[(1, 63)], &[], &POLICY), Decision::Wait);
    assert_eq!(
        published(&decide_on(&[(1, 64)], &[], &POLICY)),
        Some(vec![1])
    );
}

#[test]
fn another_chain_must_be_better_by_the_margin() {
    // 1 and 2 are published and cover 60 %; 1 and 3 would cover 64 %.
    let counts = [(1, 400), (2, 200), (3, 240), (4, 160)];
    assert_eq!(decide_on(&counts, &[1, 2], &POLICY), Decision::Keep);
    // 66 %: the margin is reached.
    let counts = [(1, 400), (2, 200), (3, 260), (4, 140)];
    assert_eq!(
        published(&decide_on(&counts, &[1, 2], &POLICY)),
        Some(vec![1, 3])
    );
}

#[test]
fn the_same_targets_in_another_order_are_kept() {
    assert_eq!(
        decide_on(&[(1, 400), (2, 600)], &[1, 2], &POLICY),
        Decision::Keep
    );
}

/// Evidence of any kind, owned.
#[derive(Clone, Debug)]
struct Case {
    seen: Vec<Candidate>,
    others: u32,
    registered: Vec<Target>,
    current: Plan,
    capacity: usize,
}

impl Case {
    fn evidence(&self) -> Evidence<'_> {
        Evidence {
            seen: &self.seen,
            samples: self.samples(),
            registered: &self.registered,
            current: &self.current,
            capacity: self.capacity,
            has_guards: false,
        }
    }

    fn samples(&self) -> u32 {
        self.others + self.seen.iter().map(|seen| seen.count).sum::<u32>()
    }

    fn count(&self, target: Target) -> u32 {
        let seen = self.seen.iter().find(|seen| seen.target == target);
        seen.map_or(0, |seen| seen.count)
    }

    fn covered(&self, chain: &[Target]) -> u32 {
        chain.iter().map(|target| self.count(*target)).sum()
    }
}

fn some_targets(most: usize) -> impl Strategy<Value = Vec<Target>> {
    subsequence((0..20).collect::<Vec<_>>(), 0..=most)
        .prop_shuffle()
        .prop_map(|numbers| targets(&numbers))
}

fn some_seen() -> impl Strategy<Value = Vec<Candidate>> {
    // Few calls as well as many, on few types as well as many.
    let count = prop_oneof![0..4_u32, 1..600_u32, Just(100)];
    (some_targets(16), vec(count, 16)).prop_map(|(targets, counts)| {
        let candidate = |(target, count)| Candidate {
            target,
            count,
            key: None,
        };
        targets.into_iter().zip(counts).map(candidate).collect()
    })
}

fn cases() -> impl Strategy<Value = Case> {
    (1..=8_usize).prop_flat_map(|capacity| {
        let others = prop_oneof![3 => Just(0), 1 => 0..2000_u32];
        let (registered, current) = (some_targets(10), some_targets(capacity));
        (some_seen(), others, registered, current).prop_map(
            move |(seen, others, registered, current)| Case {
                seen,
                others,
                registered,
                current: Plan {
                    chain: current,
                    ..Plan::default()
                },
                capacity,
            },
        )
    })
}

fn policies() -> impl Strategy<Value = Policy> {
    (0.0_f32..0.5, 0.0_f32..=1.0, 0.0_f32..0.3).prop_map(
        |(minimum_share, minimum_coverage, margin)| Policy {
            minimum_samples: 64,
            minimum_share,
            minimum_coverage,
            margin,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_chain_holds_no_more_than_fits_and_nothing_twice(case in cases(), policy in policies()) {
        if let Decision::Publish { plan: Plan { chain: targets, .. }, .. } = decide(&case.evidence(), &policy) {
            prop_assert!(!targets.is_empty() && targets.len() <= case.capacity);
            for (index, target) in targets.iter().enumerate() {
                prop_assert!(!targets[..index].contains(target));
            }
        }
    }

    #[test]
    fn a_chain_holds_nothing_that_was_neither_seen_nor_registered(
        case in cases(),
        policy in policies(),
    ) {
        if let Decision::Publish { plan: Plan { chain: targets, .. }, .. } = decide(&case.evidence(), &policy) {
            for target in &targets {
                let seen = case.seen.iter().any(|seen| seen.target == *target);
                prop_assert!(seen || case.registered.contains(target));
            }
        }
    }

    #[test]
    fn a_learned_chain_is_ordered_by_frequency_and_then_by_address(
        case in cases(),
        policy in policies(),
    ) {
        prop_assume!(case.samples() >= policy.minimum_samples);
        if let Decision::Publish { plan: Plan { chain: targets, .. }, .. } = decide(&case.evidence(), &policy) {
            let rank = |target: Target| (std::cmp::Reverse(case.count(target)), target.vtable);
            for pair in targets.windows(2) {
                prop_assert!(rank(pair[0]) < rank(pair[1]));
            }
            // And nothing that was left out would come first.
            for seen in case.seen.iter().filter(|seen| !targets.contains(&seen.target)) {
                prop_assert!(rank(seen.target) > rank(targets[targets.len() - 1]));
            }
        }
    }

    #[test]
    fn every_learned_target_is_worth_its_compare_and_together_they_cover_enough(
        case in cases(),
        policy in policies(),
    ) {
        prop_assume!(case.samples() >= policy.minimum_samples);
        if let Decision::Publish { plan: Plan { chain: targets, .. }, figures } = decide(&case.evidence(), &policy) {
            let coverage = figures.chained;
            let share = |count| f64::from(count) / f64::from(case.samples());
            for target in &targets {
                prop_assert!(share(case.count(*target)) >= f64::from(policy.minimum_share) - 1e-6);
            }
            let covered = share(case.covered(&targets));
            prop_assert!((f64::from(coverage) - covered).abs() < 1e-6);
            prop_assert!(covered >= f64::from(policy.minimum_coverage) - 1e-6);
        }
    }

    #[test]
    fn the_order_in_which_vtables_were_met_does_not_matter(
        (case, shuffled) in cases().prop_flat_map(|case| {
            let seen = Just(case.seen.clone()).prop_shuffle();
            (Just(case), seen)
        }),
        policy in policies(),
    ) {
        let other = Case { seen: shuffled, ..case.clone() };
        let decision = decide(&case.evidence(), &policy);
        prop_assert_eq!(&decision, &decide(&case.evidence(), &policy));
        prop_assert_eq!(&decision, &decide(&other.evidence(), &policy));
    }

    #[test]
    fn what_was_published_is_kept_on_the_same_evidence(case in cases(), policy in policies()) {
        if let Decision::Publish { plan: Plan { chain: targets, .. }, .. } = decide(&case.evidence(), &policy) {
            let after = Case { current: Plan { chain: targets, ..Plan::default() }, ..case };
            let again = decide(&after.evidence(), &policy);
            let expected = if after.samples() < policy.minimum_samples {
                Decision::Wait
            } else {
                Decision::Keep
            };
            prop_assert_eq!(again, expected);
        }
    }

    #[test]
    fn a_published_chain_gives_way_only_to_one_that_is_better_by_the_margin(
        case in cases(),
        policy in policies(),
    ) {
        prop_assume!(case.samples() >= policy.minimum_samples && !case.current.is_empty());
        if let Decision::Publish { plan: Plan { chain: targets, .. }, .. } = decide(&case.evidence(), &policy) {
            let share = |chain| f64::from(case.covered(chain)) / f64::from(case.samples());
            let gain = share(&targets) - share(&case.current.chain);
            prop_assert!(gain >= f64::from(policy.margin) - 1e-6, "gain {gain}");
        }
    }

    #[test]
    fn a_chain_is_kept_only_where_there_is_one(case in cases(), policy in policies()) {
        if decide(&case.evidence(), &policy) == Decision::Keep {
            prop_assert!(!case.current.is_empty());
        }
    }
}
