//! Regions are real here.

extern crate std;

use core::sync::atomic::AtomicU8;
use std::boxed::Box;

use static_call::{specialize, static_dispatch};

#[static_dispatch]
pub(crate) trait Reads<'a, T: 'a> {
    fn at(&self, index: usize) -> Option<&'a T>;
}

struct Slice<'a, T>(&'a [T]);

impl<'a, T> Reads<'a, T> for Slice<'a, T> {
    fn at(&self, index: usize) -> Option<&'a T> {
        self.0.get(index)
    }
}

struct Nothing;

impl<'a, T: 'a> Reads<'a, T> for Nothing {
    fn at(&self, _: usize) -> Option<&'a T> {
        None
    }
}

/// What is read, and which copy read it.
fn first<'a, T>(reads: &(dyn Reads<'a, T> + 'a)) -> (Option<&'a T>, usize) {
    specialize!(reads: [Slice<'_, T>] in {
        static COPY: AtomicU8 = AtomicU8::new(0);
        (reads.at(0), (&raw const COPY).addr())
    })
}

#[test]
fn a_listed_type_has_a_copy_of_its_own() {
    let (bytes, words) = ([1_u8, 2], [3_u16]);
    for _ in 0..10_000 {
        let (byte, listed) = first(&Slice(&bytes));
        assert_eq!(byte, Some(&1));
        assert_eq!(first(&Slice(&words)), (Some(&3), listed));
        let (none, unlisted) = first::<u8>(&*Box::new(Nothing));
        assert_eq!(none, None);
        assert_ne!(listed, unlisted);
    }
}

#[test]
fn an_object_type_may_have_auto_traits() {
    fn sum(reads: &(dyn Reads<'_, u8> + Send + Sync)) -> u8 {
        specialize!(reads: [Slice<'_, u8>] in { (0..).map_while(|at| reads.at(at)).sum() })
    }
    assert_eq!(sum(&Slice(&[1, 2, 3])), 6);
    assert_eq!(sum(&Nothing), 0);
}
