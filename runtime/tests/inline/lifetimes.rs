//! A listed type is `'static`; behind an object that holds what it likes may stand the
//! same type with a shorter lifetime, and its guard knows it all the same.

use std::any::type_name;
use std::cell::Cell;

use static_call::{static_call, static_dispatch};

use crate::{alone, guards_are_expected, prove, row, until_inlined};

#[static_dispatch(targets = 2)]
trait Reads {
    fn reads(&self, at: usize) -> u8;
    fn lends<'a>(&'a self, other: &'a str) -> &'a str;
    fn keeps(&mut self, x: u64) -> u64;
}

/// Borrows.
struct Borrowed<'a> {
    bytes: &'a [u8],
    text: &'a str,
    count: &'a Cell<u64>,
}

impl Reads for Borrowed<'_> {
    fn reads(&self, at: usize) -> u8 {
        self.bytes[at]
    }
    fn lends<'a>(&'a self, other: &'a str) -> &'a str {
        if other.len() > self.text.len() {
            other
        } else {
            self.text
        }
    }
    fn keeps(&mut self, x: u64) -> u64 {
        self.count.set(self.count.get() + x);
        self.count.get()
    }
}

/// Another, which is not listed.
struct Zero;

impl Reads for Zero {
    fn reads(&self, _: usize) -> u8 {
        0
    }
    fn lends<'a>(&'a self, other: &'a str) -> &'a str {
        other
    }
    fn keeps(&mut self, x: u64) -> u64 {
        x
    }
}

fn reads<'a>(object: &'a (dyn Reads + 'a), at: usize) -> u8 {
    static_call!(object.reads(at), inline = [Borrowed<'static>])
}

/// One place where it becomes an object, and so one vtable.
#[inline(never)]
fn object<'a>(borrowed: &'a Borrowed<'a>) -> &'a (dyn Reads + 'a) {
    borrowed
}

#[test]
fn a_shorter_lifetime_behind_the_object_is_the_listed_type() {
    let _alone = alone();
    let site = (file!(), "reads");
    let name = [type_name::<Borrowed<'static>>()];
    let read = |seed: u8| {
        // All of it lives on this stack frame.
        let (bytes, count) = ([seed, 1, 2], Cell::new(0));
        let text = String::from("text");
        let borrowed = Borrowed {
            bytes: &bytes,
            text: &text,
            count: &count,
        };
        assert_eq!(reads(object(&borrowed), 0), seed);
        assert_eq!(reads(object(&borrowed), 2), 2);
    };
    let before = until_inlined(site, &name, || read(9));
    (0..100).for_each(read);
    assert_eq!(row(site.0, site.1).misses, before.misses);
    (0..10).for_each(|at| assert_eq!(reads(&Zero, at), 0));
    if guards_are_expected() {
        assert_eq!(row(site.0, site.1).misses, before.misses + 10);
    }
    // And the one that is `'static` is the same type to a guard.
    let count: &'static Cell<u64> = Box::leak(Box::new(Cell::new(0)));
    let borrowed: Borrowed<'static> = Borrowed {
        bytes: &[4, 5],
        text: "static",
        count,
    };
    let misses = row(site.0, site.1).misses;
    assert_eq!(reads(object(&borrowed), 1), 5);
    assert_eq!(row(site.0, site.1).misses, misses);
}

#[test]
fn what_the_body_lends_lives_as_long_as_the_receiver() {
    let count = Cell::new(0);
    let text = String::from("the object's");
    prove::<dyn Reads + '_, _>(
        (file!(), "lends"),
        type_name::<Borrowed<'static>>(),
        || {
            let borrowed = Borrowed {
                bytes: &[],
                text: &text,
                count: &count,
            };
            [Box::new(borrowed), Box::new(Zero)]
        },
        |object| {
            let lent = object.lends("short");
            (lent.as_ptr().addr(), lent.len())
        },
        |object| {
            let other = "short";
            let lent: &str = static_call!(object.lends(other), inline = [Borrowed<'static>]);
            (lent.as_ptr().addr(), lent.len())
        },
    );
}

#[test]
fn an_exclusive_receiver_with_a_lifetime_of_its_own() {
    fn keeps<'a>(object: &mut (dyn Reads + 'a), x: u64) -> u64 {
        static_call!(object.keeps(x), inline = [Borrowed<'static>, Zero])
    }
    let _alone = alone();
    let count = Cell::new(0);
    let mut object = Borrowed {
        bytes: &[],
        text: "",
        count: &count,
    };
    let mut expected = 0;
    let types = [type_name::<Borrowed<'static>>(), type_name::<Zero>()];
    let mut check = || {
        for x in 1..3 {
            expected += x;
            assert_eq!(keeps(&mut object, x), expected);
        }
        assert_eq!(keeps(&mut Zero, 7), 7);
    };
    let before = until_inlined((file!(), "keeps"), &types, &mut check);
    (0..100).for_each(|_| check());
    assert_eq!(row(file!(), "keeps").misses, before.misses);
    assert_eq!(count.get(), expected);
}

#[test]
fn lifetimes_of_the_trait_are_not_told_apart_either() {
    #[static_dispatch(targets = 2)]
    trait Stores<'a> {
        fn stores(&mut self, text: &'a str) -> usize;
    }
    struct All<T>(Vec<T>);
    impl<'a> Stores<'a> for All<&'a str> {
        fn stores(&mut self, text: &'a str) -> usize {
            self.0.push(text);
            self.0.iter().map(|text| text.len()).sum()
        }
    }
    struct Length;
    impl<'a> Stores<'a> for Length {
        fn stores(&mut self, text: &'a str) -> usize {
            text.len()
        }
    }
    fn stores<'a>(object: &mut (dyn Stores<'a> + 'a), text: &'a str) -> usize {
        static_call!(object.stores(text), inline = [Length])
    }
    let _alone = alone();
    let check = || {
        let text = String::from("four");
        let mut all = All(Vec::new());
        assert_eq!(stores(&mut all, &text), 4);
        assert_eq!(stores(&mut all, "static"), 10);
        assert_eq!(stores(&mut Length, &text), 4);
        assert_eq!(stores(&mut Length, "static"), 6);
    };
    until_inlined((file!(), "stores"), &[type_name::<Length>()], check);
    (0..100).for_each(|_| check());
}
