//! What calls do while nothing is bound.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use static_call::{binding, static_dispatch};

/// Says when it is dropped.
struct Counted(Arc<AtomicU32>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Large([u64; 12]);

static CALLS: AtomicU32 = AtomicU32::new(0);

#[static_dispatch]
trait Sink: Send + Sync {
    #[static_dispatch]
    fn nothing(&self);
    #[static_dispatch]
    fn plain(&self, x: u64, text: &str, y: f64);
    #[static_dispatch]
    fn moved(&self, value: Counted, text: String);
    #[static_dispatch(none = 1 + 2)]
    fn number(&self, x: u64) -> u64;
    #[static_dispatch(none = 1.5)]
    fn float(&self) -> f64;
    #[static_dispatch(none = u128::MAX - 1)]
    fn wide(&self) -> u128;
    #[static_dispatch(none = String::new())]
    fn owned(&self, value: Counted) -> String;
    #[static_dispatch(none = Large([3; 12]))]
    fn large(&self) -> Large;
    #[static_dispatch(none = "nobody")]
    fn borrowed<'a>(&'a self, name: &'a str) -> &'a str;
    #[static_dispatch(none = None)]
    fn option(&self, value: Option<Box<u32>>) -> Option<Box<u32>>;
    #[static_dispatch(none = Err(std::fmt::Error))]
    fn result(&self, out: &mut String) -> Result<(), std::fmt::Error>;
    /// Not annotated, and with nothing to give.
    fn through_the_vtable(&self, value: Counted);
}

struct Real(u32);

impl Sink for Real {
    fn nothing(&self) {
        CALLS.fetch_add(1, Ordering::Relaxed);
    }
    fn plain(&self, x: u64, text: &str, y: f64) {
        assert_eq!((x, text, y.to_bits()), (9, "text", 2.5_f64.to_bits()));
        CALLS.fetch_add(1, Ordering::Relaxed);
    }
    fn moved(&self, value: Counted, text: String) {
        CALLS.fetch_add(1, Ordering::Relaxed);
        drop((value, text));
    }
    fn number(&self, x: u64) -> u64 {
        x + u64::from(self.0)
    }
    fn float(&self) -> f64 {
        f64::from(self.0)
    }
    fn wide(&self) -> u128 {
        u128::from(self.0) << 100
    }
    fn owned(&self, value: Counted) -> String {
        drop(value);
        self.0.to_string()
    }
    fn large(&self) -> Large {
        Large([u64::from(self.0); 12])
    }
    fn borrowed<'a>(&'a self, name: &'a str) -> &'a str {
        name
    }
    fn option(&self, value: Option<Box<u32>>) -> Option<Box<u32>> {
        value.map(|value| Box::new(*value + self.0))
    }
    fn result(&self, out: &mut String) -> Result<(), std::fmt::Error> {
        out.push_str("real");
        Ok(())
    }
    fn through_the_vtable(&self, _: Counted) {
        CALLS.fetch_add(1, Ordering::Relaxed);
    }
}

binding! { static SINK: dyn Sink = None; }

/// Calls every method; returns how many reached an object, and how many values were
/// dropped.
fn call_all(bound: Option<u32>) -> (u32, u32) {
    let before = CALLS.load(Ordering::Relaxed);
    let drops = Arc::new(AtomicU32::new(0));
    let counted = || Counted(Arc::clone(&drops));
    let number = |or: u64| bound.map_or(or, u64::from);
    SINK.nothing();
    SINK.plain(9, "text", 2.5);
    SINK.moved(counted(), "long enough for the heap".repeat(2));
    assert_eq!(SINK.number(0), number(3));
    assert_eq!(
        SINK.float().to_bits(),
        bound.map_or(1.5, f64::from).to_bits()
    );
    assert_eq!(
        SINK.wide(),
        bound.map_or(u128::MAX - 1, |x| u128::from(x) << 100)
    );
    assert_eq!(
        SINK.owned(counted()),
        bound.map_or(String::new(), |x| x.to_string())
    );
    assert_eq!(SINK.large(), Large([number(3); 12]));
    let name = String::from("name");
    assert_eq!(
        SINK.borrowed(&name),
        if bound.is_some() { "name" } else { "nobody" }
    );
    assert_eq!(
        SINK.option(Some(Box::new(1))).as_deref(),
        bound.map(|x| x + 1).as_ref()
    );
    let mut out = String::new();
    assert_eq!(SINK.result(&mut out).is_ok(), bound.is_some());
    assert_eq!(out, if bound.is_some() { "real" } else { "" });
    SINK.through_the_vtable(counted());
    (
        CALLS.load(Ordering::Relaxed) - before,
        drops.load(Ordering::Relaxed),
    )
}

#[test]
fn unbound_methods_give_what_is_declared_and_drop_their_arguments_once() {
    static REAL: Real = Real(40);
    crate::in_every_state("unbound", "SINK", || {
        assert!(SINK.load().is_none());
        assert_eq!(call_all(None), (0, 3));
        assert!(SINK.swap(&REAL).unwrap().is_none());
        assert_eq!(call_all(Some(40)), (4, 3));
        let real = SINK.unbind().unwrap().expect("it was bound");
        assert_eq!(call_all(None), (0, 3));
        assert!(
            SINK.unbind().unwrap().is_none(),
            "once more changes nothing"
        );
        assert!(SINK.restore(&real).unwrap().is_none());
        assert_eq!(call_all(Some(40)), (4, 3));
        assert!(SINK.swap_boxed(Box::new(Real(7))).unwrap().is_some());
        assert_eq!(call_all(Some(7)), (4, 3));
        assert!(SINK.unbind().unwrap().is_some());
        assert_eq!(call_all(None), (0, 3));
    });
}

#[test]
fn a_row_of_an_unbound_binding_says_so() {
    let _alone = crate::alone();
    SINK.unbind().unwrap();
    assert_eq!(crate::row("unbound", "SINK").bound, None);
    static REAL: Real = Real(1);
    SINK.swap(&REAL).unwrap();
    assert!(
        crate::row("unbound", "SINK")
            .bound
            .unwrap()
            .ends_with("Real")
    );
    SINK.unbind().unwrap();
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[static_dispatch]
trait Takes: Send + Sync {
    #[static_dispatch]
    fn take(&self, bomb: Bomb, value: Counted);
}

binding! { static TAKES: dyn Takes = None; }

#[test]
fn an_argument_that_panics_when_it_is_dropped_takes_the_others_with_it() {
    crate::in_every_state("unbound", "TAKES", || {
        let drops = Arc::new(AtomicU32::new(0));
        let value = Counted(Arc::clone(&drops));
        let panicked = catch_unwind(AssertUnwindSafe(|| TAKES.take(Bomb, value))).unwrap_err();
        assert_eq!(panicked.downcast_ref::<&str>(), Some(&"dropped"));
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

/// Types that are spelled like others which have nothing to drop.
#[allow(non_camel_case_types, reason = "that is the point")]
mod namesakes {
    use super::{Arc, AtomicU32, Counted, Ordering, binding, static_dispatch};

    pub(super) struct u64(#[allow(dead_code, reason = "dropped")] pub(super) Counted);

    #[static_dispatch]
    trait Taking: Send + Sync {
        #[static_dispatch]
        fn take(&self, value: u64, flag: bool);
    }

    struct Forgetful;

    impl Taking for Forgetful {
        fn take(&self, value: u64, _: bool) {
            core::mem::forget(value);
        }
    }

    binding! {
        static NAMESAKES: dyn Taking = None;
    }

    #[test]
    fn an_argument_that_only_looks_like_a_primitive_is_dropped_while_nothing_is_bound() {
        let dropped = Arc::new(AtomicU32::new(0));
        let call = || NAMESAKES.take(u64(Counted(Arc::clone(&dropped))), true);
        call();
        NAMESAKES.swap(&Forgetful).expect("it can be swapped");
        call();
        NAMESAKES.unbind().expect("it can be unbound");
        call();
        assert_eq!(dropped.load(Ordering::Relaxed), 2);
    }
}
