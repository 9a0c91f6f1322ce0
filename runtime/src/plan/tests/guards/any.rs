//! What holds of guards whatever a window saw.

use super::*;

/// Evidence of a site with a list.
fn listed_cases() -> impl Strategy<Value = Case> {
    let keys = vec(proptest::option::of(0..8_usize), 16);
    let current = vec((0..20_usize, 0..8_usize), 0..4);
    (cases(), keys, current, 0..=8_usize).prop_map(|(mut case, keys, guards, capacity)| {
        for (candidate, key) in case.seen.iter_mut().zip(keys) {
            candidate.key = key;
        }
        for (n, key) in guards {
            let taken = |guard: &Guard| guard.target == target(n);
            if !case.current.guards.iter().any(taken) && !case.current.chain.contains(&target(n)) {
                case.current.guards.push(Guard {
                    key,
                    target: target(n),
                });
            }
        }
        case.capacity = capacity;
        case.current.chain.truncate(capacity);
        case
    })
}

fn decide_listed(case: &Case, policy: &Policy) -> Decision {
    let evidence = Evidence {
        has_guards: true,
        ..case.evidence()
    };
    decide(&evidence, policy)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_guard_is_only_on_for_a_key_that_a_candidate_names(
        case in listed_cases(),
        policy in policies(),
    ) {
        if let Decision::Publish { plan, .. } = decide_listed(&case, &policy) {
            for guard in &plan.guards {
                let named = case.seen.iter().any(|seen| {
                    seen.target == guard.target && seen.key == Some(guard.key)
                });
                prop_assert!(named, "{guard:?}");
            }
        }
    }

    #[test]
    fn nothing_is_guarded_twice_nor_in_the_chain_as_well_nor_a_type_by_more_than_its_guard_holds(
        case in listed_cases(),
        policy in policies(),
    ) {
        if let Decision::Publish { plan, .. } = decide_listed(&case, &policy) {
            for (index, guard) in plan.guards.iter().enumerate() {
                prop_assert!(!plan.chain.contains(&guard.target));
                for other in &plan.guards[..index] {
                    prop_assert!(other.target != guard.target);
                }
                let of_type = plan.guards.iter().filter(|other| other.key == guard.key);
                prop_assert!(of_type.count() <= VTABLES);
            }
            prop_assert!(!plan.is_empty());
            prop_assert!(plan.chain.len() <= case.capacity);
        }
    }

    #[test]
    fn every_guard_is_worth_its_compare_and_ranked_by_frequency(
        case in listed_cases(),
        policy in policies(),
    ) {
        if let Decision::Publish { plan, figures } = decide_listed(&case, &policy) {
            let share = |target| f64::from(case.count(target)) / f64::from(case.samples());
            let shares: Vec<f64> = plan.guards.iter().map(|one| share(one.target)).collect();
            for one in &shares {
                prop_assert!(*one >= f64::from(policy.minimum_share) - 1e-6);
            }
            prop_assert!(shares.is_sorted_by(|one, next| one >= next));
            prop_assert!((f64::from(figures.guarded) - shares.iter().sum::<f64>()).abs() < 1e-5);
        }
    }

    #[test]
    fn what_was_published_with_guards_is_kept_on_the_same_evidence(
        case in listed_cases(),
        policy in policies(),
    ) {
        if let Decision::Publish { plan, .. } = decide_listed(&case, &policy) {
            let ranked = plan.clone().ranked(&case.seen);
            prop_assert_eq!(&ranked, &plan);
            let after = Case { current: plan, ..case };
            prop_assert_eq!(decide_listed(&after, &policy), Decision::Keep);
        }
    }

    #[test]
    fn a_plan_gives_way_to_one_of_its_kind_only_by_the_margin(
        case in listed_cases(),
        policy in policies(),
    ) {
        if let Decision::Publish { plan, figures } = decide_listed(&case, &policy)
            && !case.current.is_empty()
            && plan.is_of_the_kind_of(&case.current)
        {
            let known: u32 = case.seen.iter()
                .filter(|seen| case.current.knows(&seen.target))
                .map(|seen| seen.count)
                .sum();
            let gain = figures.guarded + figures.chained - share_of(known, case.samples());
            prop_assert!(gain >= policy.margin - 1e-5, "gain {gain}");
        }
    }
}
