//! Overrides with a scope.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use static_call::{binding, static_dispatch};

#[static_dispatch]
trait Number: Send + Sync {
    #[static_dispatch(none = 0)]
    fn number(&self) -> u32;
}

struct Is(u32);

impl Number for Is {
    fn number(&self) -> u32 {
        self.0
    }
}

static TEN: Is = Is(10);
static TWENTY: Is = Is(20);
static THIRTY: Is = Is(30);

binding! {
    static OVERRIDDEN: dyn Number = Is(1);
    static UNBOUND: dyn Number = None;
    static LAZY: dyn Number = lazy { Box::new(Is(5)) };
}

#[test]
fn an_override_ends_with_its_guard_on_all_threads() {
    crate::in_every_state("overrides", "OVERRIDDEN", || {
        let elsewhere =
            || thread::scope(|scope| scope.spawn(|| OVERRIDDEN.number()).join().unwrap());
        {
            let _guard = OVERRIDDEN.override_with(&TEN);
            assert_eq!((OVERRIDDEN.number(), elsewhere()), (10, 10));
        }
        assert_eq!((OVERRIDDEN.number(), elsewhere()), (1, 1));
    });
}

#[test]
fn an_override_of_nothing_and_of_what_was_not_made_yet_gives_back_just_that() {
    crate::in_every_state("overrides", "UNBOUND", || {
        let guard = UNBOUND.override_with(&TEN);
        assert_eq!(UNBOUND.number(), 10);
        drop(guard);
        assert_eq!(UNBOUND.number(), 0);
        assert!(UNBOUND.load().is_none());
    });
    let _alone = crate::alone();
    let guard = LAZY.override_with(&TEN);
    assert_eq!((LAZY.number(), LAZY.load().number()), (10, 10));
    drop(guard);
    assert_eq!(
        crate::row("overrides", "LAZY").bound,
        None,
        "nothing was made"
    );
    assert_eq!((LAZY.load().number(), LAZY.number()), (5, 5));
    drop(LAZY.override_with(&TEN));
    assert_eq!(LAZY.number(), 5);
}

#[test]
fn overrides_nest() {
    crate::in_every_state("overrides", "OVERRIDDEN", || {
        let _ten = OVERRIDDEN.override_with(&TEN);
        {
            let _twenty = OVERRIDDEN.override_with(&TWENTY);
            {
                let _ten = OVERRIDDEN.override_with(&TEN);
                assert_eq!(OVERRIDDEN.number(), 10);
            }
            assert_eq!(OVERRIDDEN.number(), 20);
        }
        assert_eq!(OVERRIDDEN.number(), 10);
    });
    let _alone = crate::alone();
    assert_eq!(OVERRIDDEN.number(), 1);
}

#[test]
fn overrides_may_end_in_any_order() {
    let objects = [&TEN, &TWENTY, &THIRTY];
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    crate::in_every_state("overrides", "OVERRIDDEN", || {
        for order in orders {
            let mut guards = objects.map(|object| Some(OVERRIDDEN.override_with(object)));
            for ended in order {
                guards[ended] = None;
                // The latest that is still in force.
                let latest = guards.iter().rposition(Option::is_some);
                let expected = latest.map_or(1, |latest| objects[latest].0);
                assert_eq!(OVERRIDDEN.number(), expected, "{order:?}, {ended} ended");
            }
        }
    });
}

#[test]
fn overrides_in_a_circle_are_told_and_not_waited_for() {
    binding! {
        static FIRST_OF_THREE: dyn Number = Is(1);
        static SECOND_OF_THREE: dyn Number = Is(2);
        static THIRD_OF_THREE: dyn Number = Is(3);
    }
    let _alone = crate::alone();
    let all_have_one = Barrier::new(3);
    let both = |first: &dyn Fn() -> Box<dyn Any>, second: &dyn Fn() -> Box<dyn Any>| {
        let _first = first();
        all_have_one.wait();
        let said = catch_unwind(AssertUnwindSafe(|| drop(second()))).err()?;
        said.downcast::<String>().ok()
    };
    let first = || Box::new(FIRST_OF_THREE.override_with(&TEN)) as Box<dyn Any>;
    let second = || Box::new(SECOND_OF_THREE.override_with(&TEN)) as Box<dyn Any>;
    let third = || Box::new(THIRD_OF_THREE.override_with(&TEN)) as Box<dyn Any>;
    let said = thread::scope(|scope| {
        let one = scope.spawn(|| both(&first, &second));
        let other = scope.spawn(|| both(&second, &third));
        let last = scope.spawn(|| both(&third, &first));
        [one, other, last].map(|one| one.join().unwrap())
    });
    // Whoever came last would have waited for all, and was told; the others went on.
    let said: Vec<_> = said.into_iter().flatten().collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("_OF_THREE` would wait for ever"),
        "{}",
        said[0]
    );
    assert_eq!(
        (
            FIRST_OF_THREE.number(),
            SECOND_OF_THREE.number(),
            THIRD_OF_THREE.number()
        ),
        (1, 2, 3)
    );
}

#[test]
fn an_override_that_its_thread_has_forgotten_is_told_and_not_waited_for() {
    binding! { static FORGOTTEN: dyn Number = Is(1); }
    let _alone = crate::alone();
    let forgets = thread::Builder::new().name("forgets".into());
    let forgets = forgets.spawn(|| std::mem::forget(FORGOTTEN.override_with(&TEN)));
    forgets.unwrap().join().unwrap();
    let said = catch_unwind(AssertUnwindSafe(|| drop(FORGOTTEN.override_with(&TWENTY))));
    let said = said.unwrap_err().downcast::<String>().unwrap();
    assert!(
        said.contains("the thread `forgets` has ended and never dropped"),
        "{said}"
    );
    assert_eq!(FORGOTTEN.number(), 10);
}

#[test]
fn what_is_swapped_in_during_an_override_ends_with_it() {
    crate::in_every_state("overrides", "OVERRIDDEN", || {
        let guard = OVERRIDDEN.override_with(&TEN);
        OVERRIDDEN.swap(&TWENTY).unwrap();
        assert_eq!(OVERRIDDEN.number(), 20);
        OVERRIDDEN.swap_boxed(Box::new(Is(40))).unwrap();
        assert_eq!(OVERRIDDEN.number(), 40);
        drop(guard);
        assert_eq!(OVERRIDDEN.number(), 1);
        // SAFETY: no other thread calls, and results are numbers.
        assert_eq!(crate::reclaim(&OVERRIDDEN), 1);
    });
}

#[test]
fn a_box_that_was_overridden_is_bound_again_also_after_a_reclaim() {
    let _alone = crate::alone();
    binding! { static OF_A_BOX: dyn Number = Is(1); }
    OF_A_BOX.swap_boxed(Box::new(Is(50))).unwrap();
    for _ in 0..3 {
        let guard = OF_A_BOX.override_with(&TEN);
        crate::reclaim(&OF_A_BOX);
        for number in 0..4 {
            OF_A_BOX.swap_boxed(Box::new(Is(number))).unwrap();
            assert_eq!(OF_A_BOX.number(), number);
        }
        crate::reclaim(&OF_A_BOX);
        drop(guard);
        assert_eq!((OF_A_BOX.number(), OF_A_BOX.load().number()), (50, 50));
    }
}

#[test]
fn an_override_ends_when_its_thread_panics() {
    crate::in_every_state("overrides", "OVERRIDDEN", || {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _ten = OVERRIDDEN.override_with(&TEN);
            let _twenty = OVERRIDDEN.override_with(&TWENTY);
            assert_eq!(OVERRIDDEN.number(), 0, "on purpose");
        }));
        assert!(panicked.is_err());
        assert_eq!(OVERRIDDEN.number(), 1);
        // Nobody waits for the one that panicked.
        thread::spawn(|| {
            let _guard = OVERRIDDEN.override_with(&TEN);
            assert_eq!(OVERRIDDEN.number(), 10);
        })
        .join()
        .unwrap();
        assert_eq!(OVERRIDDEN.number(), 1);
    });
}

static IN_FORCE: AtomicU32 = AtomicU32::new(0);

#[test]
fn two_threads_overrides_exclude_each_other() {
    let _alone = crate::alone();
    thread::scope(|scope| {
        for object in [&TEN, &TWENTY, &THIRTY] {
            scope.spawn(move || {
                for round in 0..40 {
                    let outer = OVERRIDDEN.override_with(object);
                    let inner = (round % 2 == 0).then(|| OVERRIDDEN.override_with(object));
                    assert_eq!(
                        IN_FORCE.fetch_add(1, Ordering::SeqCst),
                        0,
                        "another's is in force"
                    );
                    for _ in 0..10 {
                        assert_eq!(OVERRIDDEN.number(), object.0);
                        thread::yield_now();
                    }
                    if round % 10 == 0 {
                        thread::sleep(Duration::from_millis(1));
                    }
                    assert_eq!(IN_FORCE.fetch_sub(1, Ordering::SeqCst), 1);
                    drop(inner);
                    assert_eq!(OVERRIDDEN.number(), object.0);
                    drop(outer);
                }
            });
        }
    });
    assert_eq!(OVERRIDDEN.number(), 1);
}
