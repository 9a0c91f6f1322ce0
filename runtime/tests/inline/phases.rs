//! Guards over time: off in a window, on again, off by configuration.

use std::any::type_name;

use static_call::runtime::{self, Mode, State};
use static_call::{static_call, static_dispatch};

use crate::{MISSES, alone, chained, configure, guards_are_expected, inlined, row, until_inlined};

#[static_dispatch]
trait Phases: Sync {
    #[static_dispatch(targets = 2)]
    fn changing(&self, x: u64) -> u64;
    #[static_dispatch(targets = 2)]
    fn reordered(&self, x: u64) -> u64;
    #[static_dispatch(targets = 2)]
    fn switched(&self, x: u64) -> u64;
    #[static_dispatch(targets = 2)]
    fn counted(&self, x: u64) -> u64;
}

struct Kind<const N: u64>(u64);

macro_rules! methods {
    ($($method:ident)*) => {
        impl<const N: u64> Phases for Kind<N> {
            $(fn $method(&self, x: u64) -> u64 {
                N << 32 | (self.0 ^ x)
            })*
        }
    };
}
methods!(changing reordered switched counted);

type Site = fn(&dyn Phases, u64) -> u64;

static KINDS: [&dyn Phases; 5] = [
    &Kind::<0>(10),
    &Kind::<1>(11),
    &Kind::<2>(12),
    &Kind::<3>(13),
    &Kind::<4>(14),
];

/// Calls on these kinds, and panics if another implementation answers.
fn check(site: Site, kinds: &[usize]) {
    for kind in kinds {
        let (tag, x) = (*kind as u64, 5);
        assert_eq!(site(KINDS[*kind], x), tag << 32 | ((10 + tag) ^ x));
    }
}

fn names(kinds: &[usize]) -> Vec<&'static str> {
    let all = [
        type_name::<Kind<0>>(),
        type_name::<Kind<1>>(),
        type_name::<Kind<2>>(),
        type_name::<Kind<3>>(),
        type_name::<Kind<4>>(),
    ];
    kinds.iter().map(|kind| all[*kind]).collect()
}

#[test]
fn after_a_phase_change_guards_go_off_for_a_window_and_on_for_what_is_met_then() {
    fn site(object: &dyn Phases, x: u64) -> u64 {
        static_call!(object.changing(x), inline = [Kind<1>, Kind<2>])
    }
    let _alone = alone();
    let at = (file!(), "changing");
    until_inlined(at, &names(&[1]), || check(site, &[1]));
    if !guards_are_expected() {
        return;
    }
    for (kind, before) in [(2, 1), (1, 2), (2, 1)] {
        let windows = row(at.0, at.1).windows;
        // Misses, until there were enough; the guard stays on meanwhile.
        for _ in 0..2 * MISSES {
            check(site, &[kind, before]);
        }
        assert_eq!(inlined(&row(at.0, at.1)), names(&[before]));
        runtime::retarget().unwrap();
        let learning = row(at.0, at.1);
        assert_eq!(learning.state, State::Learning, "{learning:#?}");
        check(site, &[kind, before, 0]);
        until_inlined(at, &names(&[kind]), || check(site, &[kind]));
        assert!(row(at.0, at.1).windows > windows);
        let misses = row(at.0, at.1).misses;
        check(site, &[kind; 50]);
        assert_eq!(row(at.0, at.1).misses, misses);
        check(site, &[before, 0]);
        assert_eq!(row(at.0, at.1).misses, misses + 2);
    }
}

#[test]
fn the_most_frequent_type_of_a_longer_list_is_looked_for_first_again() {
    fn site(object: &dyn Phases, x: u64) -> u64 {
        static_call!(object.reordered(x), inline = [Kind<1>, Kind<2>, Kind<3>])
    }
    let _alone = alone();
    let at = (file!(), "reordered");
    for (first, second, third) in [(1, 2, 3), (3, 1, 2), (2, 3, 1), (3, 2, 1)] {
        let mix = [first, first, first, first, second, second, third];
        // Misses let the next pass look again.
        (0..4 * MISSES).for_each(|_| check(site, &[0, 4]));
        runtime::retarget().unwrap();
        let ranked = names(&[first, second, third]);
        until_inlined(at, &ranked, || check(site, &mix));
        let misses = row(at.0, at.1).misses;
        (0..50).for_each(|_| check(site, &mix));
        if guards_are_expected() {
            assert_eq!(row(at.0, at.1).misses, misses);
        }
        check(site, &[0, 1, 2, 3, 4]);
    }
}

#[test]
fn off_switches_guards_off_and_always_on_again() {
    fn site(object: &dyn Phases, x: u64) -> u64 {
        static_call!(object.switched(x), inline = [Kind<1>, Kind<2>])
    }
    let _alone = alone();
    let at = (file!(), "switched");
    for _ in 0..3 {
        configure(Mode::Always);
        until_inlined(at, &names(&[2, 1]), || check(site, &[2, 1, 2]));
        check(site, &[0, 1, 2, 3, 4]);
        configure(Mode::Off);
        runtime::retarget().unwrap();
        if guards_are_expected() {
            let off = row(at.0, at.1);
            assert_eq!(off.state, State::Plain);
            assert_eq!(inlined(&off), [""; 0]);
            check(site, &[0, 1, 2, 3, 4]);
            assert_eq!(row(at.0, at.1).misses, off.misses);
        }
    }
}

#[test]
fn misses_of_guards_are_counted_until_their_budget_is_used_up() {
    fn site(object: &dyn Phases, x: u64) -> u64 {
        static_call!(object.counted(x), inline = [Kind<1>])
    }
    let _alone = alone();
    let at = (file!(), "counted");
    let before = until_inlined(at, &names(&[1]), || check(site, &[1]));
    if !guards_are_expected() {
        return;
    }
    assert_eq!(chained(&before), [""; 0]);
    for miss in 1..=u64::from(MISSES) {
        check(site, &[0, 1]);
        assert_eq!(row(at.0, at.1).misses, before.misses + miss);
    }
    // From here on a call past the guard is plain, and counted no more.
    (0..1000).for_each(|_| check(site, &[0, 1]));
    let after = row(at.0, at.1);
    assert_eq!(after.misses, before.misses + u64::from(MISSES));
    assert_eq!(after.state, State::Inlined);
    assert_eq!(inlined(&after), names(&[1]));
    // The next pass looks again.
    runtime::retarget().unwrap();
    assert_eq!(row(at.0, at.1).state, State::Learning);
}
