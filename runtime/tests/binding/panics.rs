//! Panics that unwind out of bound methods.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use static_call::{binding, static_dispatch};

#[static_dispatch]
trait Fallible: Send + Sync {
    #[static_dispatch(none = 0)]
    fn fall(&self, x: u32, held: &Arc<()>) -> u32;
    #[static_dispatch(none = String::new())]
    fn fall_with(&self, held: Arc<()>) -> String;
    fn plain(&self, held: &Arc<()>);
}

/// Panics if asked to, with something on its stack.
struct Falls(u32);

impl Fallible for Falls {
    fn fall(&self, x: u32, held: &Arc<()>) -> u32 {
        let _held = Arc::clone(held);
        assert!(x != self.0, "{x} is what it falls at");
        x + self.0
    }
    fn fall_with(&self, held: Arc<()>) -> String {
        let _again = Arc::clone(&held);
        panic!("{} falls always", self.0);
    }
    fn plain(&self, held: &Arc<()>) {
        let _held = Arc::clone(held);
        panic!("{} falls plainly", self.0);
    }
}

binding! { static FALLIBLE: dyn Fallible = Falls(1); }

fn message(work: impl FnOnce()) -> String {
    let panicked = catch_unwind(AssertUnwindSafe(work)).expect_err("it panics");
    *panicked.downcast::<String>().expect("a message")
}

#[test]
fn after_a_panic_in_a_bound_method_everything_goes_on() {
    crate::in_every_state("panics", "FALLIBLE", || {
        for (object, number) in [(&Falls(2), 2), (&Falls(3), 3), (&Falls(1), 1)] {
            let held = Arc::new(());
            let fall = || assert_eq!(FALLIBLE.fall(number, &held), 0);
            FALLIBLE.swap(object).unwrap();
            assert_eq!(message(fall), format!("{number} is what it falls at"));
            assert_eq!(
                FALLIBLE.fall(9, &held),
                9 + number,
                "the next call is as any"
            );
            let with = Arc::clone(&held);
            let text = message(|| drop(FALLIBLE.fall_with(with)));
            assert_eq!(text, format!("{number} falls always"));
            assert_eq!(
                message(|| FALLIBLE.plain(&held)),
                format!("{number} falls plainly")
            );
            assert_eq!(Arc::strong_count(&held), 1, "what was on the stack is gone");
            // And swapped right after, on another thread as well.
            FALLIBLE.swap_boxed(Box::new(Falls(50))).unwrap();
            assert_eq!(FALLIBLE.fall(1, &held), 51);
            let thread = thread::spawn(|| FALLIBLE.fall(50, &Arc::new(())));
            assert!(thread.join().is_err());
            // SAFETY: that thread is gone, and results are numbers.
            unsafe { FALLIBLE.reclaim() }.unwrap();
            assert_eq!(FALLIBLE.fall(1, &held), 51);
        }
    });
}
