//! What a window notes, and what it lets go.

use super::*;
use crate::registry::{MethodDeclaration, TraitDeclaration};

static METHODS: [MethodDeclaration; 1] = [MethodDeclaration::new("run", 2, 0)];
// SAFETY: of no trait, and in no slice.
static DECLARATION: TraitDeclaration =
    unsafe { TraitDeclaration::new("Run", "tests", None, 0, &METHODS) };
static TABLE: Table = Table::new(
    &DECLARATION,
    || "T",
    std::any::TypeId::of::<u8>,
    std::any::TypeId::of::<u8>,
    &[],
);

fn counts(notes: &Notes) -> Vec<(usize, u32)> {
    notes.seen().map(|seen| (seen.vtable, seen.count)).collect()
}

#[test]
fn vtables_are_counted_apart() {
    let mut notes = Notes::EMPTY;
    for vtable in [1, 1, 2, 1, 2, 2] {
        notes.note(vtable, &TABLE);
    }
    assert_eq!(counts(&notes), [(1, 3), (2, 3)]);
    assert_eq!((notes.samples, notes.others), (6, 0));
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
fn what_is_cleared_is_as_new() {
    let mut notes = Notes::EMPTY;
    for vtable in 1..=SEEN + 5 {
        notes.note(vtable, &TABLE);
    }
    notes.clear();
    assert_eq!((notes.samples, notes.others), (0, 0));
    assert_eq!(counts(&notes), []);
    notes.note(SEEN + 5, &TABLE);
    assert_eq!(counts(&notes), [(SEEN + 5, 1)]);
}

#[test]
fn a_call_on_the_object_of_the_call_before_is_counted_unless_there_was_a_pause() {
    let mut notes = Notes::EMPTY;
    // Of objects without content many have one address.
    for (receiver, vtable) in [(8, 64), (8, 64), (16, 64), (16, 128), (16, 128)] {
        notes.follow(receiver, vtable);
    }
    assert_eq!((notes.pairs, notes.again), (4, 2));
    notes.pause();
    notes.follow(16, 128);
    assert_eq!((notes.pairs, notes.again), (4, 2));
    notes.follow(16, 128);
    assert_eq!((notes.pairs, notes.again), (5, 3));
    notes.clear();
    notes.follow(16, 128);
    assert_eq!((notes.pairs, notes.again), (0, 0));
}
