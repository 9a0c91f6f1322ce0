//! What is bound at first.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use static_call::{Binding, binding, static_dispatch};

#[static_dispatch]
trait Source: Send + Sync {
    #[static_dispatch]
    fn next(&self) -> u64;
    fn name(&self) -> String;
}

struct Fixed(u64);

impl Source for Fixed {
    fn next(&self) -> u64 {
        self.0
    }
    fn name(&self) -> String {
        format!("fixed {}", self.0)
    }
}

/// Counts its own calls: interior mutability in a constant's place.
struct Counter(AtomicU64);

impl Source for Counter {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
    fn name(&self) -> String {
        format!("counter at {}", self.0.load(Ordering::Relaxed))
    }
}

const fn twice(x: u64) -> u64 {
    x * 2
}

binding! { static CONSTANT: dyn Source = Fixed(twice(21)); }

#[test]
fn a_constant_is_bound_from_the_start() {
    crate::in_every_state("initial", "CONSTANT", || {
        assert_eq!(
            (CONSTANT.next(), CONSTANT.name()),
            (42, "fixed 42".to_owned())
        );
        assert_eq!(CONSTANT.load().next(), 42);
    });
}

static SEVEN: Counter = Counter(AtomicU64::new(7));

// By its name: rustc takes no address of a temporary with interior mutability.
binding! { static COUNTER: dyn Source = SEVEN; }

#[test]
fn a_static_with_interior_mutability_is_that_object_however_it_is_called() {
    let mut expected = 7;
    crate::in_every_state("initial", "COUNTER", || {
        for _ in 0..3 {
            assert_eq!(COUNTER.name(), format!("counter at {expected}"));
            assert_eq!(COUNTER.next(), expected);
            assert_eq!(COUNTER.load().next(), expected + 1);
            expected += 2;
            assert_eq!(SEVEN.0.load(Ordering::Relaxed), expected);
        }
    });
}

static MADE: AtomicU32 = AtomicU32::new(0);

binding! {
    static LAZY: dyn Source = lazy {
        MADE.fetch_add(1, Ordering::Relaxed);
        thread::sleep(std::time::Duration::from_millis(20));
        Box::new(Counter(AtomicU64::new(0)))
    };
}

#[test]
fn what_is_made_on_first_use_is_made_once_by_however_many_threads() {
    let _alone = crate::alone();
    assert_eq!(MADE.load(Ordering::Relaxed), 0, "a pass makes nothing");
    assert_eq!(crate::row("initial", "LAZY").bound, None);
    let barrier = Barrier::new(8);
    let mut seen: Vec<u64> = thread::scope(|scope| {
        let threads = [(); 8].map(|()| {
            scope.spawn(|| {
                barrier.wait();
                (0..100).map(|_| LAZY.next()).collect::<Vec<_>>()
            })
        });
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..800), "one object counted all calls");
    assert_eq!(MADE.load(Ordering::Relaxed), 1);
    crate::retarget(static_call::runtime::Mode::Always);
    assert_eq!(LAZY.next(), 800, "patched, it is the same object");
    assert!(
        crate::row("initial", "LAZY")
            .bound
            .unwrap()
            .contains("Counter")
    );
}

static TRIES: AtomicU32 = AtomicU32::new(0);

binding! {
    static FAILS_ONCE: dyn Source = lazy {
        assert!(TRIES.fetch_add(1, Ordering::Relaxed) >= 2, "not yet");
        Box::new(Fixed(5))
    };
}

#[test]
fn a_block_that_panics_does_so_at_the_call_and_is_run_again_by_the_next() {
    let _alone = crate::alone();
    let panicked = catch_unwind(|| FAILS_ONCE.next()).unwrap_err();
    assert_eq!(panicked.downcast_ref::<&str>(), Some(&"not yet"));
    let panicked = catch_unwind(|| FAILS_ONCE.load().next()).unwrap_err();
    assert_eq!(panicked.downcast_ref::<&str>(), Some(&"not yet"));
    assert_eq!(FAILS_ONCE.next(), 5);
    assert_eq!(FAILS_ONCE.name(), "fixed 5");
    assert_eq!(TRIES.load(Ordering::Relaxed), 3);
}

binding! {
    static ITSELF: dyn Source = lazy { Box::new(Fixed(ITSELF.next())) };
    static ONE: dyn Source = lazy {
        FIRST_TRIES.wait_for_the_other();
        Box::new(Fixed(OTHER.next()))
    };
    static OTHER: dyn Source = lazy {
        FIRST_TRIES.wait_for_the_other();
        Box::new(Fixed(ONE.load().next()))
    };
}

/// Where the first two threads meet.
static FIRST_TRIES: FirstTries = FirstTries(AtomicU32::new(2));

struct FirstTries(AtomicU32);

impl FirstTries {
    fn wait_for_the_other(&self) {
        let left = self.0.load(Ordering::SeqCst);
        if left > 0 {
            self.0.fetch_sub(1, Ordering::SeqCst);
            while self.0.load(Ordering::SeqCst) > 0 {
                std::thread::yield_now();
            }
        }
    }
}

#[test]
fn a_block_that_uses_its_own_binding_says_so_and_does_not_wait_for_itself() {
    fn says_so(call: impl FnOnce() -> u64 + std::panic::UnwindSafe, names: &[&str]) {
        let panicked = catch_unwind(call).unwrap_err();
        let said = panicked.downcast_ref::<String>().unwrap();
        assert!(
            said.contains("is used by the block that makes it"),
            "{said}"
        );
        assert!(
            names.iter().any(|name| said.contains(&format!("`{name}`"))),
            "{said}"
        );
    }
    let _alone = crate::alone();
    says_so(|| ITSELF.next(), &["ITSELF"]);
    says_so(|| ITSELF.load().next(), &["ITSELF"]);
    // Two threads, each in the block that the other waits for.
    std::thread::scope(|scope| {
        scope.spawn(|| says_so(|| ONE.next(), &["ONE", "OTHER"]));
        scope.spawn(|| says_so(|| OTHER.next(), &["ONE", "OTHER"]));
    });
    // And one thread in both.
    says_so(|| ONE.next(), &["ONE"]);
    static FIXED: Fixed = Fixed(7);
    ITSELF.swap(&FIXED).unwrap();
    assert_eq!(ITSELF.next(), 7);
}

binding! {
    static NEVER_MADE: dyn Source = lazy { unreachable!("something else is bound first") };
}

#[test]
fn a_swap_ahead_of_the_first_use_makes_nothing() {
    let _alone = crate::alone();
    static OTHER: Fixed = Fixed(6);
    assert!(NEVER_MADE.swap(&OTHER).unwrap().is_none());
    assert_eq!((NEVER_MADE.next(), NEVER_MADE.load().next()), (6, 6));
    assert!(NEVER_MADE.swap_boxed(Box::new(Fixed(8))).unwrap().is_some());
    assert_eq!(NEVER_MADE.next(), 8);
}

binding! {
    static SWAPPED_MEANWHILE: dyn Source = lazy {
        static OTHER: Fixed = Fixed(2);
        assert!(SWAPPED_MEANWHILE.swap(&OTHER).unwrap().is_none());
        assert_eq!(SWAPPED_MEANWHILE.next(), 2);
        Box::new(Fixed(1))
    };
}

#[test]
fn a_block_may_swap_the_binding_that_it_makes_the_first_object_of() {
    let _alone = crate::alone();
    // The call that began it is the new object's already.
    assert_eq!(SWAPPED_MEANWHILE.next(), 2);
    assert_eq!(SWAPPED_MEANWHILE.next(), 2);
}

binding! { static RETURNED: dyn Source = lazy { Box::new(Fixed(1)) }; }

#[test]
fn what_was_made_on_first_use_comes_back_from_a_swap_and_can_be_bound_again() {
    let _alone = crate::alone();
    assert_eq!(RETURNED.next(), 1);
    static OTHER: Fixed = Fixed(3);
    let first = RETURNED.swap(&OTHER).unwrap().unwrap();
    assert_eq!((first.next(), RETURNED.next()), (1, 3));
    // SAFETY: no other thread calls, and nothing of a result is kept.
    unsafe { RETURNED.reclaim() }.unwrap();
    assert_eq!(first.next(), 1);
    RETURNED.restore(&first).unwrap();
    drop(first);
    assert_eq!(
        (RETURNED.next(), RETURNED.name()),
        (1, "fixed 1".to_owned())
    );
}

binding! {
    static RACED: dyn Source = lazy {
        thread::yield_now();
        Box::new(Fixed(1))
    };
}

#[test]
fn a_swap_that_races_with_the_first_use_wins_for_good() {
    let _alone = crate::alone();
    static OTHER: Fixed = Fixed(2);
    let barrier = Arc::new(Barrier::new(2));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            barrier.wait();
            RACED.swap(&OTHER).unwrap();
            done.store(true, Ordering::Release);
            assert_eq!(RACED.next(), 2);
        });
        barrier.wait();
        while !done.load(Ordering::Acquire) {
            assert!([1, 2].contains(&RACED.next()));
            assert!([1, 2].contains(&RACED.load().next()));
        }
        assert_eq!(RACED.next(), 2);
        swapper.join().unwrap();
    });
}

#[static_dispatch]
trait Named: Send + Sync {
    #[static_dispatch]
    fn swap(&self, x: u8) -> u8;
    fn load(&self) -> u8;
}

impl Named for Fixed {
    fn swap(&self, x: u8) -> u8 {
        x + u8::try_from(self.0).unwrap()
    }
    fn load(&self) -> u8 {
        9
    }
}

binding! { static NAMES_CLASH: dyn Named = Fixed(1); }

#[test]
fn where_the_trait_has_methods_of_these_names_the_statics_are_the_traits() {
    crate::in_every_state("initial", "NAMES_CLASH", || {
        static OTHER: Fixed = Fixed(4);
        static FIRST: Fixed = Fixed(1);
        assert_eq!((NAMES_CLASH.swap(1), NAMES_CLASH.load()), (2, 9));
        Binding::swap(&NAMES_CLASH, &OTHER).unwrap();
        assert_eq!((NAMES_CLASH.swap(1), NAMES_CLASH.load()), (5, 9));
        let current: static_call::Loaded<dyn Named> = (*NAMES_CLASH).load();
        assert_eq!(current.swap(2), 6);
        Binding::swap(&NAMES_CLASH, &FIRST).unwrap();
    });
}

binding! { static OWNED: dyn Source = lazy { Box::new(Fixed(1)) }; }

#[test]
fn a_loaded_object_says_who_owns_it() {
    let _alone = crate::alone();
    assert!(format!("{:?}", CONSTANT.load()).contains("\"static\""));
    assert!(format!("{:?}", OWNED.load()).contains("\"box\""));
}
