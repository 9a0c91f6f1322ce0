//! What methods may be: with a body, there conditionally, raw, `unsafe`, without
//! an end.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;

use static_call::runtime::State;
use static_call::{static_call, static_dispatch};

use crate::kind::{Kind, Learned, Stranger};
use crate::proof::{alone, prove, reach};
use crate::signature;

#[static_dispatch(targets = 1)]
trait Defaults {
    fn seed(&self) -> u64;
    fn with_body(&self, (left, right): (u64, u64), mut text: String) -> (u64, String) {
        text.push_str(" from the trait");
        (left * right + self.seed(), text)
    }
    fn with_mutable_self(&mut self, by: u64) -> u64 {
        self.bump();
        self.seed() * by
    }
    fn bump(&mut self);
    /// Never the seed of an object.
    #[static_dispatch(skip)]
    fn only_for_sized(&self) -> u64
    where
        Self: Sized,
    {
        0
    }
}

impl<const SEED: u64> Defaults for Kind<SEED> {
    fn seed(&self) -> u64 {
        SEED + self.calls
    }
    fn bump(&mut self) {
        self.calls += 1;
    }
}

#[test]
fn a_method_that_is_skipped_stays_as_it_was() {
    assert_eq!(Learned::default().only_for_sized(), 0);
}

signature!(a_default_body_may_have_patterns: dyn Defaults;
    with_body((6, 7), "text".to_owned()));
signature!(a_default_body_may_change_self: dyn Defaults; with_mutable_self(3));

#[static_dispatch(targets = 1)]
trait Conditional {
    #[cfg(not(test))]
    fn absent(&self) -> Missing;
    #[cfg(test)]
    fn present(&self, value: u8) -> u8;
    #[cfg(not(test))]
    fn absent_too(&self, value: Missing);
    #[must_use]
    fn last(&self, value: u16) -> u16;
}

impl<const SEED: u64> Conditional for Kind<SEED> {
    fn present(&self, value: u8) -> u8 {
        value + self.bytes[1]
    }
    fn last(&self, value: u16) -> u16 {
        value + u16::from(self.bytes[2])
    }
}

signature!(a_method_may_be_there_conditionally: dyn Conditional; present(4));
signature!(a_method_may_follow_absent_ones: dyn Conditional; last(5));

#[static_dispatch(targets = 1)]
#[cfg(not(test))]
trait Absent: Missing {
    fn absent(&self) -> Missing;
}

#[static_dispatch(targets = 1)]
#[cfg(test)]
trait ConditionalItself {
    fn conditional(&self, value: u8) -> u8;
}

impl<const SEED: u64> ConditionalItself for Kind<SEED> {
    fn conditional(&self, value: u8) -> u8 {
        value + self.bytes[1]
    }
}

signature!(the_trait_may_be_there_conditionally: dyn ConditionalItself; conditional(4));

#[static_dispatch(targets = 1)]
trait r#Raw {
    fn r#match(&self, r#type: u8) -> u8;
}

impl<const SEED: u64> r#Raw for Kind<SEED> {
    fn r#match(&self, r#type: u8) -> u8 {
        r#type + self.bytes[1]
    }
}

signature!(names_may_be_raw: dyn r#Raw; r#match(4));

fn both<O: ?Sized>(learned: Box<O>, stranger: Box<O>) -> [Box<O>; 2] {
    [learned, stranger]
}

#[static_dispatch(targets = 1, auto = [Unpin])]
trait Pinned {
    fn pinned_mut(self: Pin<&mut Self>, by: u64, text: String) -> (u64, String);
    fn pinned<'a>(self: Pin<&'a Self>, other: &'a str) -> &'a str;
    fn by_reference(self: &Self, by: u64) -> u64;
    fn by_mutable_reference<'a>(self: &'a mut Self, by: &'a mut u64) -> &'a mut u64;
    fn left_alone(self: std::pin::Pin<Box<Self>>) -> u64;
}

impl<const SEED: u64> Pinned for Kind<SEED> {
    fn pinned_mut(mut self: Pin<&mut Self>, by: u64, text: String) -> (u64, String) {
        self.calls += by;
        (self.calls, text + &self.name)
    }
    fn pinned<'a>(self: Pin<&'a Self>, other: &'a str) -> &'a str {
        if SEED == 3 {
            &self.get_ref().name
        } else {
            other
        }
    }
    fn by_reference(self: &Self, by: u64) -> u64 {
        self.calls + by
    }
    fn by_mutable_reference<'a>(self: &'a mut Self, by: &'a mut u64) -> &'a mut u64 {
        self.calls += *by;
        if SEED == 3 { &mut self.calls } else { by }
    }
    fn left_alone(self: Pin<Box<Self>>) -> u64 {
        self.calls
    }
}

#[test]
fn the_receiver_may_be_pinned() {
    prove(
        (file!(), "pinned_mut"),
        std::any::type_name::<Learned>(),
        || -> [Box<dyn Pinned + Unpin>; 2] {
            both(Box::new(Learned::default()), Box::new(Stranger::default()))
        },
        |object| Pin::new(object).pinned_mut(2, "by ".to_owned()),
        |object| crate::call!(Pin::new(object).pinned_mut(2, "by ".to_owned())),
    );
    prove(
        (file!(), "pinned"),
        std::any::type_name::<Learned>(),
        || -> [Box<dyn Pinned + Unpin>; 2] {
            both(Box::new(Learned::default()), Box::new(Stranger::default()))
        },
        |object| Pin::new(&*object).pinned("other").to_owned(),
        |object| crate::call!(Pin::new(&*object).pinned("other")).to_owned(),
    );
    let alone: Pin<Box<dyn Pinned>> = Box::pin(Learned::default());
    assert_eq!(alone.left_alone(), 3);
}

#[test]
fn a_listed_types_body_is_called_pinned() {
    #[static_dispatch(targets = 1, auto = [Unpin])]
    trait Listed {
        fn listed_mut(self: Pin<&mut Self>, by: u64) -> u64;
        fn listed(self: Pin<&Self>, by: u64) -> u64;
    }
    impl<const SEED: u64> Listed for Kind<SEED> {
        fn listed_mut(mut self: Pin<&mut Self>, by: u64) -> u64 {
            self.calls += by;
            self.calls
        }
        fn listed(self: Pin<&Self>, by: u64) -> u64 {
            self.calls * by
        }
    }
    let _alone = alone();
    let check = || {
        let object: &mut (dyn Listed + Unpin) = &mut Learned::default();
        let mut pinned = Pin::new(object);
        let changed = static_call!(pinned.as_mut().listed_mut(2), inline = [Learned]);
        let read = static_call!(pinned.as_ref().listed(3), inline = [Stranger, Learned]);
        assert_eq!((changed, read), (5, 15));
    };
    for method in ["listed_mut", "listed"] {
        reach(State::Inlined, file!(), method, check);
        check();
    }
}

signature!(the_receiver_may_be_spelled_out: dyn Pinned; by_reference(2));
signature!(the_mutable_receiver_may_be_spelled_out: dyn Pinned;
    { let mut by = 2; }
    by_mutable_reference(&mut by) => |result| *result);

/// # Safety
/// Asks for nothing.
#[static_dispatch]
unsafe trait Unsafe {
    /// # Safety
    /// There is a byte at `index`.
    #[static_dispatch(targets = 1)]
    unsafe fn at(&self, index: *const u8, moved: String) -> (u8, String);
    /// # Safety
    /// `index` is below 4.
    #[static_dispatch(targets = 1)]
    unsafe fn scalar(&mut self, index: usize) -> u8;
}

// SAFETY: the trait asks for nothing.
unsafe impl<const SEED: u64> Unsafe for Kind<SEED> {
    unsafe fn at(&self, index: *const u8, moved: String) -> (u8, String) {
        // SAFETY: the tests below point to a byte.
        (unsafe { *index }, moved + &self.name)
    }
    unsafe fn scalar(&mut self, index: usize) -> u8 {
        // SAFETY: the tests below stay within bounds.
        unsafe { *self.bytes.get_unchecked(index) }
    }
}

fn unsafe_objects() -> [Box<dyn Unsafe>; 2] {
    both(Box::new(Learned::default()), Box::new(Stranger::default()))
}

#[test]
fn an_unsafe_method_with_moved_values_is_called_in_an_unsafe_block() {
    let byte = 7;
    prove(
        (file!(), "at"),
        std::any::type_name::<Learned>(),
        unsafe_objects,
        // SAFETY: there is a byte.
        |object| unsafe { object.at(&raw const byte, "moved ".to_owned()) },
        // SAFETY: as above.
        |object| unsafe { crate::call!(object.at(&raw const byte, "moved ".to_owned())) },
    );
}

#[test]
fn an_unsafe_method_with_scalars_is_called_in_an_unsafe_block() {
    prove(
        (file!(), "scalar"),
        std::any::type_name::<Learned>(),
        unsafe_objects,
        // SAFETY: within bounds.
        |object| unsafe { object.scalar(2) },
        // SAFETY: within bounds.
        |object| unsafe { crate::call!(object.scalar(2)) },
    );
}

#[static_dispatch(targets = 1)]
trait Diverging {
    fn give_up(&self, why: String) -> !;
}

impl<const SEED: u64> Diverging for Kind<SEED> {
    fn give_up(&self, why: String) -> ! {
        std::panic::resume_unwind(Box::new(why + &self.name))
    }
}

fn caught(call: impl FnOnce()) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(call)).err()?;
    payload.downcast().ok().map(|text| *text)
}

#[test]
fn a_result_may_never_come() {
    prove(
        (file!(), "give_up"),
        std::any::type_name::<Learned>(),
        || -> [Box<dyn Diverging>; 2] {
            both(Box::new(Learned::default()), Box::new(Stranger::default()))
        },
        |object| caught(|| object.give_up("why ".to_owned())),
        |object| caught(|| crate::call!(object.give_up("why ".to_owned()))),
    );
}

/// On the trait the option means every method that can have sites: this one cannot.
#[static_dispatch(targets = 1)]
trait Tracked {
    #[track_caller]
    fn located(&self) -> &'static Location<'static>;
    #[track_caller]
    fn located_by_default(&self) -> &'static Location<'static> {
        Location::caller()
    }
    fn weight(&self) -> u64;
}

impl<const SEED: u64> Tracked for Kind<SEED> {
    fn located(&self) -> &'static Location<'static> {
        Location::caller()
    }
    fn weight(&self) -> u64 {
        SEED * 3
    }
}

#[test]
fn methods_that_track_their_caller_are_left_alone_and_still_do() {
    let object: &dyn Tracked = &Learned::default();
    let (one, two, line) = (object.located(), object.located_by_default(), line!());
    assert_eq!((one.line(), two.line()), (line, line));
    assert_eq!((one.file(), two.file()), (file!(), file!()));
    prove(
        (file!(), "weight"),
        std::any::type_name::<Learned>(),
        || -> [Box<dyn Tracked>; 2] {
            both(Box::new(Learned::default()), Box::new(Stranger::default()))
        },
        |object| object.weight(),
        |object| crate::call!(object.weight()),
    );
}
