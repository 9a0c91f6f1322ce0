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
//! The [`Cell`](crate::bound::Cell) points to a reference to the bound object. It is what calls read where
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

use std::sync::Arc;

#[cfg(plugins)]
use crate::bound::WhenUnloaded;
use crate::bound::{Binding, Holder, Loaded, Sometimes, SwapError};
use crate::registry::TraitObject;

mod change;
mod error;
mod handle;
mod overriding;
mod record;
mod unload;

use change::{Changed, Decision};
pub use error::CompareSwapError;
pub use overriding::Override;

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
        let origins = handle::origins(object);
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
        let origins = handle::origins(&*object);
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
        let origins = handle::origins(&*object);
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
        let origins = handle::origins(object);
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
