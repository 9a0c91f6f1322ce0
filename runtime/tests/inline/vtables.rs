//! One type with several vtables: each crate that makes objects of it has its own.

use std::any::type_name;

use static_call::runtime::State;
use static_call::static_call;
use static_call_fixture_api::{Filter, Scale, scale};

use crate::{alone, guards_are_expected, row, until_inlined};

/// An object with this crate's vtable.
#[inline(never)]
fn own(factor: u64) -> Box<dyn Filter> {
    Box::new(Scale(factor))
}

fn vtable(object: &dyn Filter) -> usize {
    // SAFETY: two words, of which the second is the vtable's address here.
    let words = unsafe { std::mem::transmute::<&dyn Filter, [usize; 2]>(object) };
    words[1]
}

fn call(object: &mut dyn Filter, x: u64) -> u64 {
    static_call!(object.apply(x), inline = [Scale])
}

#[test]
fn a_type_that_is_met_with_two_vtables_hits_with_both() {
    let _alone = alone();
    let (mut own, mut foreign) = (own(3), scale(5));
    assert_ne!(vtable(&*own), vtable(&*foreign), "one vtable shows nothing");
    let site = (file!(), "apply");
    let row = until_inlined(site, &[type_name::<Scale>(); 2], || {
        assert_eq!(call(&mut *own, 7), 21);
        assert_eq!(call(&mut *foreign, 7), 35);
        assert_eq!(call(&mut *foreign, 8), 40);
    });
    for _ in 0..100 {
        assert_eq!(call(&mut *own, 7), 21);
        assert_eq!(call(&mut *foreign, 7), 35);
    }
    if guards_are_expected() {
        assert_eq!(row.state, State::Inlined);
        assert_eq!(crate::row(site.0, site.1).misses, row.misses);
    }
}

#[test]
fn a_listed_type_is_met_although_only_another_crate_makes_its_objects() {
    fn call(object: &dyn static_call_fixture_api::Answer, x: u64) -> u64 {
        static_call!(object.answer(x), inline = [Scale])
    }
    let _alone = alone();
    let object = static_call_fixture_api::scaled_answer(5);
    let site = (file!(), "answer");
    let before = until_inlined(site, &[type_name::<Scale>()], || {
        assert_eq!(call(&*object, 7), 35);
    });
    (0..1000).for_each(|x| assert_eq!(call(&*object, x), 5 * x));
    if guards_are_expected() {
        assert_eq!(row(site.0, site.1).misses, before.misses);
        assert_eq!(before.state, State::Inlined);
    }
}
