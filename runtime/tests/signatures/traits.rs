//! What surrounds the methods: generics, associated types, supertraits.

use std::fmt::Debug;

use static_call::static_dispatch;

use crate::kind::Kind;
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

#[static_dispatch(targets = 1)]
trait Related {
    type From: Into<Self::Into>;
    type Into: Debug;

    fn related(&self, from: Self::From) -> Self::Into;
}

impl<const SEED: u64> Related for Kind<SEED> {
    type From = u8;
    type Into = u32;

    fn related(&self, from: u8) -> u32 {
        u32::from(from) + u32::from(self.bytes[3])
    }
}

signature!(associated_types_may_be_bounded_by_each_other: dyn Related<From = u8, Into = u32>;
    related(3));

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

trait Sampled {
    type Sample: Clone + Debug;
    type Rate: ?Sized;
    fn sample(&self) -> Self::Sample;
}

#[static_dispatch(targets = 1)]
trait Mixed: Sampled + Debug {
    type Own: From<Self::Sample>;
    fn mix(&mut self, with: &[Self::Sample], rate: &Self::Rate) -> Option<Self::Sample>;
    fn own(&self, of: Self::Sample) -> Self::Own;
}

impl<const SEED: u64> Sampled for Kind<SEED> {
    type Sample = u16;
    type Rate = str;
    fn sample(&self) -> u16 {
        u16::from(self.bytes[2])
    }
}

impl<const SEED: u64> Mixed for Kind<SEED> {
    type Own = u32;
    fn mix(&mut self, with: &[u16], rate: &str) -> Option<u16> {
        self.calls += 1;
        let rate = u16::try_from(rate.len()).ok()?;
        Some(with.first()? * rate + self.sample())
    }
    fn own(&self, of: u16) -> u32 {
        u32::from(of) + u32::from(self.bytes[3])
    }
}

type Mixing = dyn Mixed<Sample = u16, Rate = str, Own = u32> + Send;

signature!(an_associated_type_may_be_a_supertraits: Mixing; mix(&[4, 5], "fast"));
signature!(an_own_associated_type_may_be_bounded_by_a_supertraits: Mixing; own(7));

#[static_dispatch(targets = 1)]
trait Closed: Iterator<Item = u8> {
    fn closed(&mut self, by: Self::Item) -> Option<Self::Item>;
}

impl<const SEED: u64> Closed for Kind<SEED> {
    fn closed(&mut self, by: u8) -> Option<u8> {
        Some(self.next()? + by)
    }
}

signature!(a_supertraits_associated_type_may_be_given: dyn Closed; closed(3));

#[static_dispatch(targets = 1)]
trait Lasting: 'static {
    type Kept: Debug + ?Sized;
    fn last_of(&self, kept: &Self::Kept) -> String;
}

impl<const SEED: u64> Lasting for Kind<SEED> {
    type Kept = str;
    fn last_of(&self, kept: &str) -> String {
        format!("{kept:?} {}", self.name)
    }
}

signature!(a_trait_with_associated_types_may_be_static: dyn Lasting<Kept = str>; last_of("kept"));

#[static_dispatch(targets = 1)]
trait LastingBySupertrait<A: Debug>: std::any::Any {
    type Kept: Debug + ?Sized;
    fn any_of(&self, kept: &Self::Kept, with: &A) -> String;
}

impl<const SEED: u64, A: Debug + 'static> LastingBySupertrait<A> for Kind<SEED> {
    type Kept = str;
    fn any_of(&self, kept: &str, with: &A) -> String {
        format!("{kept:?} {} {with:?}", self.name)
    }
}

signature!(a_generic_trait_with_associated_types_may_be_any:
    dyn LastingBySupertrait<u8, Kept = str>; any_of("kept", &1));
