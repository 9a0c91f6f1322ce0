//! Where calls have their receiver, and what is not patched for it.

use core::mem::MaybeUninit;

use super::*;
use crate::private::{as_function, receiver_of};
use crate::site::DispatchedMethod;
use crate::static_dispatch;

type Object = MaybeUninit<&'static dyn Send>;

/// Where calls have it that take nothing else and return this.
fn with_result<R>() -> Option<Receiver> {
    receiver_of::<&dyn Send, R>(|asked, receiver| {
        // SAFETY: what is asked takes any arguments, and what it returns is not looked at.
        unsafe { as_function::<unsafe fn(Object) -> MaybeUninit<R>>(asked)(receiver) };
    })
}

#[test]
fn a_result_that_registers_hold_leaves_the_receiver_in_front() {
    for receiver in [
        with_result::<()>(),
        with_result::<u64>(),
        with_result::<[u8; 3]>(),
        with_result::<(f64, f64)>(),
        with_result::<&str>(),
        with_result::<Option<f64>>(),
        with_result::<u128>(),
    ] {
        assert_eq!(receiver, Some(Receiver::First));
    }
}

/// Where it is behind a result's address: that travels in a register of its own elsewhere.
const BEHIND: Receiver = if cfg!(target_arch = "x86_64") {
    Receiver::BehindResult
} else {
    Receiver::First
};

#[test]
fn a_result_in_memory_has_the_receiver_behind_its_address() {
    for receiver in [
        with_result::<[u8; 17]>(),
        with_result::<[u64; 3]>(),
        with_result::<String>(),
        with_result::<Option<[f64; 2]>>(),
        with_result::<Result<String, [u64; 4]>>(),
    ] {
        assert_eq!(receiver, Some(BEHIND));
    }
}

#[test]
fn a_receiver_that_is_elsewhere_is_not_found_and_nothing_is_written() {
    // In all registers but those that a chain may compare, what is in them is a number.
    let untouched = 0_u64;
    let elsewhere = core::ptr::from_ref(&untouched).addr();
    for number in [0, usize::MAX, elsewhere, !elsewhere] {
        let receiver = receiver_of::<&dyn Send, ()>(|asked, receiver| {
            // SAFETY: as above.
            unsafe {
                as_function::<unsafe fn(usize, usize, usize, Object)>(asked)(
                    number, number, number, receiver,
                );
            }
        });
        assert_eq!(receiver, None);
        let receiver = receiver_of::<&dyn Send, ()>(|asked, receiver| {
            // SAFETY: as above.
            unsafe {
                as_function::<unsafe fn(f64, [usize; 4], usize, Object)>(asked)(
                    0.5,
                    [number; 4],
                    number,
                    receiver,
                );
            };
        });
        assert_eq!(receiver, None);
    }
    assert_eq!(core::hint::black_box(untouched), 0);
}

#[test]
fn what_does_not_fit_onto_a_small_stack_is_not_asked() {
    let receiver = receiver_of::<&dyn Send, [u8; 1 << 20]>(|_, _| panic!("asked"));
    assert_eq!(receiver, None);
}

#[static_dispatch(unsafe(crate = crate))]
trait Asked {
    #[static_dispatch(targets = 1)]
    fn narrow(&self, text: &str, words: [u64; 9]) -> u64;
    #[static_dispatch(targets = 1)]
    fn wide<'a>(&'a mut self, text: &'a str, drops: String) -> (String, &'a str);
    #[static_dispatch(targets = 1)]
    unsafe fn never(&self, by: f64) -> !;
    #[static_dispatch(targets = 1)]
    #[allow(
        clippy::large_types_passed_by_value,
        reason = "that is what is refused"
    )]
    fn enormous(&self, argument: [u8; 1 << 20]);
}

#[test]
fn each_method_is_asked_with_its_own_arguments_and_result() {
    type Asked<'a> = dyn super::receivers::Asked + 'a;
    let found = [
        __AskedMethod_narrow::<Asked<'_>>::receiver(),
        __AskedMethod_wide::<Asked<'_>>::receiver(),
        __AskedMethod_never::<Asked<'_>>::receiver(),
        __AskedMethod_enormous::<Asked<'_>>::receiver(),
    ];
    let [first, behind] = [Receiver::First, BEHIND].map(Some);
    assert_eq!(found, [first, behind, first, None]);
}

/// A trampoline as in [`at_rest`], of a method that is asked like this.
fn asked_by(receiver: fn() -> Option<Receiver>) -> Trampoline {
    let resting = at_rest();
    let route = resting.path.route;
    let route = Route {
        receiver,
        site: route.site,
        ..Route::without_guards(route.declaration, 0, route.rest, route.fallback)
    };
    Trampoline::new(Path {
        route: Box::leak(Box::new(route)),
        trampoline: resting.at(),
    })
}

#[test]
fn a_method_whose_receiver_was_not_found_gets_no_chain_and_no_bound_object() {
    let mut trampoline = asked_by(|| None);
    let targets = targets(&trampoline, &[0]);
    let mut publisher = publisher(Refusing::at("nothing"));
    let bound = Bound {
        data: trampoline.at() + 0x40,
        shim: targets[0].shim,
    };
    for lead in [Lead::Chain(&targets), Lead::Bound(bound)] {
        let mut batch = Batch::default();
        let refused = publisher.prepare(&mut trampoline, lead, &mut batch);
        assert!(
            matches!(refused, Err(PrepareError::Unproven)),
            "{refused:?}"
        );
        assert!(batch.is_empty() && batch.code.is_empty());
    }
    // Where no register is compared or written, it does not matter.
    for lead in [Lead::Rest, Lead::Return] {
        let mut batch = Batch::default();
        assert!(publisher.prepare(&mut trampoline, lead, &mut batch).is_ok());
        trampoline.head = Head::Rest;
    }
}

#[test]
fn a_chain_compares_where_the_methods_calls_have_the_vtable() {
    let code = |receiver: fn() -> Option<Receiver>| {
        let mut trampoline = asked_by(receiver);
        let targets = targets(&trampoline, &[0]);
        let mut batch = Batch::default();
        let mut publisher = publisher(Refusing::at("nothing"));
        let head = publisher.prepare(&mut trampoline, Lead::Chain(&targets), &mut batch);
        assert_eq!(head.unwrap(), Head::Body);
        let (at, code) = batch.code.remove(0);
        let expected = arch::chain(at, &targets, trampoline.fallback(), receiver().unwrap());
        assert_eq!(code, expected.unwrap());
        code
    };
    let first = code(|| Some(Receiver::First));
    let behind = code(|| Some(BEHIND));
    if cfg!(target_arch = "x86_64") {
        // The first instruction takes the vtable's address, the second compares it.
        assert_eq!(first[7..10], [0x4C, 0x39, 0xDE]);
        assert_eq!(behind[7..10], [0x4C, 0x39, 0xDA]);
    }
}

#[test]
fn a_method_is_asked_once() {
    use core::sync::atomic::{AtomicUsize, Ordering};
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let mut trampoline = asked_by(|| {
        ASKED.fetch_add(1, Ordering::Relaxed);
        Some(Receiver::First)
    });
    let mut publisher = publisher(Refusing::at("nothing"));
    for numbers in [&[0][..], &[1], &[0, 1, 2, 3]] {
        let targets = targets(&trampoline, numbers);
        publish(&mut publisher, &mut trampoline, &targets);
    }
    assert_eq!(ASKED.load(Ordering::Relaxed), 1);
}
