//! What expansions call. Not covered by semantic versioning: the macros of the
//! same version are the only users.

pub use core;
pub use core::any::type_name;
pub use core::marker::PhantomData;
pub use core::mem::MaybeUninit;
use core::pin::Pin;

/// A sentence: where a call has no entry, rustc says which macro it comes from, and no more.
pub use static_call_macros::expand_static_call as calls_annotated_dyn__call_others_plainly;
pub use static_call_macros::{
    expand_binding, expand_plain_call, expand_specialize, expand_static_key,
    static_dispatch as instrument,
};
pub use std::boxed::Box;

pub use crate::identity::of as identity;

pub use crate::arch::Receiver;
pub use crate::bound::{
    Always, Binding, BindingRecord, Bound, Cell, Initial, MethodOfASharedObject,
    STATIC_CALL_BINDINGS_0_1_0 as BINDINGS, Shareable, Shared, Shares, Sometimes,
    TrampolineOfBinding, Unbound, never_unbound,
};

pub use crate::registry::{
    Code, DeclaredTrait, Implementation, Mark, MethodDeclaration, NoAnnotatedSupertrait,
    RegisteredImplementation, STATIC_CALL_DECLARATIONS_0_1_0 as DECLARATIONS,
    STATIC_CALL_IMPLEMENTATIONS_0_1_0 as IMPLEMENTATIONS, Supertrait, Table, TraitDeclaration,
    TraitObject, has_no_methods, is_standard, slot_of,
};
pub use crate::site::TRAMPOLINES;
pub use crate::site::{
    AlwaysBound, BindingSite, CallSite, DispatchedMethod, Gate, Guards, Keys, LISTED_IN_SITE, List,
    ListOfMethod, NotAnnotated, Own, Place, Route, STATIC_CALL_SITES_0_1_0 as SITES, Site, SiteOf,
    as_function, counts_calls, record_call as record, with_signature_of,
};
pub use crate::specialize::{
    Asked, Home, Identity, Listed, Region, RegionRecord, STATIC_CALL_REGIONS_0_1_0 as REGIONS,
    Specialize, asked, key_of, known, listed, object, object_type, vtable_here, which,
};
pub use crate::static_key::{
    DeclaredStaticKey, STATIC_CALL_STATIC_KEYS_0_1_0 as STATIC_KEYS, StaticKeyRecord,
    StaticKeyState,
};
pub use crate::vtable::{dangling, vtable_of, vtable_of_pointer};
pub use crate::{
    for_editors, home, key, region, rest, rest_of_bound, site, trampoline, trampoline_of_binding,
};

// Where linkme has macros of these names beside the slices.
#[cfg(target_family = "wasm")]
pub use crate::{
    uncollected as BINDINGS, uncollected as DECLARATIONS, uncollected as IMPLEMENTATIONS,
    uncollected as REGIONS, uncollected as SITES, uncollected as STATIC_KEYS,
};

#[cfg(all(windows, target_env = "gnu"))]
pub use crate::slices::elements::{
    kept_bindings as BINDINGS, kept_declarations as DECLARATIONS,
    kept_implementations as IMPLEMENTATIONS, kept_regions as REGIONS, kept_sites as SITES,
    kept_static_keys as STATIC_KEYS,
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
    note = "add `#[static_dispatch]` to the method in its trait, or call it plainly"
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

/// More than this is not put on the stack to find out where a receiver is.
const MOST_ASKED: usize = 16 << 10;

/// Where calls have their receiver, a reference to a trait object, that take and return
/// what `Others` consists of. `call` makes such a call of the function that it is given,
/// with the receiver that it is given, and nothing else that is initialized.
///
/// By the real thing: rustc promises that `MaybeUninit<T>` travels as `T` does, so that
/// what is found out here is so for calls of the method. What a chain would do with a
/// receiver that is somewhere else is undefined behaviour: it would take one type's
/// objects for another's.
pub fn receiver_of<Object, Others>(
    call: impl FnOnce(unsafe extern "C-unwind" fn(), MaybeUninit<Object>),
) -> Option<Receiver> {
    if !TRAMPOLINES || size_of::<Others>() > MOST_ASKED {
        return None;
    }
    const {
        assert!(
            size_of::<Object>() == 2 * size_of::<usize>(),
            "a reference to a trait object is two words"
        );
    }
    let mut answer = 0_usize;
    let number = &raw mut answer;
    // Both pointers, as in a receiver: the second leads nowhere.
    let words = [number, number.map_addr(|address| !address)];
    // SAFETY: of the same size, by the assertion, and any bytes will do.
    let receiver = unsafe { core::mem::transmute_copy(&words) };
    let asked: unsafe extern "C-unwind" fn() = crate::arch::proof;
    // Not known to LLVM, which may have an opinion about such calls.
    call(core::hint::black_box(asked), receiver);
    // SAFETY: it is a local variable, which the call may have written.
    Receiver::proven(unsafe { number.read_volatile() })
}
