//! What is advised, each kind by a program that calls for it.

use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use static_call::runtime::{self, AdviceKind, Backend, Config, Mode, Suggestion};
use static_call::{specialize, static_call, static_dispatch};

#[static_dispatch]
trait Rule {
    #[static_dispatch(targets = 2)]
    fn weigh(&self, x: u64) -> u64;
}

struct Double;
struct Half;
struct Never;
struct One<const N: usize>;

impl Rule for Double {
    fn weigh(&self, x: u64) -> u64 {
        x * 2
    }
}

impl Rule for Half {
    fn weigh(&self, x: u64) -> u64 {
        x / 2
    }
}

impl Rule for Never {
    fn weigh(&self, _: u64) -> u64 {
        unreachable!("nothing here is of this type")
    }
}

impl<const N: usize> Rule for One<N> {
    fn weigh(&self, x: u64) -> u64 {
        x + N as u64
    }
}

fn alone(mode: Mode) -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let guard = ONE_AT_A_TIME.lock();
    runtime::configure(Config::default().mode(mode)).unwrap();
    runtime::retarget().unwrap();
    guard.unwrap_or_else(PoisonError::into_inner)
}

/// What is advised at the line that this stands in.
fn advised(line_of: &str) -> Vec<Suggestion> {
    let source = include_str!("advice.rs");
    // Who asks for it quotes it.
    let is_it = |line: &str| line.contains(line_of) && !line.contains('"');
    let line = source.lines().position(is_it);
    let line = u32::try_from(line.unwrap() + 1).unwrap();
    let advice = runtime::advise().into_iter();
    advice
        .filter(|one| one.file().ends_with("advice.rs") && one.line() == line)
        .collect()
}

/// Calls and passes until something is advised there on what was met, or for too long.
fn until(line_of: &str, call: impl Fn(usize)) -> Vec<Suggestion> {
    until_any(line_of, |kind| kind != AdviceKind::Remove, call)
}

fn until_any(
    line_of: &str,
    is_it: impl Fn(AdviceKind) -> bool,
    call: impl Fn(usize),
) -> Vec<Suggestion> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        (0..3000).for_each(&call);
        runtime::retarget().unwrap();
        let advised = advised(line_of);
        if advised.iter().any(|one| is_it(one.kind())) {
            return advised;
        }
    }
    panic!("nothing is advised: {}", runtime::report());
}

#[track_caller]
fn one(found: &[Suggestion], kind: AdviceKind, types: &[&str]) -> String {
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].kind(), kind, "{found:?}");
    let names = found[0].types().iter();
    let names: Vec<_> = names
        .map(|name| name.rsplit("::").next().unwrap())
        .collect();
    assert_eq!(names, types, "{found:?}");
    let printed = runtime::report().to_string();
    assert!(printed.contains(&found[0].to_string()), "{printed}");
    found[0].to_string()
}

fn patchable() -> bool {
    runtime::backend() == Backend::Patching
}

#[test]
fn the_types_that_most_calls_meet_are_to_be_listed_the_frequent_one_first() {
    let _alone = alone(Mode::Always);
    if !patchable() {
        return;
    }
    let rules: [&dyn Rule; 4] = [&Half, &Double, &Half, &Half];
    let found = until("static_call!(rules[x % 4].weigh(1))", |x| {
        black_box(static_call!(rules[x % 4].weigh(1)));
    });
    let said = one(&found, AdviceKind::List, &["Half", "Double"]);
    assert!(
        said.contains("Rule::weigh: write `inline = [Half, Double]`: they are 75 % and 25 %"),
        "{said}"
    );
}

#[test]
fn a_listed_type_that_never_comes_is_to_be_taken_off() {
    fn listed(rule: &dyn Rule) -> u64 {
        static_call!(rule.weigh(2), inline = [Double, Half, Never])
    }
    let _alone = alone(Mode::Always);
    if !patchable() {
        return;
    }
    let rules: [&dyn Rule; 3] = [&Double, &Half, &Double];
    let found = until("static_call!(rule.weigh(2), inline", |x| {
        black_box(listed(rules[x % 3]));
    });
    let said = one(&found, AdviceKind::Unlist, &["Never"]);
    assert!(said.contains("`Never`, never met here"), "{said}");
}

#[test]
fn a_loop_over_one_object_is_to_be_a_region_or_a_provided_method() {
    let _alone = alone(Mode::Always);
    if !patchable() {
        return;
    }
    // Of one type, and so of two objects that only their addresses tell apart.
    let rules: [Box<dyn Rule>; 2] = [Box::new(Half), Box::new(Double)];
    let found = until("static_call!(rule.weigh(3))", |x| {
        let rule = &rules[x / 100 % 2];
        black_box(static_call!(rule.weigh(3)));
    });
    let said = one(&found, AdviceKind::Specialize, &["Half", "Double"]);
    assert!(
        said.contains("times in a row: put `specialize!(…: [Half, Double] in { … })`"),
        "{said}"
    );
}

#[test]
fn objects_of_one_type_that_change_from_call_to_call_are_not_one_object() {
    struct Add(u64);
    impl Rule for Add {
        fn weigh(&self, x: u64) -> u64 {
            x + self.0
        }
    }
    let _alone = alone(Mode::Always);
    if !patchable() {
        return;
    }
    let rules: [Box<dyn Rule>; 2] = [Box::new(Add(1)), Box::new(Add(2))];
    let found = until("static_call!(rules[x % 2].weigh(4))", |x| {
        black_box(static_call!(rules[x % 2].weigh(4)));
    });
    one(&found, AdviceKind::List, &["Add"]);
}

#[test]
fn a_chain_without_room_for_what_is_met_is_to_get_it() {
    let _alone = alone(Mode::Always);
    if !patchable() {
        return;
    }
    let rules: [&dyn Rule; 4] = [&One::<0>, &One::<1>, &One::<2>, &One::<3>];
    let found = until("static_call!(rules[x % 4].weigh(5))", |x| {
        black_box(static_call!(rules[x % 4].weigh(5)));
    });
    let said = one(&found[..1], AdviceKind::RaiseTargets, &["One<2>", "One<3>"]);
    assert!(said.contains("`targets` from 2 to 4"), "{said}");
}

#[test]
fn an_even_mix_of_many_types_is_to_be_left_alone() {
    let _alone = alone(Mode::Always);
    if !patchable() {
        return;
    }
    let rules: [&dyn Rule; 12] = [
        &One::<0>, &One::<1>, &One::<2>, &One::<3>, &One::<4>, &One::<5>, &One::<6>, &One::<7>,
        &One::<8>, &One::<9>, &One::<10>, &One::<11>,
    ];
    let found = until("static_call!(rules[x % 12].weigh(6))", |x| {
        black_box(static_call!(rules[x % 12].weigh(6)));
    });
    let said = one(&found, AdviceKind::LeaveAlone, &[]);
    assert!(said.contains("many and even"), "{said}");
}

#[test]
fn a_call_that_is_never_made_is_to_be_removed() {
    fn never(rule: &dyn Rule) -> u64 {
        static_call!(rule.weigh(7))
    }
    let _alone = alone(Mode::Always);
    if !patchable() {
        return;
    }
    let is_it = |kind| kind == AdviceKind::Remove;
    let found = until_any("static_call!(rule.weigh(7))", is_it, |_| {
        if black_box(false) {
            black_box(never(&Half));
        }
    });
    one(&found, AdviceKind::Remove, &[]);
}

#[test]
fn a_call_whose_other_copy_is_made_is_not_to_be_removed() {
    macro_rules! copies {
        ($($name:ident)*) => {
            $(fn $name(rule: &dyn Rule) -> u64 { static_call!(rule.weigh(6)) })*
        };
    }
    copies! { made not_made }
    let _alone = alone(Mode::Always);
    for x in 0..10_000 {
        made(&Half);
        if black_box(x > 10_000) {
            not_made(&Half);
        }
        if x % 1000 == 0 {
            runtime::retarget().unwrap();
        }
    }
    let copies: Vec<_> = runtime::sites()
        .into_iter()
        .filter(|site| site.location.contains(" #"))
        .collect();
    assert_eq!(copies.len(), 2, "{copies:?}");
    let advice = runtime::advise();
    let mut of_copies = advice.iter().filter(|one| one.location().contains(" #"));
    assert!(
        of_copies.all(|one| one.kind() != AdviceKind::Remove),
        "{advice}"
    );
}

#[test]
fn a_region_whose_types_never_come_or_that_nobody_enters_is_spoken_of() {
    fn visited(rule: &dyn Rule) -> u64 {
        specialize!(rule: [Double, Never] in { rule.weigh(8) })
    }
    fn unvisited(rule: &dyn Rule) -> u64 {
        specialize!(rule: [Double] in { rule.weigh(9) })
    }
    let _alone = alone(Mode::Always);
    assert_eq!(visited(black_box(&Double)), 16);
    if black_box(false) {
        unvisited(&Half);
    }
    let found = advised("rule.weigh(8)");
    one(&found, AdviceKind::Unlist, &["Never"]);
    let found = advised("rule.weigh(9)");
    one(&found, AdviceKind::Remove, &[]);
}

#[test]
fn in_the_default_mode_a_list_or_a_region_is_advised_by_what_guards_take() {
    let _alone = alone(Mode::Auto);
    if !patchable() {
        return;
    }
    let rules: [Box<dyn Rule>; 4] = [
        Box::new(One::<0>),
        Box::new(One::<1>),
        Box::new(One::<0>),
        Box::new(One::<0>),
    ];
    // For longer than passes and reports take.
    let found = until("static_call!(rules[x % 4].weigh(10))", |round| {
        for x in round..round + 300 {
            black_box(static_call!(rules[x % 4].weigh(10)));
        }
    });
    // Which one depends on what guards took.
    let kind = found[0].kind();
    let types: &[_] = if kind == AdviceKind::LeaveAlone {
        &[]
    } else {
        assert!([AdviceKind::List, AdviceKind::Specialize].contains(&kind));
        &["One<0>", "One<1>"]
    };
    let said = one(&found, kind, types);
    assert!(said.contains("of a plain call here"), "{said}");
}

#[cfg(feature = "serde")]
#[test]
fn advice_serializes() {
    let _alone = alone(Mode::Always);
    let json = serde_json::to_value(runtime::report()).unwrap();
    assert!(json["advice"].is_array(), "{json}");
    let json = serde_json::to_value(runtime::advise()).unwrap();
    for one in json.as_array().unwrap() {
        assert!(
            one["location"].is_string() && one["kind"].is_string(),
            "{one}"
        );
    }
}
