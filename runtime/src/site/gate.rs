//! How a call gets from its site into the method's entry.

use core::any::TypeId;
use core::marker::PhantomData;

use super::inline::Key;
use super::record::record;
use super::{BindingSite, CallSite, LISTED_IN_SITE, List, Ordering, Route, SiteOf};
use crate::arch::Receiver;
use crate::bound::Unbound;
use crate::registry::Table;
use crate::vtable::vtable_of;

/// What a call site hands to the entry: its trampoline for the method that the entry
/// belongs to, which is a constant.
///
/// By value, because that keeps the trampoline a local function of the call site's
/// crate. If its address came by way of the [`CallSite`] impl, rustc would export
/// it from libraries and load it from the GOT, and a call in a loop would be an
/// indirect one.
pub struct Gate<S, M> {
    trampoline: unsafe extern "C-unwind" fn(),
    types: PhantomData<fn() -> (S, M)>,
}

/// The word of a call site that the site and the trampoline beside it are its own. A value, so
/// that it is given where no code of the user's stands, and not `Copy`, so that nobody has it
/// from there.
pub struct Own(());

impl Own {
    /// # Safety
    /// It is used with a call site's own static and trampoline.
    pub const unsafe fn new() -> Self {
        Own(())
    }
}

/// A dispatched method of an object type, as a type: `#[static_dispatch]` makes them.
///
/// # Safety
/// For the expansion of `#[static_dispatch]`. What it says of the method is what a trampoline
/// leads to, and `table` is the table that the object's own vtable leads to.
pub unsafe trait DispatchedMethod {
    /// The object type.
    type Object: ?Sized;

    /// The types that the method's annotation lists for inlining.
    type Inline: List<Self>
    where
        Self: Sized;

    /// Names a type together with the trait as the object type has it, generics and
    /// associated types included: what `Table::distinct` names its implementation.
    fn identity_of<T: 'static>() -> TypeId
    where
        Self: Sized;

    /// The table that the object's vtable leads to.
    fn table(object: &Self::Object) -> &'static Table;

    /// Where calls from a site to this method lead.
    fn route<S: SiteOf<Self>>() -> &'static Route
    where
        Self: Sized;

    /// Jumps to the fallback, with whatever arguments there are.
    ///
    /// # Safety
    /// Reached by jumps from the trampolines of this method only.
    unsafe extern "C-unwind" fn rest<S: SiteOf<Self>>()
    where
        Self: Sized;

    /// Where the receiver is when a trampoline of this method is entered, if anywhere
    /// where a chain looks.
    fn receiver() -> Option<Receiver> {
        None
    }

    /// The method's place in the trait's declaration.
    const INDEX: usize;

    /// Jumps to a binding's way at rest, with whatever arguments there are. Methods that
    /// bindings do not have never get there.
    ///
    /// # Safety
    /// Reached by jumps from the trampolines of this method only.
    unsafe extern "C-unwind" fn rest_of_bound<B: BindingSite<Object = Self::Object>>()
    where
        Self::Object: 'static,
    {
        unreachable!("bindings have no trampolines for this method")
    }

    /// What a binding's method does while nothing is bound.
    fn unbound<B: BindingSite<Object = Self::Object>>() -> Unbound
    where
        Self::Object: 'static,
    {
        Unbound::Never
    }
}

/// Stands for methods that have no call sites.
pub enum NotAnnotated {}

// SAFETY: nothing comes of it.
unsafe impl DispatchedMethod for NotAnnotated {
    type Object = ();
    type Inline = ();

    const INDEX: usize = 0;

    fn identity_of<T: 'static>() -> TypeId {
        unreachable!("no entry of a method that is not annotated compiles")
    }

    fn table((): &()) -> &'static Table {
        unreachable!("no entry of a method that is not annotated compiles")
    }

    fn route<S: SiteOf<Self>>() -> &'static Route {
        unreachable!("no entry of a method that is not annotated compiles")
    }

    unsafe extern "C-unwind" fn rest<S: SiteOf<Self>>() {
        unreachable!("no entry of a method that is not annotated compiles")
    }
}

// Without bounds, which rustc would check at each call site; the entry has them.
impl<S, M> Gate<S, M> {
    /// For the expansion of `static_call!`.
    #[inline(always)]
    #[allow(
        improper_ctypes_definitions,
        reason = "it is no call of C that is declared here, but a place in code"
    )]
    pub fn new(trampoline: unsafe extern "C-unwind" fn(PhantomData<(S, M)>), _: Own) -> Self {
        Gate {
            // SAFETY: both are pointers to functions, and neither is called as what it is
            // declared to be; see `trampoline!`.
            trampoline: unsafe {
                core::mem::transmute::<
                    unsafe extern "C-unwind" fn(PhantomData<(S, M)>),
                    unsafe extern "C-unwind" fn(),
                >(trampoline)
            },
            types: PhantomData,
        }
    }
}

impl<S: CallSite, M: DispatchedMethod> Gate<S, M> {
    /// Where calls go that no guard has caught: to the trampoline, or to the fallback
    /// itself where there are none.
    ///
    /// # Safety
    /// The trampoline leads to `fallback`, by whatever chain.
    #[inline(always)]
    pub unsafe fn lead<F: Copy>(&self, fallback: F) -> F {
        if super::TRAMPOLINES {
            // SAFETY: by the caller's word the trampoline leads to `fallback`, so that it is
            // called with the arguments of that.
            unsafe { with_signature_of(fallback, self.trampoline) }
        } else {
            fallback
        }
    }

    /// Whether this vtable is the first that the guard of the type at `position` in the
    /// list knows. One relaxed load.
    #[inline(always)]
    pub fn knows(&self, position: usize, vtable: usize) -> bool
    where
        S: SiteOf<M>,
    {
        vtable == S::site().keys[position].load(Ordering::Relaxed)
    }

    /// Whether this vtable is one that the guard of the type at `position` knows, apart
    /// from what the arm has compared it with.
    #[inline(always)]
    pub fn knows_behind(&self, position: usize, vtable: usize) -> bool
    where
        S: SiteOf<M>,
    {
        let is = |key: &Key| vtable == key.load(Ordering::Relaxed);
        let keys = S::keys();
        (position >= LISTED_IN_SITE && is(keys.first(position))) || is(keys.second(position))
    }
}

/// Records a call that is about to be made plainly.
///
/// # Safety
/// The route is the method's.
pub unsafe fn record_call<M: DispatchedMethod>(object: &M::Object, route: &'static Route) {
    let vtable = vtable_of(object);
    let receiver = core::ptr::from_ref(object).cast::<()>().addr();
    record((route.site)(), (receiver, vtable), M::table(object), route);
}

/// A trampoline with the signature of the fallback that it stands for.
///
/// # Safety
/// The trampoline leads to `fallback`, by whatever chain.
#[inline(always)]
pub unsafe fn with_signature_of<F: Copy>(
    fallback: F,
    trampoline: unsafe extern "C-unwind" fn(),
) -> F {
    let _ = fallback;
    // SAFETY: by the caller's contract the one takes and returns what the other does.
    unsafe { as_function(trampoline) }
}

/// Code as a function of any signature.
///
/// # Safety
/// It is code that takes and returns what such a function does, where rustc's callers of
/// such functions have it.
#[inline(always)]
pub unsafe fn as_function<F: Copy>(code: unsafe extern "C-unwind" fn()) -> F {
    const {
        assert!(
            size_of::<F>() == size_of::<unsafe extern "C-unwind" fn()>(),
            "a function pointer is expected"
        );
    }
    // SAFETY: both are pointers to functions, by the assertion and the caller's contract.
    unsafe { core::mem::transmute_copy(&code) }
}
