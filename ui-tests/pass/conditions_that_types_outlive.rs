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

fn main() {
    let one: &'static dyn Stated<String, Item = u8> = &One;
    assert_eq!(*static_call!(one.stated(&[], None)), 1);
    assert_eq!(*static_call!(one.compared(&2, &3)), 2);
}
