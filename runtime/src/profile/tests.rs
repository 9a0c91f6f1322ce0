//! What a window notes, and what it lets go.

use super::*;
use crate::registry::{MethodDeclaration, TraitDeclaration};
use crate::site::Route;

static METHODS: [MethodDeclaration; 1] = [MethodDeclaration::new("run", 2)];
static DECLARATION: TraitDeclaration = TraitDeclaration::new("Run", "tests", None, 0, &METHODS);
static TABLE: Table = Table::new(
    &DECLARATION,
    || "T",
    std::any::TypeId::of::<u8>,
    std::any::TypeId::of::<u8>,
    &[],
);

/// Where the stack of a test's only thread ends.
const STACK: usize = 0x7000_0000;

fn path(number: usize) -> Path {
    static ROUTE: Route =
        Route::without_guards(&DECLARATION, 0, std::ptr::null(), std::ptr::null());
    Path {
        route: &ROUTE,
        trampoline: number * 64,
    }
}

fn counts(notes: &Notes) -> Vec<(usize, u32)> {
    notes.seen().map(|seen| (seen.vtable, seen.count)).collect()
}

#[test]
fn vtables_are_counted_apart_and_changes_between_them_too() {
    let mut notes = Notes::EMPTY;
    for vtable in [1, 1, 2, 1, 2, 2] {
        notes.note(vtable, &TABLE, STACK, 0);
    }
    assert_eq!(counts(&notes), [(1, 3), (2, 3)]);
    assert_eq!((notes.samples, notes.changes, notes.others), (6, 4, 0));
}

#[test]
fn more_vtables_than_can_be_told_apart_are_others() {
    let mut notes = Notes::EMPTY;
    for round in 0..3 {
        for vtable in 1..=SEEN + 5 {
            notes.note(vtable, &TABLE, STACK, 0);
        }
        assert_eq!(notes.others, (round + 1) * 5);
    }
    assert_eq!(counts(&notes).len(), SEEN);
    let told_apart: u32 = notes.seen().map(|seen| seen.count).sum();
    assert_eq!(told_apart + notes.others, notes.samples);
}

#[test]
fn a_vtable_that_is_forgotten_can_be_met_anew() {
    let mut notes = Notes::EMPTY;
    for vtable in [1, 2, 3, 2] {
        notes.note(vtable, &TABLE, STACK, 0);
    }
    notes.retain(|seen| seen.vtable != 1);
    // No gap in front of 2 in which it would be noted a second time.
    for vtable in [2, 3, 1] {
        notes.note(vtable, &TABLE, STACK, 0);
    }
    let mut counted = counts(&notes);
    counted.sort_unstable();
    assert_eq!(counted, [(1, 1), (2, 3), (3, 2)]);
    assert_eq!(notes.samples, 6);
}

#[test]
fn trampolines_are_noted_once_and_too_many_are_said_to_be() {
    let mut notes = Notes::EMPTY;
    for number in (0..PATHS).chain(0..PATHS) {
        notes.note_path(path(number));
    }
    assert_eq!(notes.paths().count(), PATHS);
    assert!(!notes.too_many_paths);
    notes.note_path(path(PATHS));
    assert!(notes.too_many_paths);
    notes.clear();
    assert_eq!((notes.samples, notes.paths().count()), (0, 0));
}

/// A window of these vtables.
fn noted(vtables: impl IntoIterator<Item = usize>) -> Notes {
    let mut notes = Notes::EMPTY;
    for vtable in vtables {
        notes.note(vtable, &TABLE, STACK, 0);
    }
    notes
}

#[test]
fn the_order_of_the_first_calls_is_kept() {
    let notes = noted([7, 7, 3, 9, 3]);
    assert_eq!(notes.order(), Some(&[0, 0, 1, 2, 1][..]));
    assert!(notes.order_grows());
    let notes = noted((0..ORDER + 10).map(|call| 1 + call % 2));
    let order = notes.order().unwrap();
    assert_eq!(order.len(), ORDER);
    assert!(
        order
            .iter()
            .zip([0, 1].into_iter().cycle())
            .all(|(kind, expected)| *kind == expected)
    );
    assert!(!notes.order_grows());
}

#[test]
fn what_cannot_be_told_apart_is_one_kind_in_the_order() {
    let notes = noted(1..=SEEN + 2);
    let order = notes.order().unwrap();
    assert_eq!(order[SEEN - 1..], [15, OTHER, OTHER]);
}

#[test]
fn what_is_forgotten_is_one_kind_in_the_order_and_the_rest_keeps_its_places() {
    let mut notes = noted([1, 2, 3, 2, 1]);
    notes.retain(|seen| seen.vtable != 1);
    notes.note(3, &TABLE, STACK, 0);
    notes.note(4, &TABLE, STACK, 0);
    assert_eq!(notes.order(), Some(&[OTHER, 0, 1, 0, OTHER, 1, 2][..]));
}

#[test]
fn calls_of_several_threads_in_turns_have_no_order() {
    // Two stacks, a call on each; four calls on each; a thread that follows another.
    for (calls_in_turn, known) in [(1, false), (4, false), (100, true)] {
        let mut notes = Notes::EMPTY;
        for call in 0..ORDER {
            let thread = call / calls_in_turn % 2;
            notes.note(1 + call % 4, &TABLE, STACK + thread * (2 << 20), 0);
        }
        assert_eq!(notes.order().is_some(), known, "{calls_in_turn}");
    }
}

#[test]
fn a_stack_that_grows_and_shrinks_is_one_threads() {
    let mut notes = Notes::EMPTY;
    for call in 0..ORDER {
        let depth = (call % 64).abs_diff(32);
        notes.note(1 + call % 4, &TABLE, STACK - depth * 400, 0);
    }
    assert!(notes.order().is_some());
}

/// A window of calls that came so many ticks after each other, one after the other.
fn after(gaps: &[u64]) -> Notes {
    let mut notes = Notes::EMPTY;
    // As if the processor had been on for long: the first call of a window comes late.
    let mut now = 1 << 40;
    for gap in gaps {
        now += gap;
        notes.note(1, &TABLE, STACK, now);
    }
    notes
}

#[test]
fn calls_are_seldom_if_most_come_long_after_the_one_before() {
    assert!(!after(&[SOON; 100]).are_seldom());
    assert!(after(&[SOON + 1; 100]).are_seldom());
    assert!(!after(&[&[SOON + 1; 49][..], &[SOON; 51]].concat()).are_seldom());
    assert!(after(&[&[SOON + 1; 51][..], &[SOON; 49]].concat()).are_seldom());
}

#[test]
fn a_thread_that_is_stopped_in_a_window_does_not_make_its_calls_seldom() {
    let mut gaps = [20; 100];
    gaps[50] = 1 << 32;
    assert!(!after(&gaps).are_seldom());
}
