//! Guards in plans: in front of the chain, as many for a type as its guard has room for.

use super::*;

mod any;

/// One implementation met in a window: its number, how often, and its key if it is listed.
type Met = (usize, u32, Option<usize>);

fn seen(met: &[Met]) -> Vec<Candidate> {
    let candidate = |&(n, count, key): &Met| Candidate {
        target: target(n),
        count,
        key,
    };
    met.iter().map(candidate).collect()
}

/// A site with a list, in a full window.
struct Site<'a> {
    met: &'a [Met],
    capacity: usize,
    current: Plan,
}

impl<'a> Site<'a> {
    fn met(met: &'a [Met]) -> Self {
        Site {
            met,
            capacity: 2,
            current: Plan::default(),
        }
    }

    fn decide(&self, policy: &Policy) -> Decision {
        let evidence = Evidence {
            seen: &seen(self.met),
            samples: self.met.iter().map(|(_, count, _)| count).sum(),
            registered: &[],
            current: &self.current,
            capacity: self.capacity,
            has_guards: true,
        };
        decide(&evidence, policy)
    }

    /// Guards, as numbers with their keys, and the chain's numbers.
    #[allow(clippy::type_complexity, reason = "said in the line above")]
    fn plan(&self, policy: &Policy) -> Option<(Vec<(usize, usize)>, Vec<usize>)> {
        let decision = self.decide(policy);
        let Decision::Publish { plan, .. } = &decision else {
            return None;
        };
        let number = |target: &Target| (target.vtable - 0x1000) / 0x40;
        let guards = plan.guards.iter();
        let guards = guards.map(|one| (number(&one.target), one.key)).collect();
        Some((guards, plan.chain.iter().map(number).collect()))
    }
}

fn plan(guards: &[(usize, usize)], chain: &[usize]) -> Plan {
    Plan {
        guards: guards
            .iter()
            .map(|&(n, key)| Guard {
                key,
                target: target(n),
            })
            .collect(),
        chain: targets(chain),
    }
}

#[test]
fn guards_come_before_the_chain_the_most_frequent_first() {
    let site = Site::met(&[
        (1, 200, Some(0)),
        (2, 300, None),
        (3, 400, Some(1)),
        (4, 100, None),
    ]);
    let expected = (vec![(3, 1), (1, 0)], vec![2, 4]);
    assert_eq!(site.plan(&POLICY), Some(expected));
    let Decision::Publish { figures, .. } = site.decide(&POLICY) else {
        unreachable!()
    };
    assert!((figures.guarded - 0.6).abs() < 1e-6);
    assert!((figures.chained - 0.4).abs() < 1e-6);
}

#[test]
fn the_chain_is_planned_from_what_the_guards_leave() {
    // 4 % of all, but two fifths of what is left; and 2 % are one fifth.
    let met = [
        (1, 900, Some(0)),
        (2, 40, None),
        (3, 30, None),
        (4, 20, None),
        (5, 10, None),
    ];
    let planned = Site::met(&met).plan(&POLICY);
    assert_eq!(planned, Some((vec![(1, 0)], vec![2, 3])));
    // Where too little is left, there is nothing to plan.
    let met = [(1, 950, Some(0)), (2, 50, None)];
    let planned = Site::met(&met).plan(&POLICY);
    assert_eq!(planned, Some((vec![(1, 0)], vec![])));
    // What is left may be mixed, and the guards stay.
    let mut met = vec![(1, 500, Some(0))];
    met.extend((2..12).map(|n| (n, 50, None)));
    let planned = Site::met(&met).plan(&POLICY);
    assert_eq!(planned, Some((vec![(1, 0)], vec![])));
}

#[test]
fn a_guard_knows_two_vtables_of_its_type_and_the_chain_a_further_one() {
    let met = [
        (1, 200, Some(4)),
        (2, 400, Some(4)),
        (3, 150, Some(5)),
        (4, 250, Some(4)),
    ];
    let planned = Site::met(&met).plan(&POLICY);
    assert_eq!(planned, Some((vec![(2, 4), (4, 4), (3, 5)], vec![1])));
}

#[test]
fn a_guard_below_the_minimum_share_is_left_out() {
    let below = [(1, 901, Some(0)), (2, 99, Some(1))];
    assert_eq!(
        Site::met(&below).plan(&POLICY),
        Some((vec![(1, 0)], vec![]))
    );
    let at_it = [(1, 900, Some(0)), (2, 100, Some(1))];
    let planned = Site::met(&at_it).plan(&POLICY);
    assert_eq!(planned, Some((vec![(1, 0), (2, 1)], vec![])));
}

#[test]
fn a_site_without_trampolines_still_has_guards() {
    let site = Site {
        capacity: 0,
        ..Site::met(&[(1, 500, Some(0)), (2, 500, None)])
    };
    assert_eq!(site.plan(&POLICY), Some((vec![(1, 0)], vec![])));
    let site = Site {
        capacity: 0,
        ..Site::met(&[(1, 1000, None)])
    };
    let mixed = Rest::Mixed { coverage: 0.0 };
    assert_eq!(site.decide(&POLICY), Decision::Rest(mixed));
}

#[test]
fn what_is_registered_is_not_published_unseen_where_types_are_listed() {
    let evidence = Evidence {
        seen: &seen(&[(1, 10, Some(0))]),
        samples: 10,
        registered: &targets(&[1, 2]),
        current: &Plan::default(),
        capacity: 2,
        has_guards: true,
    };
    assert_eq!(decide(&evidence, &POLICY), Decision::Wait);
}

#[test]
fn another_plan_of_the_same_kind_must_be_better_by_the_margin() {
    let published = plan(&[(1, 0)], &[]);
    // 1 covers 56 %; 1 and 2 would, with 4 % more of a key of its own, cover 60 %.
    let policy = Policy {
        minimum_share: 0.03,
        ..POLICY
    };
    let mut met = vec![(1, 560, Some(0)), (2, 40, Some(1))];
    met.extend((3..23).map(|n| (n, 20, None)));
    let decide = |met: &[Met]| {
        let current = published.clone();
        let site = Site {
            current,
            ..Site::met(met)
        };
        site.decide(&policy)
    };
    assert_eq!(decide(&met), Decision::Keep);
    met[0].1 = 540;
    met[1].1 = 60;
    let Decision::Publish { plan: better, .. } = decide(&met) else {
        panic!("6 % more are better by the margin");
    };
    assert_eq!(better, plan(&[(1, 0), (2, 1)], &[]));
}

#[test]
fn another_kind_of_plan_needs_no_margin() {
    let met = [(1, 960, Some(0)), (2, 40, None)];
    // A chain that covers all gives way to a guard that covers less.
    let site = Site {
        current: plan(&[], &[1, 2]),
        ..Site::met(&met)
    };
    assert_eq!(site.plan(&POLICY), Some((vec![(1, 0)], vec![])));
    // And a guard with a chain behind it to one without, and back.
    let site = Site {
        current: plan(&[(1, 0)], &[2]),
        ..Site::met(&met)
    };
    assert_eq!(site.plan(&POLICY), Some((vec![(1, 0)], vec![])));
    let met = [(1, 860, Some(0)), (2, 140, None)];
    let site = Site {
        current: plan(&[(1, 0)], &[]),
        ..Site::met(&met)
    };
    assert_eq!(site.plan(&POLICY), Some((vec![(1, 0)], vec![2])));
}

#[test]
fn guards_that_are_kept_are_ranked_anew() {
    let met = [(1, 200, Some(0)), (2, 300, Some(1)), (3, 500, Some(2))];
    let current = plan(&[(1, 0), (2, 1), (3, 2)], &[]);
    let site = Site {
        current: current.clone(),
        ..Site::met(&met)
    };
    assert_eq!(site.decide(&POLICY), Decision::Keep);
    let ranked = current.ranked(&seen(&met));
    assert_eq!(ranked, plan(&[(3, 2), (2, 1), (1, 0)], &[]));
    // What was not met comes last, in its order.
    let ranked = plan(&[(8, 3), (9, 4), (1, 0)], &[5, 6]).ranked(&seen(&met));
    assert_eq!(ranked, plan(&[(1, 0), (8, 3), (9, 4)], &[5, 6]));
}
