//! Who owns what is bound, and when it goes.

use std::sync::atomic::{AtomicUsize, Ordering};

use static_call::{binding, runtime, static_dispatch};

#[static_dispatch]
trait Numbered: Send + Sync {
    #[static_dispatch(none = 0)]
    fn number(&self) -> usize;
}

/// Counts its drops.
struct Counted(usize, &'static AtomicUsize);

impl Numbered for Counted {
    fn number(&self) -> usize {
        self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

/// Nothing of it lies anywhere: all boxes of it have one address.
struct One;
impl Numbered for One {
    fn number(&self) -> usize {
        1
    }
}

struct Two;
impl Numbered for Two {
    fn number(&self) -> usize {
        2
    }
}

#[test]
fn a_loaded_box_is_the_bound_object_and_keeps_it_alive() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    binding! { static LOADED: dyn Numbered = None; }

    LOADED.swap_boxed(Box::new(Counted(7, &DROPS))).unwrap();
    let loaded = LOADED.load().expect("it is bound");
    assert_eq!((loaded.number(), LOADED.number()), (7, 7));
    let again = LOADED.load().expect("it is bound");
    assert!(core::ptr::eq(&raw const *loaded, &raw const *again));
    drop(again);
    LOADED.unbind().unwrap();
    assert!(LOADED.load().is_none());
    // SAFETY: nobody else knows of the binding.
    assert_eq!(unsafe { LOADED.reclaim() }.unwrap(), 1);
    assert_eq!(DROPS.load(Ordering::Relaxed), 0);
    assert_eq!(loaded.number(), 7);
    drop(loaded);
    assert_eq!(DROPS.load(Ordering::Relaxed), 1);
}

/// Swaps back and forth, so that the trampoline's own body is taken by something else.
macro_rules! away_from_the_body {
    ($binding:ident) => {{
        static DROPS: AtomicUsize = AtomicUsize::new(0);
        static OTHER: Counted = Counted(0, &DROPS);
        $binding.swap(&OTHER).unwrap();
        assert_eq!($binding.number(), 0);
    }};
}

#[test]
fn reclaiming_one_bindings_objects_leaves_anothers_of_the_same_address_alone() {
    binding! {
        static LEFT: dyn Numbered = None;
        static RIGHT: dyn Numbered = None;
        static THIRD: dyn Numbered = None;
    }
    runtime::retarget().unwrap();
    away_from_the_body!(LEFT);
    away_from_the_body!(RIGHT);
    away_from_the_body!(THIRD);
    LEFT.swap_boxed(Box::new(One)).unwrap();
    RIGHT.swap_boxed(Box::new(One)).unwrap();
    assert_eq!((LEFT.number(), RIGHT.number()), (1, 1));
    LEFT.unbind().unwrap();
    // SAFETY: nobody else knows of the binding.
    assert_eq!(unsafe { LEFT.reclaim() }.unwrap(), 1);
    // Whatever code was given up is written over now.
    THIRD.swap_boxed(Box::new(Two)).unwrap();
    assert_eq!(THIRD.number(), 2);
    assert_eq!(RIGHT.number(), 1);
}

#[test]
fn reclaiming_a_box_leaves_another_binding_that_it_was_restored_to_alone() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    binding! {
        static GIVES: dyn Numbered = None;
        static TAKES: dyn Numbered = None;
        static THIRD: dyn Numbered = None;
    }
    runtime::retarget().unwrap();
    away_from_the_body!(GIVES);
    away_from_the_body!(TAKES);
    away_from_the_body!(THIRD);
    GIVES.swap_boxed(Box::new(Counted(5, &DROPS))).unwrap();
    let loaded = GIVES.load().expect("it is bound");
    TAKES.restore(&loaded).unwrap();
    drop(loaded);
    GIVES.unbind().unwrap();
    // SAFETY: nobody else knows of the bindings.
    assert_eq!(unsafe { GIVES.reclaim() }.unwrap(), 1);
    THIRD.swap_boxed(Box::new(Two)).unwrap();
    assert_eq!((TAKES.number(), THIRD.number()), (5, 2));
    assert_eq!(DROPS.load(Ordering::Relaxed), 0);
    TAKES.unbind().unwrap();
    // SAFETY: nobody else knows of the bindings.
    assert_eq!(unsafe { TAKES.reclaim() }.unwrap(), 1);
    assert_eq!(DROPS.load(Ordering::Relaxed), 1);
}
