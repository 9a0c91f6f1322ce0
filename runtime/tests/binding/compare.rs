//! Swaps on a condition, and what keeps objects alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;

use static_call::{CompareSwapError, Loaded, binding, static_dispatch};

#[static_dispatch]
trait Number: Send + Sync {
    #[static_dispatch(none = u64::MAX)]
    fn number(&self) -> u64;
}

struct Is(u64);

impl Number for Is {
    fn number(&self) -> u64 {
        self.0
    }
}

static ONE: Is = Is(1);
static TWO: Is = Is(2);
static THREE: Is = Is(3);

binding! { static COMPARED: dyn Number = ONE; }

#[test]
fn a_compare_swap_binds_if_what_is_expected_is_bound_and_else_says_what_is() {
    crate::in_every_state("compare", "COMPARED", || {
        COMPARED.swap(&ONE).unwrap();
        let one = COMPARED.load();
        let before = COMPARED.compare_swap(&one, &TWO).unwrap();
        assert_eq!((before.number(), COMPARED.number()), (1, 2));
        let Err(CompareSwapError::Changed { current }) = COMPARED.compare_swap(&one, &THREE) else {
            panic!("it was not bound");
        };
        let current = current.expect("something is bound");
        assert_eq!(
            (current.number(), COMPARED.number()),
            (2, 2),
            "nothing was swapped"
        );
        COMPARED.compare_swap(&current, &THREE).unwrap();
        assert_eq!(COMPARED.number(), 3);
        // Back and forth in between is not noticed: it is the same object again.
        COMPARED.swap(&TWO).unwrap();
        COMPARED.compare_swap(&current, &ONE).unwrap();
        assert_eq!(COMPARED.number(), 1);
        assert_eq!(
            COMPARED.compare_swap(&one, &ONE).unwrap().number(),
            1,
            "by itself"
        );
    });
}

binding! { static COMPARED_BOX: dyn Number = None; }

#[test]
fn two_boxes_with_equal_content_are_two_objects() {
    crate::in_every_state("compare", "COMPARED_BOX", || {
        COMPARED_BOX.swap_boxed(Box::new(Is(7))).unwrap();
        let first = COMPARED_BOX.load().unwrap();
        COMPARED_BOX.swap_boxed(Box::new(Is(7))).unwrap();
        let error = COMPARED_BOX.compare_swap(&first, &ONE).unwrap_err();
        assert!(
            error.to_string().contains("something else is bound"),
            "{error}"
        );
        assert_eq!(COMPARED_BOX.number(), 7);
        COMPARED_BOX.unbind().unwrap();
        let Err(CompareSwapError::Changed { current: None }) =
            COMPARED_BOX.compare_swap(&first, &ONE)
        else {
            panic!("nothing is bound");
        };
        assert_eq!(COMPARED_BOX.number(), u64::MAX);
    });
}

static DROPS: AtomicU32 = AtomicU32::new(0);

/// Says when it is dropped.
struct Counted(u64);

impl Drop for Counted {
    fn drop(&mut self) {
        DROPS.fetch_add(1, Ordering::Relaxed);
    }
}

impl Number for Counted {
    fn number(&self) -> u64 {
        self.0
    }
}

binding! { static KEPT: dyn Number = ONE; }

#[test]
fn what_is_loaded_stays_alive_and_can_be_bound_again() {
    crate::in_every_state("compare", "KEPT", || {
        KEPT.swap(&ONE).unwrap();
        crate::reclaim(&KEPT);
        let before = DROPS.load(Ordering::Relaxed);
        let drops = || DROPS.load(Ordering::Relaxed) - before;
        KEPT.swap_boxed(Box::new(Counted(5))).unwrap();
        let loaded = KEPT.load();
        KEPT.swap_boxed(Box::new(Counted(6))).unwrap();
        KEPT.swap(&TWO).unwrap();
        assert_eq!(drops(), 0, "kept, for a call might be inside");
        assert_eq!(crate::reclaim(&KEPT), 2);
        assert_eq!((drops(), loaded.number()), (1, 5));
        let again = loaded.clone();
        drop(loaded);
        assert_eq!(KEPT.restore(&again).unwrap().unwrap().number(), 2);
        drop(again);
        assert_eq!((drops(), KEPT.number(), KEPT.load().number()), (1, 5, 5));
        assert_eq!(crate::reclaim(&KEPT), 0, "it is bound");
        assert_eq!((drops(), KEPT.number()), (1, 5));
        drop(KEPT.swap(&ONE).unwrap());
        assert_eq!(drops(), 1);
        assert_eq!(crate::reclaim(&KEPT), 1);
        assert_eq!((drops(), KEPT.number()), (2, 1));
        assert_eq!(crate::reclaim(&KEPT), 0);
    });
}

#[test]
fn a_box_that_is_bound_twice_is_dropped_once() {
    let _alone = crate::alone();
    binding! { static TWICE: dyn Number = ONE; }
    let before = DROPS.load(Ordering::Relaxed);
    TWICE.swap_boxed(Box::new(Counted(1))).unwrap();
    let counted = TWICE.load();
    for _ in 0..5 {
        TWICE.swap(&TWO).unwrap();
        TWICE.restore(&counted).unwrap();
        TWICE.restore(&counted).unwrap();
    }
    drop(counted);
    TWICE.swap(&ONE).unwrap();
    assert_eq!(DROPS.load(Ordering::Relaxed), before);
    // SAFETY: no other thread calls, and results are numbers.
    assert_eq!(crate::reclaim(&TWICE), 1);
    assert_eq!(DROPS.load(Ordering::Relaxed), before + 1);
}

binding! { static AGAIN: dyn Number = ONE; }

#[test]
fn a_box_that_is_bound_again_before_it_was_reclaimed_is_not_reclaimed() {
    crate::in_every_state("compare", "AGAIN", || {
        let before = DROPS.load(Ordering::Relaxed);
        AGAIN.swap_boxed(Box::new(Counted(5))).unwrap();
        let counted = AGAIN.load();
        AGAIN.swap(&TWO).unwrap();
        AGAIN.restore(&counted).unwrap();
        drop(counted);
        assert_eq!(crate::reclaim(&AGAIN), 0, "it is bound");
        assert_eq!((AGAIN.number(), AGAIN.load().number()), (5, 5));
        assert_eq!(DROPS.load(Ordering::Relaxed), before);
        AGAIN.swap(&ONE).unwrap();
        assert_eq!(crate::reclaim(&AGAIN), 1);
        assert_eq!(DROPS.load(Ordering::Relaxed), before + 1);
    });
}

binding! {
    static HERE: dyn Number = ONE;
    static THERE: dyn Number = TWO;
}

#[test]
fn what_one_binding_has_let_go_of_goes_on_in_another() {
    crate::in_every_state("compare", "THERE", || {
        let before = DROPS.load(Ordering::Relaxed);
        // So that the code lies outside of the trampolines, as others' does.
        HERE.swap(&TWO).unwrap();
        THERE.swap(&ONE).unwrap();
        THERE.swap(&THREE).unwrap();
        HERE.swap_boxed(Box::new(Counted(9))).unwrap();
        THERE.restore(&HERE.load()).unwrap();
        HERE.swap(&ONE).unwrap();
        crate::reclaim(&HERE);
        for number in 0..8 {
            HERE.swap_boxed(Box::new(Is(number))).unwrap();
            assert_eq!((HERE.number(), THERE.number()), (number, 9));
        }
        assert_eq!(DROPS.load(Ordering::Relaxed), before);
        THERE.swap(&TWO).unwrap();
        crate::reclaim(&THERE);
        assert_eq!(DROPS.load(Ordering::Relaxed), before + 1);
        HERE.swap(&ONE).unwrap();
        crate::reclaim(&HERE);
    });
}

binding! { static RACED: dyn Number = Is(0); }

#[test]
fn of_threads_that_compare_and_swap_at_once_exactly_one_wins() {
    const THREADS: usize = 4;
    const WINS: u64 = 300;
    let _alone = crate::alone();
    let wins: Vec<AtomicU64> = (0..=THREADS as u64 * WINS)
        .map(|_| AtomicU64::new(0))
        .collect();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..WINS {
                    let mut current: Loaded<dyn Number> = RACED.load();
                    loop {
                        let number = current.number();
                        let next = Box::leak(Box::new(Is(number + 1)));
                        match RACED.compare_swap(&current, next) {
                            Ok(before) => {
                                assert_eq!(before.number(), number);
                                wins[usize::try_from(number).unwrap()]
                                    .fetch_add(1, Ordering::Relaxed);
                                break;
                            }
                            Err(CompareSwapError::Changed { current: now }) => {
                                current = now.expect("something is bound");
                            }
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
            });
        }
    });
    let total = THREADS as u64 * WINS;
    assert_eq!(RACED.number(), total, "no increment was lost");
    let won = wins.iter().map(|wins| wins.load(Ordering::Relaxed));
    assert!(
        won.take(THREADS * usize::try_from(WINS).unwrap())
            .all(|wins| wins == 1)
    );
}

binding! { static LOADED: dyn Number = Is(0); }

#[test]
fn loads_while_others_swap_are_of_something_that_was_bound() {
    let _alone = crate::alone();
    let done = AtomicU32::new(0);
    let shared = Arc::new(AtomicU64::new(0));
    thread::scope(|scope| {
        let loaders = [(); 2].map(|()| {
            scope.spawn(|| {
                let mut latest = 0;
                while done.load(Ordering::Acquire) == 0 {
                    let number = LOADED.load().number();
                    assert!(number >= latest, "an older object than before");
                    assert!(
                        number <= shared.load(Ordering::Acquire),
                        "one from the future"
                    );
                    latest = number;
                    assert!(LOADED.number() >= latest);
                }
            })
        });
        for number in 1..2000 {
            shared.store(number, Ordering::Release);
            LOADED.swap_boxed(Box::new(Is(number))).unwrap();
        }
        done.store(1, Ordering::Release);
        for loader in loaders {
            loader.join().unwrap();
        }
    });
    // SAFETY: all threads are gone.
    assert_eq!(crate::reclaim(&LOADED), 1998);
    assert_eq!(LOADED.number(), 1999);
}

#[test]
fn a_great_many_boxes_may_be_kept_and_dropped_at_once() {
    const MANY: u64 = 20_000;
    let _alone = crate::alone();
    binding! { static MANY_KEPT: dyn Number = ONE; }
    let before = DROPS.load(Ordering::Relaxed);
    for number in 0..MANY {
        MANY_KEPT.swap_boxed(Box::new(Counted(number))).unwrap();
        assert_eq!(MANY_KEPT.number(), number);
    }
    MANY_KEPT.swap(&TWO).unwrap();
    assert_eq!(DROPS.load(Ordering::Relaxed), before);
    // SAFETY: no other thread calls, and results are numbers.
    assert_eq!(crate::reclaim(&MANY_KEPT) as u64, MANY);
    assert_eq!(u64::from(DROPS.load(Ordering::Relaxed) - before), MANY);
    assert_eq!(MANY_KEPT.number(), 2);
}
