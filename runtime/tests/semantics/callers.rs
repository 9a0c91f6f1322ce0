//! Whatever can hold a call.

use std::fmt::{Debug, Display};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use static_call::{static_call, static_dispatch};

use crate::proof::{alone, chains_are_expected, in_chain, in_every_state, patch, row};

#[static_dispatch(targets = 2)]
trait Worker {
    fn in_async(&self, value: u64) -> u64;
    fn in_generic(&self, value: u64) -> String;
    fn in_closure(&mut self, value: u64) -> u64;
    fn in_recursion(&self, depth: u64, with: &dyn Worker) -> u64;
    fn in_macro(&self, value: u64) -> u64;
    fn in_const_generic(&self, value: u64) -> u64;
    fn in_loops(&self, value: u64) -> Option<u64>;
}

struct Plus(u64);
struct Times(u64);

macro_rules! worker {
    ($ty:ident, $operator:tt) => {
        impl Worker for $ty {
            fn in_async(&self, value: u64) -> u64 {
                value $operator self.0
            }
            fn in_generic(&self, value: u64) -> String {
                format!("{}", value $operator self.0)
            }
            fn in_closure(&mut self, value: u64) -> u64 {
                self.0 = (self.0 + 1) % 10;
                value $operator self.0
            }
            fn in_recursion(&self, depth: u64, with: &dyn Worker) -> u64 {
                if depth == 0 {
                    return self.0;
                }
                // The site calls what calls the site.
                recursive(with, depth - 1, &$ty(self.0)) $operator depth
            }
            fn in_macro(&self, value: u64) -> u64 {
                value $operator self.0
            }
            fn in_const_generic(&self, value: u64) -> u64 {
                value $operator self.0
            }
            fn in_loops(&self, value: u64) -> Option<u64> {
                (value < self.0).then_some(value + 1)
            }
        }
    };
}
worker!(Plus, +);
worker!(Times, *);

fn workers() -> [Box<dyn Worker + Send + Sync>; 2] {
    [Box::new(Plus(7)), Box::new(Times(7))]
}

fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// Is pending once, so that everything around it is kept across the await.
async fn later(value: u64) -> u64 {
    let mut waited = false;
    std::future::poll_fn(|_| {
        let ready = std::mem::replace(&mut waited, true);
        if ready {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    value
}

#[test]
fn an_async_caller_may_await_in_an_argument() {
    async fn plain(worker: &(dyn Worker + Send + Sync)) -> u64 {
        worker.in_async(later(5).await + worker.in_async(1))
    }
    async fn fast(worker: &(dyn Worker + Send + Sync)) -> u64 {
        static_call!(worker.in_async(later(5).await + static_call!(worker.in_async(1))))
    }
    fn is_send<T: Send>(future: T) -> T {
        future
    }
    in_every_state(file!(), "in_async", || {
        for worker in workers() {
            assert_eq!(ready(is_send(fast(&*worker))), ready(plain(&*worker)));
        }
    });
}

#[test]
fn a_generic_caller_shares_one_site_between_its_instantiations() {
    fn generic<T: Display + Debug>(worker: &dyn Worker, value: T) -> String {
        format!("{value} {value:?} {}", static_call!(worker.in_generic(3)))
    }
    in_every_state(file!(), "in_generic", || {
        for worker in workers() {
            let plain = worker.in_generic(3);
            assert_eq!(generic(&*worker, 'x'), format!("x 'x' {plain}"));
            assert_eq!(generic(&*worker, 0.5), format!("0.5 0.5 {plain}"));
            assert_eq!(generic(&*worker, "s"), format!("s \"s\" {plain}"));
        }
    });
    if chains_are_expected() {
        assert_eq!(row(file!(), "in_generic").trampolines, 1);
    }
}

#[test]
fn a_const_generic_caller_of_any_object_type_works() {
    fn generic<const N: u64>(worker: &(impl AsRef<dyn Worker> + ?Sized)) -> u64 {
        static_call!(worker.as_ref().in_const_generic(N))
    }
    struct Own(Box<dyn Worker>);
    impl AsRef<dyn Worker> for Own {
        fn as_ref(&self) -> &(dyn Worker + 'static) {
            &*self.0
        }
    }
    in_every_state(file!(), "in_const_generic", || {
        assert_eq!(generic::<4>(&Own(Box::new(Plus(7)))), 11);
        assert_eq!(generic::<5>(&Own(Box::new(Times(7)))), 35);
    });
}

#[test]
fn a_closure_may_call_and_capture_its_receiver() {
    in_every_state(file!(), "in_closure", || {
        for (mut plain, mut fast) in workers().into_iter().zip(workers()) {
            let mut by_reference = |value| static_call!(fast.in_closure(value));
            assert_eq!(by_reference(1), plain.in_closure(1));
            let mut by_value = move |value| static_call!(fast.in_closure(value));
            assert_eq!(by_value(2), plain.in_closure(2));
            let boxed: Box<dyn FnOnce() -> u64> = Box::new(move || by_value(3));
            assert_eq!(boxed(), plain.in_closure(3));
        }
    });
}

fn recursive(worker: &dyn Worker, depth: u64, with: &dyn Worker) -> u64 {
    static_call!(worker.in_recursion(depth, with))
}

#[test]
fn a_site_may_be_reached_from_inside_its_own_call() {
    fn plus(depth: u64) -> u64 {
        if depth == 0 {
            2
        } else {
            times(depth - 1) + depth
        }
    }
    fn times(depth: u64) -> u64 {
        if depth == 0 {
            3
        } else {
            plus(depth - 1) * depth
        }
    }
    in_every_state(file!(), "in_recursion", || {
        for depth in 0..6 {
            assert_eq!(recursive(&Plus(2), depth, &Times(3)), plus(depth));
            assert_eq!(recursive(&Times(3), depth, &Plus(2)), times(depth));
        }
    });
}

#[test]
fn a_macro_may_build_the_call() {
    macro_rules! call {
        ($object:ident . $method:ident ( $($argument:expr),* )) => {
            static_call!($object.$method($($argument + 1),*))
        };
        (whole $call:expr) => { static_call!($call) };
    }
    in_every_state(file!(), "in_macro", || {
        for worker in workers() {
            assert_eq!(call!(worker.in_macro(2)), worker.in_macro(3));
            assert_eq!(call!(whole worker.in_macro(2)), worker.in_macro(2));
        }
    });
}

#[test]
fn conditions_and_loops_may_call() {
    in_every_state(file!(), "in_loops", || {
        for worker in workers() {
            let mut count = 0;
            while let Some(next) = static_call!(worker.in_loops(count)) {
                count = next;
            }
            assert_eq!(count, 7);
            if let Some(value) = static_call!(worker.in_loops(6))
                && value == 7
            {
                count += 1;
            }
            let Some(value) = static_call!(worker.in_loops(0)) else {
                panic!("0 is below 7");
            };
            assert_eq!(count + value, 9);
        }
    });
}

#[static_dispatch(targets = 2)]
trait Convert<A> {
    fn convert(&self, value: A) -> (String, A);
    fn both_ways(&self, value: &A) -> usize;
}

struct Shown;
struct Doubled;

impl<A: Debug> Convert<A> for Shown {
    fn convert(&self, value: A) -> (String, A) {
        (format!("{value:?}"), value)
    }
    fn both_ways(&self, value: &A) -> usize {
        format!("{value:?}").len()
    }
}

impl<A: Debug> Convert<A> for Doubled {
    fn convert(&self, value: A) -> (String, A) {
        (format!("{value:?} {value:?}"), value)
    }
    fn both_ways(&self, value: &A) -> usize {
        format!("{value:?}").len() * 2
    }
}

/// One `static_call!` for every `dyn Convert<A>`.
fn converted<A: Debug>(converter: &dyn Convert<A>, value: A) -> (String, A) {
    static_call!(converter.convert(value))
}

#[test]
fn one_site_of_a_generic_trait_has_a_trampoline_for_each_instantiation() {
    in_every_state(file!(), "convert", || {
        assert_eq!(converted(&Shown, 7_u8), ("7".to_owned(), 7));
        assert_eq!(converted(&Doubled, 'c'), ("'c' 'c'".to_owned(), 'c'));
        assert_eq!(
            converted(&Shown, String::new()),
            ("\"\"".to_owned(), String::new())
        );
    });
    if chains_are_expected() {
        assert_eq!(row(file!(), "convert").trampolines, 3);
    }
}

#[test]
fn two_instantiations_of_a_trait_for_one_type_are_two_targets() {
    fn length<A>(converter: &dyn Convert<A>, value: &A) -> usize {
        static_call!(converter.both_ways(value))
    }
    // Made once: where an object is made decides which vtable of its type it has.
    let (bytes, texts): (&dyn Convert<u8>, &dyn Convert<&str>) = (&Doubled, &Doubled);
    let call = || {
        assert_eq!(length(bytes, &7), 2);
        assert_eq!(length(texts, &"text"), 12);
    };
    let _alone = alone();
    let before = patch(file!(), "both_ways", call);
    (0..100).for_each(|_| call());
    let after = row(file!(), "both_ways");
    if chains_are_expected() {
        let name = std::any::type_name::<Doubled>();
        assert_eq!(in_chain(&before), [name, name]);
        assert_eq!((before.trampolines, after.misses), (2, before.misses));
    }
}

#[static_dispatch(targets = 1)]
trait Grouped {
    fn grouped(&self, value: u64) -> u64;
}

macro_rules! times_ten {
    ($ty:ident, $argument:ident => $by:expr, $bound:ty) => {
        struct $ty;
        #[static_dispatch]
        impl Grouped for $ty {
            fn grouped(&self, $argument: u64) -> u64 {
                $by * 10
            }
        }

        #[static_dispatch(targets = 1)]
        trait WithGroups {
            fn bounds(&self, value: &$bound) -> bool;
            fn body(&self, $argument: u64) -> u64 {
                $by * 10
            }
        }
        impl WithGroups for $ty {
            fn bounds(&self, value: &$bound) -> bool {
                value.is::<u8>()
            }
        }
    };
}
times_ten!(Ten, value => value + 1, dyn std::any::Any + Send);

#[test]
fn what_a_macro_passes_as_one_expression_or_type_stays_one() {
    macro_rules! call {
        ($object:expr, $left:expr, $right:expr) => {
            static_call!($object.grouped($left * $right + format!("{}", $left * 2).len() as u64))
        };
    }
    in_every_state(file!(), "grouped", || {
        let object: &dyn Grouped = &Ten;
        let reference = &object;
        // 3 * 7 + 1, plus one, times ten.
        assert_eq!(call!(*reference, 1 + 2, 3 + 4), 230);
    });
    let object: &dyn WithGroups = &Ten;
    assert!(object.bounds(&3_u8));
    assert_eq!(object.body(2), 30);
}
