//! Lists of every length, and where they stand.

use std::any::type_name;

use static_call::runtime::State;
use static_call::{static_call, static_dispatch};

use crate::{
    alone, chained, chains_are_expected, guards_are_expected, inlined, row, until_inlined,
};

/// Tells which implementation ran.
struct Kind<const N: u64>(u64);

#[static_dispatch]
trait Steps {
    #[static_dispatch(targets = 2)]
    fn one(&self, x: u64) -> u64;
    #[static_dispatch(targets = 2)]
    fn two(&self, x: u64) -> u64;
    #[static_dispatch(targets = 2)]
    fn three(&self, x: u64) -> u64;
    #[static_dispatch(targets = 2)]
    fn eight(&self, x: u64) -> u64;
    #[static_dispatch(inline = [Kind<1>, Kind<2>])]
    fn listed(&self, x: u64) -> u64;
    #[static_dispatch(targets = 1, inline = [Kind<1>, Kind<2>,])]
    fn overridden(&self, x: u64) -> u64;
    #[static_dispatch(targets = 2)]
    fn absent(&self, x: u64) -> u64;
    #[static_dispatch(targets = 2)]
    fn mixed(&self, x: u64) -> u64;
    #[static_dispatch(targets = 1)]
    fn rare(&self, x: u64) -> u64;
}

impl<const N: u64> Kind<N> {
    fn step(&self, x: u64) -> u64 {
        N << 32 | (self.0 ^ x)
    }
}

impl<const N: u64> Steps for Kind<N> {
    fn one(&self, x: u64) -> u64 {
        self.step(x)
    }
    fn two(&self, x: u64) -> u64 {
        self.step(x)
    }
    fn three(&self, x: u64) -> u64 {
        self.step(x)
    }
    fn eight(&self, x: u64) -> u64 {
        self.step(x)
    }
    fn listed(&self, x: u64) -> u64 {
        self.step(x)
    }
    fn overridden(&self, x: u64) -> u64 {
        self.step(x)
    }
    fn absent(&self, x: u64) -> u64 {
        self.step(x)
    }
    fn mixed(&self, x: u64) -> u64 {
        self.step(x)
    }
    fn rare(&self, x: u64) -> u64 {
        self.step(x)
    }
}

/// The objects of kinds 0 to 9: `KINDS[n]` is of kind `n`.
static KINDS: [&(dyn Steps + Sync); 10] = [
    &Kind::<0>(10),
    &Kind::<1>(11),
    &Kind::<2>(12),
    &Kind::<3>(13),
    &Kind::<4>(14),
    &Kind::<5>(15),
    &Kind::<6>(16),
    &Kind::<7>(17),
    &Kind::<8>(18),
    &Kind::<9>(19),
];

/// Calls on kind `n` through `call`, and panics if another implementation answers.
fn check(call: fn(&(dyn Steps + Sync), u64) -> u64, n: u64) {
    for x in 0..3 {
        let object = KINDS[usize::try_from(n).unwrap()];
        assert_eq!(call(object, x), n << 32 | ((10 + n) ^ x), "kind {n}");
    }
}

/// Kinds by name, in this order.
fn names(kinds: &[u64]) -> Vec<&'static str> {
    let all = [
        type_name::<Kind<0>>(),
        type_name::<Kind<1>>(),
        type_name::<Kind<2>>(),
        type_name::<Kind<3>>(),
        type_name::<Kind<4>>(),
        type_name::<Kind<5>>(),
        type_name::<Kind<6>>(),
        type_name::<Kind<7>>(),
        type_name::<Kind<8>>(),
        type_name::<Kind<9>>(),
    ];
    let name = |kind: &u64| all[usize::try_from(*kind).unwrap()];
    kinds.iter().map(name).collect()
}

/// Learns the kinds of `order`, each as often as it is in there, and expects guards for
/// `expected`. Then all kinds, listed or not, reach their own implementations, and
/// those of `expected` are not counted.
fn learn(method: &str, call: fn(&(dyn Steps + Sync), u64) -> u64, order: &[u64], expected: &[u64]) {
    let site = (file!(), method);
    let before = until_inlined(site, &names(expected), || {
        order.iter().for_each(|kind| check(call, *kind));
    });
    (0..50).for_each(|_| expected.iter().for_each(|kind| check(call, *kind)));
    if guards_are_expected() {
        assert_eq!(row(file!(), method).misses, before.misses);
    }
    (0..10).for_each(|kind| check(call, kind));
    if guards_are_expected() {
        let known = expected.len() + chained(&before).len();
        let missed = 3 * (10 - u64::try_from(known).unwrap());
        assert_eq!(row(file!(), method).misses, before.misses + missed);
    }
}

#[test]
fn one_type() {
    fn call(object: &(dyn Steps + Sync), x: u64) -> u64 {
        static_call!(object.one(x), inline = [Kind<1>])
    }
    let _alone = alone();
    learn("one", call, &[1], &[1]);
}

#[test]
fn two_types() {
    fn call(object: &(dyn Steps + Sync), x: u64) -> u64 {
        static_call!(object.two(x), inline = [Kind<1>, Kind<2>,],)
    }
    let _alone = alone();
    learn("two", call, &[2, 1, 2], &[2, 1]);
}

#[test]
fn three_types() {
    fn call(object: &(dyn Steps + Sync), x: u64) -> u64 {
        static_call!(object.three(x), inline = [Kind<1>, Kind<2>, Kind<3>])
    }
    let _alone = alone();
    learn("three", call, &[2, 3, 1, 3, 2, 3], &[3, 2, 1]);
}

#[test]
fn eight_types_each_of_them_the_most_frequent_once() {
    fn call(object: &(dyn Steps + Sync), x: u64) -> u64 {
        static_call!(
            object.eight(x),
            inline = [Kind<1>, Kind<2>, Kind<3>, Kind<4>, Kind<5>, Kind<6>, Kind<7>, Kind<8>]
        )
    }
    let _alone = alone();
    for most in 1..=8 {
        // Only this one, so that it is alone in front; and then nothing that it knows.
        learn("eight", call, &[most], &[most]);
        // The misses have used up their budget, so that the next pass looks again.
        (0..40).for_each(|_| check(call, 9));
        (0..40).for_each(|_| check(call, 0));
    }
    // All of them at once: a window in which each has its share.
    crate::configure_window(480);
    let all: Vec<u64> = (1..=8).collect();
    let round = || all.iter().for_each(|kind| check(call, *kind));
    let mut row = row(file!(), "eight");
    for _ in 0..40 {
        (0..100).for_each(|_| round());
        static_call::runtime::retarget().unwrap();
        row = crate::row(file!(), "eight");
        if inlined(&row).len() == 8 {
            break;
        }
    }
    if guards_are_expected() {
        let mut found = inlined(&row);
        found.sort_unstable();
        assert_eq!(found, names(&all));
        (0..10).for_each(|_| round());
        assert_eq!(crate::row(file!(), "eight").misses, row.misses);
    }
    (0..10).for_each(|kind| check(call, kind));
}

#[test]
fn the_list_of_the_method_holds_where_the_call_has_none() {
    fn call(object: &(dyn Steps + Sync), x: u64) -> u64 {
        static_call!(object.listed(x))
    }
    let _alone = alone();
    learn("listed", call, &[1, 1, 2], &[1, 2]);
}

#[test]
fn the_list_of_the_call_holds_where_both_have_one() {
    fn call(object: &(dyn Steps + Sync), x: u64) -> u64 {
        static_call!(object.overridden(x), inline = [Kind<5>])
    }
    let _alone = alone();
    // 1 is in the list of the method, and has a place in the chain.
    let site = (file!(), "overridden");
    until_inlined(site, &names(&[5]), || {
        check(call, 5);
        check(call, 1);
    });
    (0..10).for_each(|kind| check(call, kind));
    if chains_are_expected() {
        assert_eq!(chained(&row(site.0, site.1)), names(&[1]));
    }
}

#[test]
fn a_listed_type_that_is_never_met_is_never_switched_on() {
    fn call(object: &(dyn Steps + Sync), x: u64) -> u64 {
        static_call!(object.absent(x), inline = [Kind<1>, Kind<2>])
    }
    let _alone = alone();
    for _ in 0..10 {
        (0..50).for_each(|_| check(call, 3));
        static_call::runtime::retarget().unwrap();
        assert_eq!(inlined(&row(file!(), "absent")), [""; 0]);
    }
    if chains_are_expected() {
        let row = row(file!(), "absent");
        assert_eq!((row.state, chained(&row)), (State::Patched, names(&[3])));
    }
    (0..10).for_each(|kind| check(call, kind));
}

#[test]
fn a_chain_takes_what_the_guards_leave() {
    fn call(object: &(dyn Steps + Sync), x: u64) -> u64 {
        static_call!(object.mixed(x), inline = [Kind<1>, Kind<2>])
    }
    let _alone = alone();
    let row = until_inlined((file!(), "mixed"), &names(&[1]), || {
        for kind in [1, 3, 1, 4, 1, 3] {
            check(call, kind);
        }
    });
    if chains_are_expected() {
        assert_eq!(chained(&row), names(&[3, 4]));
        assert_eq!(row.state, State::Patched);
        (0..50).for_each(|_| [1, 3, 4].iter().for_each(|kind| check(call, *kind)));
        assert_eq!(crate::row(file!(), "mixed").misses, row.misses);
        check(call, 2);
        assert_eq!(crate::row(file!(), "mixed").misses, row.misses + 3);
    }
}

#[test]
fn a_listed_type_that_is_rare_has_no_guard() {
    fn call(object: &(dyn Steps + Sync), x: u64) -> u64 {
        static_call!(object.rare(x), inline = [Kind<1>, Kind<2>])
    }
    let _alone = alone();
    until_inlined((file!(), "rare"), &names(&[1]), || {
        (0..30).for_each(|_| check(call, 1));
        check(call, 2);
    });
    (0..10).for_each(|kind| check(call, kind));
}
