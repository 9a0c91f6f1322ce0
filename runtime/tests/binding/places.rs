//! Swaps from where one would not expect them.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;

use static_call::{binding, static_dispatch};

#[static_dispatch]
trait Step: Send + Sync {
    /// Ends with the number of the object that it was called on.
    #[static_dispatch]
    fn step(&self, depth: u32) -> Vec<u32>;
    #[static_dispatch]
    fn number(&self) -> u32;
}

/// Swaps the other one in and calls it, before it says who it is.
struct Swaps(u32);

static FIRST: Swaps = Swaps(1);
static SECOND: Swaps = Swaps(2);

impl Step for Swaps {
    fn step(&self, depth: u32) -> Vec<u32> {
        let other = if self.0 == 1 { &SECOND } else { &FIRST };
        let mut all = if depth == 0 {
            Vec::new()
        } else {
            STEP.swap(other).unwrap();
            assert_eq!(STEP.number(), other.0);
            STEP.step(depth - 1)
        };
        all.push(self.0);
        all
    }
    fn number(&self) -> u32 {
        self.0
    }
}

binding! { static STEP: dyn Step = FIRST; }

#[test]
fn a_bound_method_may_swap_what_it_was_called_through() {
    crate::in_every_state("places", "STEP", || {
        STEP.swap(&FIRST).unwrap();
        for depth in 0..30 {
            let first = STEP.number();
            let expected: Vec<_> = (0..=depth)
                .map(|at| {
                    if (depth - at) % 2 == 0 {
                        first
                    } else {
                        3 - first
                    }
                })
                .collect();
            assert_eq!(STEP.step(depth), expected);
            assert_eq!(STEP.number(), expected[0], "the innermost object is bound");
        }
    });
}

/// Swaps, in a box, the one that it is in.
struct ReplacesItself(u32);

impl Step for ReplacesItself {
    fn step(&self, _: u32) -> Vec<u32> {
        let replaced = BOXED
            .swap_boxed(Box::new(ReplacesItself(self.0 + 1)))
            .unwrap()
            .unwrap();
        // What it stands in is kept, also where nobody holds it.
        let before = replaced.number();
        drop(replaced);
        vec![before, self.0, BOXED.number()]
    }
    fn number(&self) -> u32 {
        self.0
    }
}

binding! { static BOXED: dyn Step = lazy { Box::new(ReplacesItself(0)) }; }

#[test]
fn a_boxed_object_may_replace_itself_and_go_on() {
    let mut number = 0;
    crate::in_every_state("places", "BOXED", || {
        for _ in 0..20 {
            assert_eq!(BOXED.step(0), [number, number, number + 1]);
            number += 1;
        }
    });
}

static SWAPS_IN_DROP: AtomicU32 = AtomicU32::new(0);

/// Swaps when it goes, which is when nobody is inside of it.
struct Last(u32);

impl Drop for Last {
    fn drop(&mut self) {
        DROPPED.swap_boxed(Box::new(Last(self.0 + 100))).unwrap();
        assert_eq!(DROPPED.number(), self.0 + 100);
        static_call::runtime::retarget().unwrap();
        assert_eq!(DROPPED.number(), self.0 + 100);
        SWAPS_IN_DROP.fetch_add(1, Ordering::Relaxed);
    }
}

impl Step for Last {
    fn step(&self, _: u32) -> Vec<u32> {
        vec![self.0]
    }
    fn number(&self) -> u32 {
        self.0
    }
}

binding! { static DROPPED: dyn Step = FIRST; }

#[test]
fn what_was_bound_may_swap_when_it_is_dropped() {
    crate::in_every_state("places", "DROPPED", || {
        let before = SWAPS_IN_DROP.load(Ordering::Relaxed);
        let first = DROPPED.swap_boxed(Box::new(Last(1))).unwrap().unwrap();
        drop(DROPPED.swap_boxed(Box::new(Last(2))).unwrap());
        // SAFETY: no call is inside, and what it gave are numbers.
        let gone = unsafe { DROPPED.reclaim() }.unwrap();
        assert!(gone >= 1);
        let dropped = SWAPS_IN_DROP.load(Ordering::Relaxed) - before;
        assert!(dropped >= 1, "of {gone}");
        assert!(DROPPED.number() > 100);
        // One that nobody was to keep: the box of a swap that did not come about.
        DROPPED.restore(&first).unwrap();
    });
}

static OVERRIDDEN_AWAY: AtomicU32 = AtomicU32::new(0);

/// As `Last`, for what overrides have replaced.
struct Replaced;

impl Drop for Replaced {
    fn drop(&mut self) {
        UNDER_OVERRIDES.swap(&SECOND).expect("outside of all locks");
        OVERRIDDEN_AWAY.fetch_add(1, Ordering::Relaxed);
    }
}

impl Step for Replaced {
    fn step(&self, _: u32) -> Vec<u32> {
        Vec::new()
    }
    fn number(&self) -> u32 {
        7
    }
}

binding! { static UNDER_OVERRIDES: dyn Step = FIRST; }

#[test]
fn what_an_override_was_the_last_to_hold_may_swap_when_it_is_dropped() {
    let _alone = crate::alone();
    let one = UNDER_OVERRIDES.override_with(&SECOND);
    UNDER_OVERRIDES.swap_boxed(Box::new(Replaced)).unwrap();
    let other = UNDER_OVERRIDES.override_with(&SECOND);
    // SAFETY: no call is inside, and what it gave are numbers.
    unsafe { UNDER_OVERRIDES.reclaim() }.unwrap();
    assert_eq!(
        OVERRIDDEN_AWAY.load(Ordering::Relaxed),
        0,
        "an override may bind it again"
    );
    drop(one);
    assert_eq!(OVERRIDDEN_AWAY.load(Ordering::Relaxed), 1);
    drop(other);
    assert_eq!(UNDER_OVERRIDES.number(), 1);
}

static BEFORE_MAIN: AtomicU64 = AtomicU64::new(0);

binding! {
    static EARLY: dyn Step = FIRST;
    static EARLY_LAZY: dyn Step = lazy { Box::new(Swaps(9)) };
}

extern "C" fn before_main() {
    let right = EARLY.number() == 1
        && EARLY_LAZY.number() == 9
        && EARLY
            .swap(&SECOND)
            .is_ok_and(|before| before.is_some_and(|one| one.number() == 1))
        && EARLY.number() == 2
        && static_call::runtime::retarget().is_ok()
        && EARLY.number() == 2
        && EARLY_LAZY.number() == 9
        && EARLY.compare_swap(&EARLY.load(), &FIRST).is_ok()
        && EARLY.number() == 1
        && EARLY.swap_boxed(Box::new(Swaps(3))).is_ok()
        && EARLY.number() == 3;
    BEFORE_MAIN.store(1 + u64::from(right), Ordering::Relaxed);
}

// SAFETY: the C runtime calls every pointer in this section once before `main`, and
// `before_main` has a signature that ignores what it passes.
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static CALLED_BEFORE_MAIN: extern "C" fn() = before_main;

#[test]
fn swaps_before_main_are_right() {
    let _alone = crate::alone();
    if cfg!(not(target_os = "linux")) {
        before_main();
    }
    assert_eq!(
        BEFORE_MAIN.load(Ordering::Relaxed),
        2,
        "0: not called, 1: wrong"
    );
    assert_eq!((EARLY.number(), EARLY_LAZY.number()), (3, 9));
}

/// Swaps when a thread ends, after its other thread-locals may be gone.
struct AtTheEnd;

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        ENDING.swap(&SECOND).unwrap();
        ENDED.store(ENDING.number() == 2, Ordering::Relaxed);
    }
}

thread_local! {
    static AT_THE_END: AtTheEnd = const { AtTheEnd };
}

static ENDED: AtomicBool = AtomicBool::new(false);

binding! { static ENDING: dyn Step = FIRST; }

#[test]
fn a_thread_may_swap_while_it_ends() {
    let _alone = crate::alone();
    thread::spawn(|| AT_THE_END.with(|_| assert_eq!(ENDING.number(), 1)))
        .join()
        .unwrap();
    assert!(ENDED.load(Ordering::Relaxed));
    assert_eq!(ENDING.number(), 2);
}
