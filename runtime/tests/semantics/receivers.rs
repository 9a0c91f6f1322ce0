//! Whatever a plain call can be made on.

use std::ops::{Deref, DerefMut};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[static_dispatch(targets = 1)]
trait Meter {
    fn read(&self, by: u32) -> u64;
    fn advance(&mut self, by: u32) -> u64;
}

#[derive(Clone)]
struct Slow(u64);
#[derive(Clone)]
struct Fast(u64);

impl Meter for Slow {
    fn read(&self, by: u32) -> u64 {
        self.0 + u64::from(by)
    }
    fn advance(&mut self, by: u32) -> u64 {
        self.0 += u64::from(by);
        self.0
    }
}

impl Meter for Fast {
    fn read(&self, by: u32) -> u64 {
        self.0 * 1000 + u64::from(by)
    }
    fn advance(&mut self, by: u32) -> u64 {
        self.0 += u64::from(by) * 10;
        self.0
    }
}

struct Holder<'a> {
    boxed: Box<dyn Meter>,
    borrowed: &'a dyn Meter,
    many: Vec<Box<dyn Meter>>,
    tuple: (u8, Box<dyn Meter>),
}

struct Owner(Box<dyn Meter>);

impl Deref for Owner {
    type Target = dyn Meter;
    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl DerefMut for Owner {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut *self.0
    }
}

fn boxed(fast: bool) -> Box<dyn Meter> {
    if fast {
        Box::new(Fast(2))
    } else {
        Box::new(Slow(2))
    }
}

/// Every row is a site of its own and is reached with both types.
macro_rules! same {
    ($($receiver:expr),* $(,)?) => {
        $({
            let fast = static_call!($receiver.read(5));
            assert_eq!(fast, $receiver.read(5), "{}", stringify!($receiver));
        })*
    };
}

#[test]
fn a_shared_receiver_may_be_anything_that_leads_to_the_object() {
    in_every_state(file!(), "read", || {
        for fast in [false, true] {
            let object = boxed(fast);
            let reference: &dyn Meter = &*object;
            let twice: &&dyn Meter = &reference;
            let nested: Box<Box<dyn Meter>> = Box::new(boxed(fast));
            let shared: Rc<dyn Meter> = boxed(fast).into();
            let counted: Arc<dyn Meter> = boxed(fast).into();
            let of_arc: &Arc<Box<dyn Meter>> = &Arc::new(boxed(fast));
            let locked = Mutex::new(boxed(fast));
            let owner = Owner(boxed(fast));
            let mut other = boxed(fast);
            let mutable: &mut dyn Meter = &mut *other;
            let holder = Holder {
                boxed: boxed(fast),
                borrowed: reference,
                many: vec![boxed(!fast), boxed(fast)],
                tuple: (0, boxed(fast)),
            };
            let optional = Some(reference);
            same!(
                object,
                *object,
                (*object),
                (&*object),
                &object,
                reference,
                twice,
                &&&twice,
                nested,
                shared,
                counted,
                of_arc,
                locked.lock().unwrap(),
                owner,
                mutable,
                holder.boxed,
                holder.borrowed,
                holder.many[1],
                holder.many.last().unwrap(),
                holder.tuple.1,
                (&holder).boxed,
                optional.unwrap(),
                boxed(fast),
                (Box::new(Slow(1)) as Box<dyn Meter>),
                { boxed(fast) },
                if fast { &object } else { &holder.boxed },
            );
        }
    });
}

#[test]
fn a_mutable_receiver_may_be_anything_that_leads_to_the_object() {
    in_every_state(file!(), "advance", || {
        for fast in [false, true] {
            let mut object = boxed(fast);
            let mut nested: Box<Box<dyn Meter>> = Box::new(boxed(fast));
            let mut owner = Owner(boxed(fast));
            let mut many = vec![boxed(!fast), boxed(fast)];
            let locked = Mutex::new(boxed(fast));
            let mut other = boxed(fast);
            let reference: &mut dyn Meter = &mut *other;
            let expected = boxed(fast).advance(3);
            assert_eq!(static_call!(object.advance(3)), expected);
            assert_eq!(static_call!(nested.advance(3)), expected);
            assert_eq!(static_call!(owner.advance(3)), expected);
            assert_eq!(static_call!(many[1].advance(3)), expected);
            assert_eq!(static_call!(locked.lock().unwrap().advance(3)), expected);
            assert_eq!(static_call!(reference.advance(3)), expected);
            assert_eq!(static_call!(boxed(fast).advance(3)), expected);
            assert_eq!(static_call!((&mut *object).advance(0)), expected);
            // The reference was reborrowed and not moved.
            assert_eq!(
                reference.read(0),
                boxed(fast).advance(3) * if fast { 1000 } else { 1 }
            );
        }
    });
}
