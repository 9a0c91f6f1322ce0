//! What surrounds the methods: generics, associated types, supertraits, default
//! bodies, `unsafe`, `cfg`, and results that never come.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use static_call::{static_call, static_dispatch};

use crate::kind::{Kind, Learned, Stranger};
use crate::proof::prove;
use crate::signature;

#[static_dispatch(targets = 1)]
trait Generic<A, B: Clone = u8>
where
    A: Debug,
{
    fn combine(&mut self, left: A, right: &B) -> (String, B);
    fn lend<'a>(&self, left: &'a A) -> &'a A;
}

impl<const SEED: u64, A: Debug, B: Clone> Generic<A, B> for Kind<SEED> {
    fn combine(&mut self, left: A, right: &B) -> (String, B) {
        self.calls += 1;
        (format!("{left:?} {}", self.calls), right.clone())
    }
    fn lend<'a>(&self, left: &'a A) -> &'a A {
        left
    }
}

signature!(a_trait_may_have_type_parameters: dyn Generic<Vec<u8>, f32>;
    combine(vec![1, 2], &0.5));
signature!(a_type_parameter_may_be_borrowed: dyn Generic<String>;
    { let text = String::from("lent"); }
    lend(&text) => |text| text.clone());

#[static_dispatch(targets = 1)]
trait Unsized<A: ?Sized> {
    fn wide(&self, value: &A) -> usize;
}

impl<const SEED: u64> Unsized<[u8]> for Kind<SEED> {
    fn wide(&self, value: &[u8]) -> usize {
        value.len() + self.name.len()
    }
}

signature!(a_type_parameter_may_be_unsized: dyn Unsized<[u8]>; wide(&[1, 2, 3]));

#[static_dispatch(targets = 1)]
trait Lifetime<'a> {
    fn keep(&mut self, text: &'a str) -> &'a str;
    fn kept<'b>(&'b self, other: &'b &'a str) -> &'b str;
}

impl<'a, const SEED: u64> Lifetime<'a> for Kind<SEED> {
    fn keep(&mut self, text: &'a str) -> &'a str {
        self.calls += 1;
        &text[1..]
    }
    fn kept<'b>(&'b self, other: &'b &'a str) -> &'b str {
        if SEED == 3 { &self.name } else { other }
    }
}

signature!(a_trait_may_have_a_lifetime_parameter: dyn Lifetime<'static>; keep("static"));
signature!(a_traits_lifetime_meets_a_methods: dyn Lifetime<'static>; kept(&"other")
    => |text| text.to_owned());

#[static_dispatch(targets = 1)]
trait Sizes<const N: usize, const FLAG: bool = true> {
    fn reversed(&self, items: [u16; N]) -> [u16; N];
    fn borrowed<'a>(&self, items: &'a [u16; N]) -> &'a u16;
}

impl<const SEED: u64, const N: usize> Sizes<N, false> for Kind<SEED> {
    fn reversed(&self, mut items: [u16; N]) -> [u16; N] {
        items.reverse();
        items[0] += u16::from(self.bytes[0]);
        items
    }
    fn borrowed<'a>(&self, items: &'a [u16; N]) -> &'a u16 {
        &items[usize::from(self.bytes[0])]
    }
}

signature!(a_trait_may_have_const_parameters: dyn Sizes<5, false>; reversed([1, 2, 3, 4, 5]));
signature!(a_const_parameter_may_size_a_borrowed_array: dyn Sizes<2, false>;
    { let items = [1, 2]; }
    borrowed(&items) => |item| *item);

#[static_dispatch(targets = 1)]
trait Associated {
    type Frame: Debug + Clone;
    type Error: ?Sized;

    fn render(&mut self, frame: Self::Frame) -> Self::Frame;
    fn look<'a>(&self, frame: &'a Self::Frame, error: &'a Self::Error) -> &'a Self::Error;
    fn all(&self, frames: &[Self::Frame]) -> Option<<Self as Associated>::Frame>;
    fn with(&self, view: &dyn Fn(Self::Frame) -> usize, frame: Self::Frame) -> usize;
}

impl<const SEED: u64> Associated for Kind<SEED> {
    type Frame = Vec<u8>;
    type Error = str;

    fn render(&mut self, mut frame: Vec<u8>) -> Vec<u8> {
        frame.extend(self.bytes);
        frame
    }
    fn look<'a>(&self, frame: &'a Vec<u8>, error: &'a str) -> &'a str {
        &error[frame.len()..]
    }
    fn all(&self, frames: &[Vec<u8>]) -> Option<Vec<u8>> {
        frames.last().cloned()
    }
    fn with(&self, view: &dyn Fn(Vec<u8>) -> usize, frame: Vec<u8>) -> usize {
        view(frame) + self.name.len()
    }
}

type Rendering = dyn Associated<Frame = Vec<u8>, Error = str>;

signature!(an_associated_type_comes_and_goes: Rendering; render(vec![9]));
signature!(an_unsized_associated_type_is_borrowed: Rendering;
    { let (frame, text) = (vec![1, 2], String::from("an error")); }
    look(&frame, &text) => |text| text.to_owned());
signature!(an_associated_type_may_stand_inside_others: Rendering; all(&[vec![1], vec![2]]));
signature!(a_closure_may_take_an_associated_type: Rendering; with(&|frame| frame.len(), vec![1]));

#[static_dispatch(targets = 1)]
trait Super: Debug + Send + Iterator<Item = u8>
where
    Self: 'static,
{
    fn described(&mut self, with: <Self as Iterator>::Item) -> String;
}

impl<const SEED: u64> Iterator for Kind<SEED> {
    type Item = u8;
    fn next(&mut self) -> Option<u8> {
        self.bytes.first().copied()
    }
}

impl<const SEED: u64> Super for Kind<SEED> {
    fn described(&mut self, with: u8) -> String {
        format!("{self:?} {with} {:?}", self.next())
    }
}

signature!(a_trait_may_have_supertraits: dyn Super; described(7));

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
    #[cfg(not(all()))]
    fn absent(&self) -> Missing;
    #[cfg(all())]
    fn present(&self, value: u8) -> u8;
    #[cfg(any())]
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
#[cfg(any())]
trait Absent: Missing {
    fn absent(&self) -> Missing;
}

#[static_dispatch(targets = 1)]
#[cfg(all())]
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

#[static_dispatch]
unsafe trait Unsafe {
    #[static_dispatch(targets = 1)]
    unsafe fn at(&self, index: *const u8, moved: String) -> (u8, String);
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
        |object| unsafe { static_call!(object.at(&raw const byte, "moved ".to_owned())) },
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
        |object| unsafe { static_call!(object.scalar(2)) },
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
        |object| caught(|| static_call!(object.give_up("why ".to_owned()))),
    );
}
