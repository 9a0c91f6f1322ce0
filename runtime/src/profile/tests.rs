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
        notes.note(vtable, &TABLE);
    }
    assert_eq!(counts(&notes), [(1, 3), (2, 3)]);
    assert_eq!((notes.samples, notes.changes, notes.others), (6, 4, 0));
}

#[test]
fn more_vtables_than_can_be_told_apart_are_others() {
    let mut notes = Notes::EMPTY;
    for round in 0..3 {
        for vtable in 1..=SEEN + 5 {
            notes.note(vtable, &TABLE);
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
        notes.note(vtable, &TABLE);
    }
    notes.retain(|seen| seen.vtable != 1);
    // No gap in front of 2 in which it would be noted a second time.
    for vtable in [2, 3, 1] {
        notes.note(vtable, &TABLE);
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
