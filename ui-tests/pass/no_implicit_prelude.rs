// No name but those that are written is there.
#![no_implicit_prelude]
#![forbid(unsafe_code)]
#![deny(warnings)]

use ::static_call::{binding, specialize, static_call, static_dispatch};
use ::std::boxed::Box;
use ::std::iter::Iterator;
use ::std::marker::{Send, Sync};
use ::std::pin::Pin;
use ::std::string::String;
use ::std::{assert_eq, clone::Clone, default::Default, option::Option};

#[static_dispatch(object = FastMeter, auto = all)]
pub trait Meter: Send + Sync {
    #[static_dispatch(none = 1, inline = [One])]
    fn count(&self, text: String) -> u8;
    #[static_dispatch]
    fn fill(&mut self) -> [u64; 4];
    #[static_dispatch]
    fn pinned(self: Pin<&mut Self>);
    #[static_dispatch]
    fn nothing(&self);
    fn left_alone(&self) -> u8;
}

pub struct One;

#[static_dispatch]
impl Meter for One {
    fn count(&self, text: String) -> u8 {
        let _ = text;
        1
    }
    fn fill(&mut self) -> [u64; 4] {
        [1; 4]
    }
    fn pinned(self: Pin<&mut Self>) {}
    fn nothing(&self) {}
    fn left_alone(&self) -> u8 {
        2
    }
}

#[static_dispatch(supertrait = Meter)]
pub trait Generic<'a, T, const N: usize>: Meter
where
    T: Clone + 'a,
{
    type Item: Default;
    #[static_dispatch(targets = 3)]
    fn item(&self, from: &[T; N]) -> Option<Self::Item>;
}

impl<'a, T: Clone + 'a, const N: usize> Generic<'a, T, N> for One {
    type Item = u8;
    fn item(&self, from: &[T; N]) -> Option<u8> {
        let _ = from;
        Option::None
    }
}

#[static_dispatch(targets = 2)]
pub trait Borrowing: Iterator {
    fn last_of(&self, other: &Self::Item) -> u8;
}

binding! {
    static CONSTANT: dyn Meter = One;
    static LAZY: dyn Meter + Send = lazy { Box::new(One) };
    static NOTHING: dyn Unbound = None;
}

#[static_dispatch]
pub trait Unbound: Send + Sync {
    #[static_dispatch(none = 3)]
    fn count(&self, text: String) -> u8;
    #[static_dispatch]
    fn nothing(&self);
}

fn main() {
    let mut one: Box<dyn Meter> = Box::new(One);
    assert_eq!(static_call!(one.count(String::new())), 1);
    assert_eq!(static_call!(one.fill(), inline = [One]), [1; 4]);
    static_call!(one.nothing());
    let one = &*one;
    assert_eq!(
        specialize!(one: [One] in { static_call!(one.count(String::new())) + one.left_alone() }),
        3
    );
    let mut pinned: Pin<Box<dyn FastMeter>> = Box::pin(One);
    pinned.as_mut().pinned();
    let generic: &dyn Generic<u8, 3, Item = u8> = &One;
    assert_eq!(static_call!(generic.item(&[1; 3])), Option::None);
    static_call!(generic.nothing());
    assert_eq!(
        CONSTANT.count(String::new()) + LAZY.left_alone() + NOTHING.count(String::new()),
        6
    );
    NOTHING.nothing();
}
