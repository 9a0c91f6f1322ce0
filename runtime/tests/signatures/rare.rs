//! What a trait may have besides: names that others use, bodies, sealing, methods for C,
//! inherent methods on its objects, implementors without a size.

use static_call::{static_call, static_dispatch};

use crate::kind::{Kind, Learned, Stranger};
use crate::proof::in_every_state;

#[static_dispatch(targets = 1)]
trait Namesakes {
    fn unwrap(&self) -> u64;
    fn next(&mut self) -> Option<u64>;
    fn clone(&self) -> u64;
    fn drop(&mut self, by: u64) -> u64;
}

impl<const SEED: u64> Namesakes for Kind<SEED> {
    fn unwrap(&self) -> u64 {
        SEED
    }
    fn next(&mut self) -> Option<u64> {
        self.calls += 1;
        Some(self.calls)
    }
    fn clone(&self) -> u64 {
        SEED * 2
    }
    fn drop(&mut self, by: u64) -> u64 {
        self.calls -= by;
        self.calls
    }
}

#[test]
fn methods_may_be_named_as_those_of_other_traits() {
    let objects = || -> [Box<dyn Namesakes>; 2] {
        [Box::new(Learned::default()), Box::new(Stranger::default())]
    };
    in_every_state(file!(), "unwrap", || {
        let [learned, stranger] = objects();
        for (object, seed) in [(&learned, 3), (&stranger, 5)] {
            assert_eq!(static_call!(object.unwrap()), seed);
        }
    });
    in_every_state(file!(), "clone", || {
        let [learned, stranger] = objects();
        for (object, seed) in [(&*learned, 3), (&*stranger, 5)] {
            assert_eq!(static_call!(object.clone()), 2 * seed);
        }
    });
    in_every_state(file!(), "next", || {
        for (mut object, seed) in objects().into_iter().zip([3, 5]) {
            assert_eq!(static_call!(object.next()), Some(seed + 1));
        }
    });
    in_every_state(file!(), "drop", || {
        for (mut object, seed) in objects().into_iter().zip([3, 5]) {
            assert_eq!(static_call!(object.drop(2)), seed - 2);
        }
    });
}

/// Nobody else can implement it.
mod sealed {
    pub(super) trait Sealed {}
    impl<const SEED: u64> Sealed for crate::kind::Kind<SEED> {}
}

#[static_dispatch(targets = 1)]
trait Closed: sealed::Sealed {
    fn closed(&self, by: u64) -> u64;
}

impl<const SEED: u64> Closed for Kind<SEED> {
    fn closed(&self, by: u64) -> u64 {
        by * SEED
    }
}

#[test]
fn a_trait_may_be_sealed() {
    in_every_state(file!(), "closed", || {
        let objects: [&dyn Closed; 2] = [&Learned::default(), &Stranger::default()];
        for (object, seed) in objects.into_iter().zip([3, 5]) {
            assert_eq!(static_call!(object.closed(7)), 7 * seed);
        }
    });
}

#[static_dispatch(targets = 1)]
trait Described {
    fn number(&self) -> u64;
    fn described(&self, by: u64) -> String {
        format!("{} {}", std::any::type_name::<Self>(), self.number() + by)
    }
    fn described_by<T: ToString>(&self, by: T) -> String
    where
        Self: Sized,
    {
        format!("{} {}", self.described(1), by.to_string())
    }
}

impl<const SEED: u64> Described for Kind<SEED> {
    fn number(&self) -> u64 {
        SEED
    }
}

#[test]
fn a_default_body_may_name_its_type_and_call_other_methods() {
    in_every_state(file!(), "described", || {
        let objects: [&dyn Described; 2] = [&Learned::default(), &Stranger::default()];
        for (object, seed) in objects.into_iter().zip([3, 5]) {
            let plain = object.described(2);
            assert!(plain.ends_with(&format!("Kind<{seed}> {}", seed + 2)));
            assert_eq!(static_call!(object.described(2)), plain);
        }
    });
}

#[test]
fn a_generic_method_for_sized_types_stays_as_it_was() {
    let described = Learned::default().described_by(0.5);
    assert!(described.ends_with("Kind<3> 4 0.5"), "{described}");
}

#[static_dispatch(targets = 1)]
trait Foreign {
    #[allow(improper_ctypes_definitions, reason = "the receiver is an object")]
    extern "C" fn foreign(&self, by: u64, scale: f64) -> f64;
}

impl<const SEED: u64> Foreign for Kind<SEED> {
    #[allow(improper_ctypes_definitions, reason = "as above")]
    extern "C" fn foreign(&self, by: u64, scale: f64) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "both are small")]
        let sum = (by + SEED) as f64;
        sum * scale
    }
}

#[test]
fn a_method_may_be_one_for_c() {
    in_every_state(file!(), "foreign", || {
        let objects: [&dyn Foreign; 2] = [&Learned::default(), &Stranger::default()];
        for (object, result) in objects.into_iter().zip([2.0, 3.0]) {
            let called = static_call!(object.foreign(1, 0.5));
            assert_eq!(called.to_bits(), f64::to_bits(result));
        }
    });
}

#[static_dispatch(targets = 1)]
trait Extended {
    fn extended(&self) -> u64;
}

impl dyn Extended {
    fn twice(&self) -> u64 {
        2 * static_call!(self.extended())
    }
}

impl<const SEED: u64> Extended for Kind<SEED> {
    fn extended(&self) -> u64 {
        SEED
    }
}

#[test]
fn an_object_type_may_have_inherent_methods() {
    in_every_state(file!(), "extended", || {
        let objects: [&dyn Extended; 2] = [&Learned::default(), &Stranger::default()];
        for (object, seed) in objects.into_iter().zip([3, 5]) {
            assert_eq!(object.twice(), 2 * seed);
        }
    });
}

#[static_dispatch(targets = 3)]
trait Measured {
    fn measured(&self) -> usize;
}

impl Measured for str {
    fn measured(&self) -> usize {
        self.len()
    }
}

impl<T: Copy> Measured for [T] {
    fn measured(&self) -> usize {
        size_of_val(self)
    }
}

impl Measured for u16 {
    fn measured(&self) -> usize {
        size_of_val(self)
    }
}

impl<T: Measured + ?Sized> Measured for Box<T> {
    fn measured(&self) -> usize {
        (**self).measured()
    }
}

#[test]
fn types_without_a_size_and_boxes_of_them_may_implement_a_trait() {
    fn measured<T: Measured + ?Sized>(value: &T) -> usize {
        value.measured()
    }
    assert_eq!((measured("four"), measured(&[1_u32, 2][..])), (4, 8));
    in_every_state(file!(), "measured", || {
        let text: Box<str> = "text".into();
        let slice: Box<[u8]> = Box::new([1, 2, 3]);
        let objects: [&dyn Measured; 3] = [&text, &slice, &1_u16];
        for (object, size) in objects.into_iter().zip([4, 3, 2]) {
            assert_eq!(static_call!(object.measured()), size);
        }
    });
}
