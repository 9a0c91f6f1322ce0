//! Declarations of bindings, under strict lints.
#![deny(warnings)]
#![forbid(unsafe_code)]
#![forbid(missing_docs)]
#![deny(clippy::all, clippy::pedantic)]

use static_call::{Binding, binding, static_dispatch};

/// A trait with a generic, an associated type, and names that bindings have too.
#[static_dispatch]
pub trait Store<K>: Send + Sync {
    /// What is stored.
    type Value;
    /// Gets.
    #[static_dispatch]
    fn load(&self, key: K) -> Self::Value;
    /// Says how many.
    fn len(&self) -> usize;
    /// Needs an object of one's own.
    fn clear(&mut self) {}
}

struct Constant(u8);

impl Store<u32> for Constant {
    type Value = u64;
    fn load(&self, key: u32) -> u64 {
        u64::from(self.0) + u64::from(key)
    }
    fn len(&self) -> usize {
        1
    }
}

/// A log.
#[static_dispatch]
pub trait Log: Send + Sync {
    /// Writes.
    #[static_dispatch]
    fn write(&self, line: String);
    /// Counts.
    #[static_dispatch(none = 0)]
    fn count(&self) -> usize;
    /// Does nothing.
    fn nothing(&self) {}
}

binding! {
    /// Two in one.
    pub static STORE: dyn Store<u32, Value = u64> = Constant(1);
    /// Made on first use.
    pub(crate) static LAZY: dyn Store<u32, Value = u64> = lazy { Box::new(Constant(2)) };
    /// Nothing at first.
    #[allow(dead_code)]
    static LOG: dyn Log = None;
    #[cfg(any())]
    static LEFT_OUT: dyn DoesNotExist = None;
}

fn main() {
    static OTHER: Constant = Constant(7);
    assert_eq!((STORE.load(1), STORE.len()), (2, 1));
    assert_eq!(LAZY.load(1), 3);
    Binding::swap(&STORE, &OTHER).unwrap();
    assert_eq!(STORE.load(1), 8);
    assert_eq!(Binding::load(&STORE).load(2), 9);
    LOG.write("dropped".into());
    LOG.nothing();
    assert_eq!(LOG.count(), 0);
    binding! { static LOCAL: dyn Store<u32, Value = u64> = Constant(3); }
    assert_eq!(LOCAL.load(0), 3);
}
