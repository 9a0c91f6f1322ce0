//! Bindings: global, swappable implementations of a trait, the kernel's
//! `static_call` keys for trait objects.
//!
//! `binding! { pub static CLOCK: dyn Clock = SystemClock; }` declares one. `CLOCK.now()`
//! is a direct call to a trampoline that belongs to the binding and the method; the
//! trampoline holds the bound object's address and the jump to its shim, so that a call
//! loads nothing, compares nothing and takes no lock. A swap writes new code elsewhere
//! and flips one instruction for each method, as `publish` does for call sites.
//!
//! Each crate that calls a method has a trampoline of its own for it, since generic
//! functions are instantiated where they are used. All of them write a record into a
//! section of the object that they end up in, and so all are found.
//!
//! # What is bound, in two places
//! The [`Cell`] points to a reference to the bound object. It is what calls read where
//! code is not patched, and before the first pass patches it: a load, another for the
//! object's two words, and the virtual call. The trampolines hold the same thing as code.
//! Both are written under one lock, cells last.
//!
//! # What was bound
//! A call may be inside a replaced object for any time, and what it returned may borrow
//! from it. Readers leave no trace, so nobody can know; the kernel's callers see to
//! their own grace period, and so do ours. Objects that are `'static` need none. Boxes
//! are kept, until the program says that no call is inside ([`Binding::reclaim`]) or for
//! good.
//!
//! # Plugins
//! A crate that declares a binding may be linked into a host and into its plugins. The
//! copies are one binding: when a plugin is loaded, its copies *follow* the host's of
//! the same name, and swaps through any of them go to the host's.

use core::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use crate::host::in_charge;
use crate::registry::TraitObject;
use crate::sync::Exclusive;

mod cell;
mod change;
mod declaration;
mod error;
mod holder;
pub(crate) mod making;
mod origin;
mod overriding;
mod record;
mod unload;

pub use cell::Cell;
pub(crate) use change::New;
use change::{Changed, Decision, Inner};
use declaration::Kind;
pub use declaration::{
    Always, AlwaysBound, BindingSite, Bound, Initial, MethodOfASharedObject, Shareable, Shared,
    Shares, Sometimes,
};
pub use error::{CompareSwapError, SwapError};
use holder::Holder;
pub use holder::{Loaded, WhenUnloaded};
use making::Turn;
pub(crate) use origin::Origins;
pub use overriding::Override;
use overriding::Overrides;
#[cfg(plugins)]
pub(crate) use record::partner;
pub use record::{BindingRecord, STATIC_CALL_BINDINGS_0_1_0, TrampolineOfBinding, Unbound};
pub(crate) use record::{Object, trampolines};

/// A global, swappable implementation of a trait: what `binding!` declares behind a
/// static, which dereferences to it. See [`binding!`](crate::binding).
///
/// Where the trait has methods of these names, the static's methods are the trait's;
/// write `Binding::swap(&CLOCK, …)` then.
#[repr(C)]
pub struct Binding<D: ?Sized + 'static, K> {
    /// First, so that its address is the binding's: see [`Binding::leader`].
    cell: Cell,
    record: &'static BindingRecord,
    initial: Initial<D>,
    /// What was bound at first, once somebody asked for it or made it.
    first: OnceLock<Arc<Holder<D>>>,
    /// Guarded by the runtime's lock around changes of bindings.
    inner: Exclusive<Inner<D>>,
    overrides: Overrides,
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
    fn leader(&'static self) -> &'static Self {
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
    unsafe fn missing(&'static self) -> Option<&'static D> {
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
    fn first(&'static self) -> Option<&'static Arc<Holder<D>>> {
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
                (in_charge().end_making)(self.0);
            }
        }
        let binding = core::ptr::from_ref(&self.cell).addr();
        loop {
            if let Some(first) = self.first.get() {
                return first;
            }
            match (in_charge().begin_making)(binding) {
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

    /// What is bound, kept alive. Takes no lock.
    fn held(&'static self) -> Option<Loaded<D>> {
        let this = self.leader();
        let mut before = None;
        loop {
            let holder = this.holder()?;
            let at = Arc::as_ptr(&holder);
            match Loaded::of(holder) {
                Some(loaded) => return Some(loaded),
                // Its library is gone, so that something else is bound by now; unless it is
                // that of the binding, whose code is not to be running any more.
                None if before == Some(at) => return None,
                None => before = Some(at),
            }
        }
    }

    /// The holder of what is bound.
    fn holder(&'static self) -> Option<Arc<Holder<D>>> {
        let current = loop {
            if let Some(current) = self.cell.current() {
                break current.as_ptr().cast_const();
            }
            // May be replaced by nothing again, before anybody has looked.
            // SAFETY: the reference is dropped at once.
            unsafe { self.missing() }?;
        };
        if let Initial::Value(value) = &self.initial
            && core::ptr::eq(current, core::ptr::from_ref::<Shared<D>>(*value).cast())
        {
            return self.first().cloned();
        }
        let holder = current.cast::<Holder<D>>();
        // SAFETY: unless it is the declaration's own, what a cell points to is the first
        // field of a holder in an `Arc`, which `inner` or `first` keeps until nobody is
        // in here, by the contract of `reclaim`.
        unsafe {
            Arc::increment_strong_count(holder);
            Some(Arc::from_raw(holder))
        }
    }
}

impl<D: ?Sized + 'static, K: Kind> Binding<D, K> {
    /// What is bound, kept alive: a [`Loaded`]; of a binding that was declared with
    /// `None`, an `Option` of it. Methods that are called through the binding need no
    /// `load`. Takes no lock. The first one of a constant allocates.
    ///
    /// # Panics
    /// Where the block panics that makes it on first use.
    pub fn load(&'static self) -> K::Loaded<D> {
        K::loaded(self.held())
    }
}

impl<D: TraitObject + ?Sized + 'static, K> Binding<D, K> {
    /// Binds an object that lives as long as the program, and returns what was bound;
    /// [`None`] if nothing was, or if that was not made yet.
    ///
    /// Calls that begin after this has returned are the new object's, on every thread.
    /// Across the methods of one trait a swap is not one instant: while it is under way,
    /// one method may be the new object's already and another the old one's still. Each
    /// call is wholly one object's, code and data.
    ///
    /// # Cost
    /// Some tens of microseconds for an object that was bound before, some hundreds for a new
    /// one, most of it in the system: new code is written, and one
    /// instruction flipped for each annotated method. Calls go on meanwhile, at their
    /// usual cost. Where code is not patched, a store.
    ///
    /// # Errors
    /// See [`SwapError`]. May be called from anywhere else but a signal handler: from
    /// inside a bound method, from `Drop`, from several threads, before `main`, from a
    /// plugin.
    pub fn swap(&'static self, object: &'static D) -> Result<Option<Loaded<D>>, SwapError>
    where
        D: Sync,
    {
        let origins = holder::origins(object);
        self.change(|this, inner, _| Decision::Bind(Some(this.fixed(inner, object, origins))))
            .map(Changed::before)
    }

    /// Binds an object that the binding owns from now on, and returns what was bound.
    ///
    /// Once it is replaced, the box is kept: a call may still be inside, and what a
    /// method returned may borrow from it. It is dropped by [`reclaim`](Self::reclaim)
    /// or never. Memory is lost with every swap if `reclaim` is not used; calls pay
    /// nothing for it either way.
    ///
    /// # Errors
    /// As for [`swap`](Self::swap); the box is dropped if nothing leads to it.
    pub fn swap_boxed(&'static self, object: Box<D>) -> Result<Option<Loaded<D>>, SwapError>
    where
        D: Send + Sync,
    {
        let origins = holder::origins(&*object);
        let holder = Arc::new(Holder::boxed(object).from(origins));
        self.change(|_, _, _| Decision::Bind(Some(Loaded::new(holder))))
            .map(Changed::before)
    }

    /// Binds a plugin's object, which keeps its plugin loaded, and returns what was
    /// bound. `when` decides what [`Plugin::unload`](crate::runtime::Plugin::unload) does
    /// while it is bound.
    ///
    /// # Errors
    /// As for [`swap`](Self::swap).
    #[cfg(plugins)]
    pub fn swap_plugin(
        &'static self,
        object: crate::library::PluginBox<D>,
        when: WhenUnloaded,
    ) -> Result<Option<Loaded<D>>, SwapError>
    where
        D: Send + Sync,
    {
        let origins = holder::origins(&*object);
        let holder = Arc::new(Holder::plugins(object, when).from(origins));
        self.change(|_, _, _| Decision::Bind(Some(Loaded::new(holder))))
            .map(Changed::before)
    }

    /// Binds again what was bound once, and returns what was bound.
    ///
    /// # Errors
    /// As for [`swap`](Self::swap).
    pub fn restore(&'static self, object: &Loaded<D>) -> Result<Option<Loaded<D>>, SwapError> {
        self.change(|_, _, _| Decision::Bind(Some(object.clone())))
            .map(Changed::before)
    }

    /// Binds an object that lives as long as the program, if `expected` is bound, and
    /// returns that.
    ///
    /// # Errors
    /// Something else is bound, which is returned with the error; or as for
    /// [`swap`](Self::swap).
    pub fn compare_swap(
        &'static self,
        expected: &Loaded<D>,
        object: &'static D,
    ) -> Result<Loaded<D>, CompareSwapError<D>>
    where
        D: Sync,
    {
        let origins = holder::origins(object);
        let changed = self.change(|this, inner, current| {
            if current.is_some_and(|current| Arc::ptr_eq(&current.0, &expected.0)) {
                Decision::Bind(Some(this.fixed(inner, object, origins)))
            } else {
                Decision::Leave
            }
        })?;
        match changed {
            Changed::Yes { before } => Ok(before.unwrap_or_else(|| expected.clone())),
            Changed::No { current } => Err(CompareSwapError::Changed { current }),
        }
    }

    /// Drops the boxes, and lets go of the plugins' objects, that were bound once and are
    /// not any more. What a [`Loaded`] still holds is dropped with that. Returns how many
    /// were let go.
    ///
    /// # Errors
    /// As for [`swap`](Self::swap), without `Refused`.
    ///
    /// # Safety
    /// Of the objects that are not bound any more: no thread is inside a method that it
    /// called through the binding, nor in `load`, and nothing is left of what such a call
    /// returned if that borrows from the object. Whatever grace period
    /// the program has will do: threads that were joined, a barrier that all have passed,
    /// an epoch.
    pub unsafe fn reclaim(&'static self) -> Result<usize, SwapError> {
        // SAFETY: by the caller's word no call, load or result uses what is not bound any more.
        let gone = unsafe { self.let_go_of(|_| true) }?;
        Ok(gone.len())
        // Dropped here, outside of all locks: a `drop` may swap again.
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
            None => crate::private::never_unbound(),
        }
    }
}

impl<D: TraitObject + ?Sized + 'static> Binding<D, Sometimes> {
    /// Binds nothing, and returns what was bound. Methods return at once from now on, and
    /// give what the trait declares (`#[static_dispatch(none = …)]`).
    ///
    /// # Errors
    /// As for [`swap`](Self::swap).
    pub fn unbind(&'static self) -> Result<Option<Loaded<D>>, SwapError> {
        self.change(|_, _, _| Decision::Bind(None))
            .map(Changed::before)
    }
}
