// What the trait says of its types, methods may rely on and repeat; lifetimes of methods may
// be compared as they like.
#![deny(warnings)]
use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Stated<'t, T: 'static>: 'static {
    type Item: 't;
    #[static_dispatch]
    fn stated(&'static self, held: &'static [T], item: Option<&'t Self::Item>) -> &'t u8
    where
        Self: 'static,
        T: 't,
        Self::Item: 't;
    #[static_dispatch]
    fn compared<'a, 'b: 't>(&self, a: &'a Self::Item, b: &'b u8) -> &'a Self::Item
    where
        'b: 'a,
        Self::Item: 'a,
        T: 'a;
}

struct One;

impl<'t> Stated<'t, String> for One {
    type Item = u8;
    fn stated(&'static self, _: &'static [String], _: Option<&'t u8>) -> &'t u8 {
        &1
    }
    fn compared<'a, 'b: 't>(&self, a: &'a u8, b: &'b u8) -> &'a u8
    where
        'b: 'a,
    {
        if a < b { a } else { b }
    }
}

// What cannot be dispatched is left alone where all methods are annotated at once.
#[static_dispatch(targets = 2, object = FastWhole)]
pub trait Whole {
    fn receiver(&'static self) -> u8;
    fn longer<'a: 'static>(&'a self, x: &'a u8);
    fn condition(&self) -> u8
    where
        Self: 'static;
    fn dispatched(&self) -> u8;
}

#[static_dispatch(targets = 2, object = FastParameter)]
pub trait Parameter<'t, T> {
    type Item;
    fn reference(&self, x: &'static T) -> u8;
    fn of_the_trait(&self, x: &'t T) -> u8;
    fn associated(&self, x: Option<&'static Self::Item>);
    fn condition(&self, x: T)
    where
        T: 'static;
    fn dispatched(&mut self, x: T);
}

fn main() {
    let one: &'static dyn Stated<String, Item = u8> = &One;
    assert_eq!(*static_call!(one.stated(&[], None)), 1);
    assert_eq!(*static_call!(one.compared(&2, &3)), 2);
}
