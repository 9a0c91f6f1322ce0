//! Each kind, from facts; programs that make such facts are in `tests/advice.rs`.

use super::rules::{Costs, Facts, Met, region, site};
use super::*;

fn met(types: &[(&'static str, f32)]) -> Vec<Met<'static>> {
    let types = types.iter().map(|(name, share)| Met {
        name,
        share: *share,
        own: true,
        guarded: false,
        chained: false,
    });
    types.collect()
}

/// A site that is called every other nanosecond, on objects that change.
fn busy(types: &[(&'static str, f32)]) -> Facts<'static> {
    Facts {
        met: met(types),
        weight: 170.0,
        opened: 4,
        called: true,
        pairs: 200,
        again: 20,
        every: Some(2.0),
        costs: Some(Costs {
            plain: 1.5,
            guard: Some(0.62),
            behind: Some(2.97),
        }),
        ..Facts::default()
    }
}

fn advised(facts: &Facts<'_>) -> Vec<(AdviceKind, Vec<String>, String)> {
    let found = site(facts).into_iter();
    found
        .map(|found| (found.kind, found.types, found.message))
        .collect()
}

#[track_caller]
fn one(facts: &Facts<'_>) -> (AdviceKind, Vec<String>, String) {
    let mut found = advised(facts);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn the_two_most_frequent_types_are_to_be_listed_in_their_order() {
    let (kind, types, message) = one(&busy(&[
        ("a::Below", 0.66),
        ("a::Shares", 0.18),
        ("a::Divides", 0.16),
    ]));
    assert_eq!(kind, AdviceKind::List);
    assert_eq!(types, ["a::Below", "a::Shares"]);
    assert_eq!(
        message,
        "write `inline = [Below, Shares]`: they are 66 % and 18 % of the calls; a guard in front \
         of a body of one multiplication took 0.62 of a plain call here"
    );
}

#[test]
fn where_a_guard_takes_as_long_as_a_plain_call_a_region_is_advised_in_place_of_a_list() {
    let mut facts = busy(&[("a::Below", 0.9), ("a::Shares", 0.1)]);
    facts.costs = facts.costs.map(|costs| Costs {
        guard: Some(1.0),
        ..costs
    });
    let (kind, types, message) = one(&facts);
    assert_eq!(kind, AdviceKind::Specialize);
    assert_eq!(types, ["a::Below", "a::Shares"]);
    assert_eq!(
        message,
        "put `specialize!(…: [Below, Shares] in { … })` around the call: they are 90 % and 10 % \
         of the calls; a list would hardly gain; a guard in front of a body of one \
         multiplication took 1.00 of a plain call here"
    );
    facts.listed = vec!["a::Shares", "a::Below"];
    assert_eq!(advised(&facts), []);
}

#[test]
fn what_is_listed_well_is_left_as_it_is() {
    let mut facts = busy(&[("a::Below", 0.66), ("a::Shares", 0.34)]);
    facts.listed = vec!["a::Below", "a::Shares"];
    assert_eq!(advised(&facts), []);
}

#[test]
fn a_frequent_type_that_is_missing_from_the_list_or_stands_last_in_it_is_to_come_first() {
    let mut facts = busy(&[("a::Below", 0.9), ("a::Shares", 0.1)]);
    facts.listed = vec!["a::Shares"];
    let (kind, types, message) = one(&facts);
    assert_eq!(
        (kind, &*types[0]),
        (AdviceKind::List, "a::Below"),
        "{message}"
    );
    assert!(message.contains("in place of what is listed"), "{message}");
    facts.listed = vec!["a::Shares", "a::Below"];
    let (kind, types, message) = one(&facts);
    assert_eq!(
        (kind, &*types[0]),
        (AdviceKind::List, "a::Below"),
        "{message}"
    );
    assert!(message.contains("in this order"), "{message}");
}

#[test]
fn types_of_a_plugin_and_types_without_a_name_are_not_to_be_listed() {
    let mut facts = busy(&[("plugin::Fast", 0.7), ("a::Below", 0.3)]);
    facts.met[0].own = false;
    assert!(
        advised(&facts)
            .iter()
            .all(|(kind, ..)| *kind != AdviceKind::List)
    );
}

#[test]
fn listed_types_that_hardly_come_are_to_be_taken_off_and_so_are_those_behind_the_arm() {
    let mut facts = busy(&[("a::Below", 0.99), ("a::Shares", 0.01)]);
    facts.listed = vec!["a::Below", "a::Shares", "a::Divides"];
    let (kind, types, message) = one(&facts);
    assert_eq!(kind, AdviceKind::Unlist);
    assert_eq!(types, ["a::Shares", "a::Divides"]);
    assert_eq!(
        message,
        "take off the list: `Shares`, 1.0 % of the calls; `Divides`, never met here"
    );
    facts.met = met(&[("a::Below", 0.6), ("a::Shares", 0.25), ("a::Divides", 0.15)]);
    let (kind, types, message) = one(&facts);
    assert_eq!(
        (kind, &*types[0]),
        (AdviceKind::Unlist, "a::Divides"),
        "{message}"
    );
    assert!(message.contains("took 2.97"), "{message}");
}

#[test]
fn a_receiver_that_stays_is_for_a_region_or_a_provided_method() {
    let mut facts = busy(&[("a::Lz4", 0.8), ("a::Store", 0.2)]);
    (facts.pairs, facts.again) = (224, 217);
    // Also what calls of late have not met: each window sees a few objects.
    facts.known = vec!["a::Raw", "a::Lz4"];
    let (kind, types, message) = one(&facts);
    assert_eq!(kind, AdviceKind::Specialize);
    assert_eq!(types, ["a::Lz4", "a::Store", "a::Raw"]);
    assert_eq!(
        message,
        "the same object is called about 32 times in a row: put `specialize!(…: [Lz4, Store, Raw] \
         in { … })` around the loop, with what else comes there, or make the loop a provided \
         method of the trait"
    );
    // Types that cannot be named leave the provided method.
    facts.met.iter_mut().for_each(|one| one.own = false);
    let (kind, _, message) = one(&facts);
    assert_eq!(kind, AdviceKind::Specialize);
    assert!(
        !message.contains("specialize!") && message.contains("provided method"),
        "{message}"
    );
    // Two in a row are not worth it.
    (facts.pairs, facts.again) = (224, 112);
    assert!(
        advised(&facts)
            .iter()
            .all(|(kind, ..)| *kind != AdviceKind::Specialize)
    );
}

#[test]
fn a_chain_that_is_full_is_to_get_room() {
    let mut facts = busy(&[("a::A", 0.4), ("a::B", 0.2), ("a::C", 0.2), ("a::D", 0.2)]);
    facts.targets = Some(2);
    facts.met.iter_mut().for_each(|one| one.own = false);
    facts.met[..2].iter_mut().for_each(|one| one.chained = true);
    let (kind, types, message) = one(&facts);
    assert_eq!(kind, AdviceKind::RaiseTargets);
    assert_eq!(types, ["a::C", "a::D"]);
    assert!(
        message.contains("from 2 to 4") && message.contains("40 %"),
        "{message}"
    );
    // As well where nothing is on because so few had room.
    facts.met.iter_mut().for_each(|one| one.chained = false);
    assert!(one(&facts).2.contains("from 2 to 4"));
    // Not where there is room, nor where chains are never on.
    facts.targets = Some(4);
    facts.met.iter_mut().for_each(|one| one.chained = true);
    assert_eq!(advised(&facts), []);
    facts.targets = None;
    assert_eq!(advised(&facts), []);
}

#[test]
fn calls_that_are_seldom_or_of_many_even_types_or_where_guards_do_not_pay_are_to_be_left_alone() {
    let mut facts = busy(&[("a::Below", 1.0)]);
    facts.every = Some(12_000.0);
    let (kind, _, message) = one(&facts);
    assert_eq!(kind, AdviceKind::LeaveAlone);
    assert!(message.starts_with("is called once in 12 µs"), "{message}");
    let even = ["a::A", "a::B", "a::C", "a::D", "a::E"].map(|name| (name, 0.2));
    let (kind, _, message) = one(&busy(&even));
    assert_eq!(kind, AdviceKind::LeaveAlone);
    assert!(message.contains("40 % of the calls"), "{message}");
    let mut facts = busy(&[("a::Below", 1.0)]);
    if let Some(costs) = &mut facts.costs {
        costs.guard = Some(1.25);
    }
    let (kind, _, message) = one(&facts);
    assert_eq!(kind, AdviceKind::LeaveAlone);
    assert!(message.contains("took 1.25"), "{message}");
}

#[test]
fn what_windows_say_now_and_then_is_not_advised() {
    // Between even and frequent; and one frequent type among others, which is not even.
    let types = [("a::A", 0.26), ("a::B", 0.22), ("a::C", 0.2), ("a::D", 0.2)];
    assert_eq!(advised(&busy(&types)), []);
    let mut facts = busy(&[
        ("a::A", 0.49),
        ("b::B", 0.18),
        ("b::C", 0.17),
        ("b::D", 0.16),
    ]);
    facts.met[1..].iter_mut().for_each(|one| one.own = false);
    assert_eq!(advised(&facts), []);
    // A region around a call loses where a half of the calls is on others.
    let mut facts = busy(&[
        ("a::A", 0.28),
        ("a::B", 0.24),
        ("a::C", 0.24),
        ("a::D", 0.24),
    ]);
    if let Some(costs) = &mut facts.costs {
        costs.guard = Some(1.0);
    }
    assert_eq!(advised(&facts), []);
    // While a window is open.
    let facts = Facts {
        met: Vec::new(),
        listed: vec!["a::A"],
        ..busy(&[])
    };
    assert_eq!(advised(&facts), []);
    // What is on and gains is not to be left alone for a phase in which it was not called.
    let mut facts = busy(&[("a::A", 1.0)]);
    (facts.every, facts.listed) = (Some(583_000.0), vec!["a::A"]);
    facts.met[0].guarded = true;
    assert_eq!(advised(&facts), []);
}

#[test]
fn what_no_window_has_met_is_to_be_removed_and_what_few_calls_have_met_is_not_spoken_of() {
    let mut facts = Facts {
        opened: 8,
        ..Facts::default()
    };
    let (kind, _, message) = one(&facts);
    assert_eq!(kind, AdviceKind::Remove);
    assert!(message.starts_with("no window has met a call"), "{message}");
    facts.opened = 7;
    assert_eq!(advised(&facts), []);
    let mut facts = busy(&[("a::Below", 1.0)]);
    facts.weight = 8.0;
    assert_eq!(advised(&facts), []);
}

#[test]
fn regions_are_advised_on_their_lists() {
    let types = |vtables: [usize; 2]| [("A".to_owned(), vtables[0]), ("B".to_owned(), vtables[1])];
    assert_eq!(region(&types([1, 2]), true), None);
    let some = region(&types([1, 0]), false).unwrap();
    assert_eq!(
        (some.kind, &*some.types),
        (AdviceKind::Unlist, &["B".to_owned()][..])
    );
    let none = region(&types([0, 0]), true).unwrap();
    assert_eq!((none.kind, none.types.len()), (AdviceKind::Unlist, 2));
    assert_eq!(
        region(&types([0, 0]), false).unwrap().kind,
        AdviceKind::Remove
    );
}

#[test]
fn a_suggestion_has_its_place_as_text_and_in_parts() {
    let found = region(&[("A".to_owned(), 0)], false).unwrap();
    let suggestion = found.at("src/a:b.rs:12:7 #2", "specialize!".to_owned(), Some(3));
    assert_eq!(
        (suggestion.file(), suggestion.line(), suggestion.column()),
        ("src/a:b.rs", 12, 7)
    );
    let advice = Advice::new(vec![suggestion]);
    assert_eq!((advice.len(), advice.is_empty()), (1, false));
    assert_eq!(
        advice.to_string(),
        "src/a:b.rs:12:7 #2 (plugin 3), specialize!: was never entered; if it never is, remove it"
    );
    assert_eq!(Advice::default().to_string(), "nothing is advised so far");
}

#[test]
fn type_names_are_shortened_inside_their_arguments_too() {
    assert_eq!(short("a::b::Saw"), "Saw");
    assert_eq!(short("a::Wrap<b::C, &d::E>"), "Wrap<C, &E>");
    assert_eq!(short("(a::B, [c::D; 3])"), "(B, [D; 3])");
    assert_eq!(short("dyn a::B + core::marker::Send"), "dyn B + Send");
}
