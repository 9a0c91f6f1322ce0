//! What a binding consists of, and how calls find what is bound: a load, another for the
//! object's two words, and the virtual call, where code is not patched; and in the code itself
//! where it is. What a binding is, and how it is swapped, is in `binding`.

use core::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use crate::sync::Exclusive;

mod cell;
mod declaration;
mod error;
mod holder;
pub(crate) mod making;
mod origin;
mod record;
mod state;

pub use cell::Cell;
pub(crate) use declaration::Kind;
pub use declaration::{
    Always, Bound, Initial, MethodOfASharedObject, Shareable, Shared, Shares, Sometimes,
    never_unbound,
};
pub use error::SwapError;
pub(crate) use holder::Holder;
pub use holder::{Loaded, WhenUnloaded};
use making::Turn;
pub(crate) use origin::{Kept, Origins};
#[cfg(plugins)]
pub(crate) use record::partner;
pub(crate) use record::{BindingIdentity, Concern, Object, look, trampolines};
pub use record::{BindingRecord, STATIC_CALL_BINDINGS_0_1_0, TrampolineOfBinding, Unbound};
pub(crate) use state::{Current, Inner, New, Overrides, Owner};

/// A global, swappable implementation of a trait: what `binding!` declares behind a
/// static, which dereferences to it. See [`binding!`](crate::binding).
///
/// Where the trait has methods of these names, the static's methods are the trait's;
/// write `Binding::swap(&CLOCK, …)` then.
#[repr(C)]
pub struct Binding<D: ?Sized + 'static, K> {
    /// First, so that its address is the binding's: see [`Binding::leader`].
    pub(crate) cell: Cell,
    pub(crate) record: &'static BindingRecord,
    pub(crate) initial: Initial<D>,
    /// What was bound at first, once somebody asked for it or made it.
    pub(crate) first: OnceLock<Arc<Holder<D>>>,
    /// Guarded by the runtime's lock around changes of bindings.
    pub(crate) inner: Exclusive<Inner<D>>,
    pub(crate) overrides: Overrides,
    kind: PhantomData<fn() -> K>,
}

// SAFETY: `inner` is guarded by the lock around changes of bindings, the rest is atomic,
// immutable, or shared behind locks of its own; and `binding!` checks that the objects
// may be shared, with a message of its own.
unsafe impl<D: ?Sized, K> Sync for Binding<D, K> {}

impl<D: ?Sized + 'static, K> Binding<D, K> {
    /// For the expansion of `binding!`.
    ///
    /// # Safety
    /// The object type is [`Sync`], and the record is this binding's.
    pub const unsafe fn new(record: &'static BindingRecord, initial: Initial<D>) -> Self {
        let current = match &initial {
            Initial::Value(value) => core::ptr::from_ref::<Shared<D>>(*value)
                .cast::<()>()
                .cast_mut(),
            Initial::Lazy(_) | Initial::Nothing => core::ptr::null_mut(),
        };
        Binding {
            cell: Cell::new(current),
            record,
            initial,
            first: OnceLock::new(),
            inner: Exclusive::new(Inner::new()),
            overrides: Overrides::new(),
            kind: PhantomData,
        }
    }

    pub(crate) fn cell(&'static self) -> &'static Cell {
        &self.cell
    }

    /// The binding itself, or the host's that it follows.
    pub(crate) fn leader(&'static self) -> &'static Self {
        let leader = self.cell.leader();
        // SAFETY: a cell is the first field of its binding, and `Cell::follow` was
        // given that of the same binding in the host, which has the same type there: the
        // names of types, the trait and the versions of compiler and crate agree.
        unsafe { leader.cast::<Self>().as_ref() }.unwrap_or(self)
    }

    /// The bound object, made if it has to be. Two loads. For the expansion of
    /// annotated traits, which let go of it with the call: see [`Binding::reclaim`].
    ///
    /// # Safety
    /// The reference is used for one call of a method and let go with it, and what that
    /// returns is all that may be left: what is said to whoever reclaims is about such calls.
    #[doc(hidden)]
    #[inline]
    pub unsafe fn current(&'static self) -> Option<&'static D> {
        match self.cell.current() {
            // SAFETY: `Cell::set`: a reference to the bound object, which is not freed
            // while a call may read it.
            Some(current) => Some(unsafe { *current.cast::<&'static D>().as_ref() }),
            // SAFETY: the contract is the same, and the caller upholds it.
            None => unsafe { self.missing() },
        }
    }

    /// What is bound where the binding itself holds nothing yet.
    ///
    /// # Safety
    /// As for [`Binding::current`].
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn missing(&'static self) -> Option<&'static D> {
        let leader = self.leader();
        if !core::ptr::eq(leader, self) {
            // SAFETY: the contract is the same, and the caller upholds it.
            return unsafe { leader.current() };
        }
        if !matches!(self.initial, Initial::Lazy(_)) {
            return None;
        }
        let first = self.first()?;
        // SAFETY: `first` is never freed.
        if unsafe {
            self.cell
                .set_first(core::ptr::from_ref(&first.object).cast())
        } {
            Some(first.object)
        } else {
            // Something else was bound meanwhile.
            // SAFETY: the contract is the same, and the caller upholds it.
            unsafe { self.current() }
        }
    }

    /// What the binding was declared with; made now, if it is to be made on first use.
    pub(crate) fn first(&'static self) -> Option<&'static Arc<Holder<D>>> {
        match &self.initial {
            Initial::Value(value) => Some(
                self.first
                    .get_or_init(|| Arc::new(Holder::fixed(value.reference))),
            ),
            Initial::Lazy(make) => Some(self.made(*make)),
            Initial::Nothing => None,
        }
    }

    /// What is made on first use: made now, if it was not.
    ///
    /// # Panics
    /// If the block that makes it uses it, or waits for a thread that does so for another
    /// binding.
    fn made(&'static self, make: fn() -> Box<D>) -> &'static Arc<Holder<D>> {
        struct Ended(usize);
        impl Drop for Ended {
            fn drop(&mut self) {
                (making::in_charge().end)(self.0);
            }
        }
        let binding = core::ptr::from_ref(&self.cell).addr();
        loop {
            if let Some(first) = self.first.get() {
                return first;
            }
            match (making::in_charge().begin)(binding) {
                Turn::Make => {
                    let _ended = Ended(binding);
                    // Another thread may have ended since this one looked.
                    if self.first.get().is_none() {
                        let _ = self.first.set(Arc::new(Holder::boxed(make())));
                    }
                }
                Turn::Look => {}
                Turn::Circle => {
                    let BindingRecord {
                        name,
                        file,
                        line,
                        column,
                        ..
                    } = self.record;
                    panic!(
                        "the binding `{name}` ({file}:{line}:{column}) is used by the block that \
                         makes it, or by one that it waits for"
                    );
                }
            }
        }
    }
}

impl<D: ?Sized + 'static> Binding<D, Always> {
    /// The bound object, made if it has to be. As [`Binding::current`].
    ///
    /// # Panics
    /// Where the block panicked that makes it on first use.
    ///
    /// # Safety
    /// As for [`Binding::current`].
    #[doc(hidden)]
    #[inline]
    pub unsafe fn bound(&'static self) -> &'static D {
        // SAFETY: the contract is `current`'s, and the caller upholds it.
        match unsafe { self.current() } {
            Some(object) => object,
            None => never_unbound(),
        }
    }
}
