//! What expansions call. Not covered by semantic versioning: the macros of the
//! same version are the only users.

pub use core;
pub use core::any::type_name;
pub use core::marker::PhantomData;
pub use core::mem::{ManuallyDrop, MaybeUninit};
use core::pin::Pin;

pub use linkme;
pub use static_call_macros::{
    expand_binding, expand_plain_call, expand_specialize, expand_static_call,
};
pub use std::boxed::Box;
pub use typeid::of as identity;

pub use crate::binding::{
    Always, AlwaysBound, Binding, BindingRecord, BindingSite, Bound, Cell, Initial,
    MethodOfASharedObject, STATIC_CALL_BINDINGS_0_1_0 as BINDINGS, Shareable, Shared, Shares,
    Sometimes, TrampolineOfBinding, Unbound,
};

pub use crate::registry::{
    Code, DeclaredTrait, Implementation, MethodDeclaration, RegisteredImplementation,
    STATIC_CALL_DECLARATIONS_0_1_0 as DECLARATIONS,
    STATIC_CALL_IMPLEMENTATIONS_0_1_0 as IMPLEMENTATIONS, Table, TraitDeclaration, TraitObject,
    slot_of,
};
pub use crate::site::TRAMPOLINES;
pub use crate::site::{
    CallSite, DispatchedMethod, Gate, Guards, HOT_FROM, Keys, List, ListOfMethod, NotAnnotated,
    Own, Place, Route, STATIC_CALL_SITES_0_1_0 as SITES, Site, SiteOf, Switch, count_miss,
    counts_misses, record_call as record,
};
pub use crate::specialize::Specialize;
pub use crate::{
    for_editors, rest, rest_of_bound, site, site_at, trampoline, trampoline_of_binding,
};

/// The auto traits that object types may carry.
pub mod auto {
    pub use core::marker::{Send, Sync, Unpin};
    pub use core::panic::{RefUnwindSafe, UnwindSafe};
}

/// Bound of the entries that stand in for methods without a trampoline. Never
/// implemented: its message is all there is to it.
#[diagnostic::on_unimplemented(
    message = "this method is not annotated for `static_call!`",
    label = "this method has no call sites",
    note = "add `#[static_dispatch(targets = 2)]` to the method in its trait, or call it plainly"
)]
pub trait AnnotatedMethod {}

/// Bound of the entries that stand in where a call has no arguments and the method takes
/// some. Never implemented.
#[diagnostic::on_unimplemented(
    message = "this method takes {COUNT} argument(s) but 0 arguments were supplied",
    label = "arguments are missing"
)]
pub trait Takes<const COUNT: usize> {}

/// A register that a trampoline of a binding overwrites, or nobody looks at.
pub type Nothing = MaybeUninit<usize>;

/// The receiver of a bound method where no receiver is: the bound type has no content.
#[inline(always)]
pub fn nowhere<T>(_: &T) -> &T {
    const {
        assert!(size_of::<T>() == 0, "the type of bindings has no content");
    }
    // SAFETY: a reference to nothing, aligned.
    unsafe { core::ptr::NonNull::dangling().as_ref() }
}

/// Whether bindings to this object type can be declared: a bound.
pub const fn is_shareable<D: Shareable + ?Sized>() {}

/// Whether such bindings may be without an object: an error at compile time if not, at the
/// caller, where the user's token is.
///
/// # Panics
/// If not.
#[track_caller]
pub const fn may_be_unbound<D: TraitObject + ?Sized>() {
    let lacks = <D::__Trait as DeclaredTrait>::LACKS_RESULTS;
    assert!(lacks.is_empty(), "{}", lacks);
}

/// Where a method has nothing to give while nothing is bound.
///
/// # Panics
/// Always. Such bindings are always bound, so that this is never reached.
#[cold]
#[inline(never)]
pub fn never_unbound() -> ! {
    panic!("a binding that is always bound has lost its object")
}

/// Address of the vtable of a trait object.
#[inline(always)]
pub fn vtable_of<T: ?Sized>(object: &T) -> usize {
    vtable_of_pointer(core::ptr::from_ref(object))
}

/// Address of the vtable in a pointer to a trait object.
///
/// The layout of such pointers, data before vtable, is rustc's and not promised;
/// the size is checked at compile time, the order at start-up.
#[inline(always)]
pub fn vtable_of_pointer<T: ?Sized>(object: *const T) -> usize {
    const {
        assert!(
            size_of::<*const T>() == 2 * size_of::<usize>(),
            "a pointer to a trait object is two words"
        );
    }
    // SAFETY: two words, by the assertion; any two words are two pointers.
    let words = unsafe { core::mem::transmute_copy::<*const T, [*const (); 2]>(&object) };
    words[1].addr()
}

/// The value behind an object, by its own type.
///
/// # Safety
/// The object's type is `T`, but for lifetimes.
#[inline(always)]
pub unsafe fn assume<T, O: ?Sized>(object: &O) -> &T {
    // SAFETY: the data pointer of an object points to the value; the caller's word
    // for its type.
    unsafe { &*core::ptr::from_ref(object).cast::<T>() }
}

/// The value behind an object, by its own type.
///
/// # Safety
/// The object's type is `T`, but for lifetimes.
#[inline(always)]
pub unsafe fn assume_mut<T, O: ?Sized>(object: &mut O) -> &mut T {
    // SAFETY: as in `assume`.
    unsafe { &mut *core::ptr::from_mut(object).cast::<T>() }
}

/// The pinned value behind a pinned object, by its own type.
///
/// # Safety
/// The object's type is `T`, but for lifetimes.
#[inline(always)]
pub unsafe fn assume_pinned<T, O: ?Sized>(object: Pin<&O>) -> Pin<&T> {
    // SAFETY: the value is the object's, and as pinned; for the rest see `assume`.
    unsafe { object.map_unchecked(|object| assume::<T, O>(object)) }
}

/// The pinned value behind a pinned object, by its own type.
///
/// # Safety
/// The object's type is `T`, but for lifetimes.
#[inline(always)]
pub unsafe fn assume_pinned_mut<T, O: ?Sized>(object: Pin<&mut O>) -> Pin<&mut T> {
    // SAFETY: as in `assume_pinned`.
    unsafe { object.map_unchecked_mut(|object| assume_mut::<T, O>(object)) }
}

/// A pointer to no value, to be unsized for its vtable.
#[inline]
pub fn dangling<T>() -> *const T {
    core::ptr::NonNull::dangling().as_ptr()
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
    const {
        assert!(
            size_of::<F>() == size_of::<unsafe extern "C-unwind" fn()>(),
            "a function pointer is expected"
        );
    }
    // SAFETY: both are pointers to functions; by the caller's contract the one
    // takes and returns what the other does.
    unsafe { core::mem::transmute_copy(&trampoline) }
}

/// Moves an argument out of its caller's place.
///
/// # Safety
/// `from` is the address of a `T` that its owner will neither use nor drop.
#[inline(always)]
pub unsafe fn take<T>(from: *const ()) -> T {
    // SAFETY: the caller's.
    unsafe { from.cast::<T>().read() }
}

/// Writes a result to its caller's place.
///
/// # Safety
/// `to` is the address of a `MaybeUninit<T>` that nobody else uses.
#[inline(always)]
pub unsafe fn give<T>(to: *mut (), result: T) {
    // SAFETY: the caller's.
    unsafe { to.cast::<T>().write(result) }
}
