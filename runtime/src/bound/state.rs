//! What a binding knows of itself beside what calls read: `binding` changes it, under the
//! runtime's lock around changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread::Thread;

use super::holder::{Holder, Loaded};
use super::record::Object;

/// What a change of a binding looks at.
pub(crate) struct Inner<D: ?Sized + 'static> {
    pub(crate) current: Current<D>,
    /// Holders of the `'static` objects that were bound, to be found again by the
    /// addresses of object and vtable: calls may read them for any time.
    pub(crate) known: BTreeMap<(usize, usize), Arc<Holder<D>>>,
    /// What was bound, and is owned, by the holder's address: there may be a great many,
    /// and a swap is not to be slower for that.
    pub(crate) retired: BTreeMap<usize, Arc<Holder<D>>>,
    /// What the overrides in force have replaced, the latest last.
    pub(crate) overridden: Vec<(u64, Option<Loaded<D>>)>,
    pub(crate) last_override: u64,
}

impl<D: ?Sized + 'static> Inner<D> {
    pub(crate) const fn new() -> Self {
        Inner {
            current: Current::First,
            known: BTreeMap::new(),
            retired: BTreeMap::new(),
            overridden: Vec::new(),
            last_override: 0,
        }
    }
}

pub(crate) enum Current<D: ?Sized + 'static> {
    /// What the binding was declared with, made or not.
    First,
    Nothing,
    Held(Arc<Holder<D>>),
}

/// What is to be bound, as the runtime wants to know it.
#[derive(Clone, Copy)]
pub(crate) struct New {
    /// Address of a reference to the object.
    pub(crate) reference: *const (),
    pub(crate) object: Object,
    /// Whether a box of the program's own owns it.
    pub(crate) is_boxed: bool,
}

/// Which thread has overridden a binding.
pub(crate) struct Overrides {
    pub(crate) owner: Mutex<Option<Owner>>,
    pub(crate) released: Condvar,
}

/// Who that is.
pub(crate) struct Owner {
    pub(crate) thread: Thread,
    /// How many times.
    pub(crate) depth: usize,
    /// There as long as the thread is; not known of one that ends when it overrides.
    pub(crate) alive: Option<Weak<()>>,
}

impl Overrides {
    pub(crate) const fn new() -> Self {
        Overrides {
            owner: Mutex::new(None),
            released: Condvar::new(),
        }
    }
}
