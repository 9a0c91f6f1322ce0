//! What `specialize!` expands to: one exact test of an object's type, and copies of the block
//! in which its vtable is known.
//!
//! In a copy the receiver is the same object, of the same object type, with its vtable pointer
//! replaced by the one that rustc has for the listed type right there: `*const L` unsized to
//! `*const O`. LLVM knows what is behind that constant, so that calls become direct and are
//! inlined. Nothing is generated for the trait, the block has one type in all copies, the
//! receiver may borrow, and what is handed out is what was given. [`docs::soundness`] argues
//! why that is sound.
//!
//! The test is by vtable address, with those that were verified before: [`Region`]. What is
//! not known there asks the object itself, by its hook, and compares type identities. An
//! identity says little about layout if it comes through another loaded object, so the trait
//! must be declared by the very static that the receiver's type names: then both were linked
//! together.
//!
//! Expansions name these functions by their paths. Method syntax would find a user's method of
//! the same name first where its receiver is taken by value.
//!
//! [`docs::soundness`]: crate::docs::soundness

use core::any::TypeId;
use core::marker::PhantomData;

use crate::registry::TraitObject;
use crate::vtable::{dangling, vtable_of, vtable_of_pointer};

mod expansion;
mod home;
mod memory;
#[cfg(feature = "std")]
mod record;

pub use home::Home;
#[cfg(feature = "std")]
pub(crate) use memory::IS_KEPT as REMEMBERS;
pub use memory::Region;
#[cfg(feature = "std")]
pub use record::{RegionRecord, STATIC_CALL_REGIONS_0_1_0};

/// The receivers of `specialize!`: references to objects of annotated traits.
///
/// # Safety
/// `__object` is the object of this reference, and `__known` the reference with the vtable of
/// the pointer that it is given.
pub unsafe trait Specialize: Sized {
    /// The object type.
    type Object: TraitObject + ?Sized;

    /// By method syntax, so that a `&mut` variable is borrowed again and not moved, and so
    /// that a box or a lock's guard is dereferenced.
    #[inline(always)]
    fn __static_call_specialize(self) -> Asked<Self> {
        Asked(self)
    }

    #[doc(hidden)]
    fn __object(&self) -> &Self::Object;

    /// # Safety
    /// The object is an `L`, but for lifetimes.
    #[doc(hidden)]
    #[must_use]
    unsafe fn __known<L>(self, unsize: impl FnOnce(*const L) -> *const Self::Object) -> Self;
}

// SAFETY: as asked for; the coercion to be done is rustc's own, and keeps the address.
unsafe impl<O: TraitObject + ?Sized> Specialize for &O {
    type Object = O;

    #[inline(always)]
    fn __object(&self) -> &O {
        self
    }

    #[inline(always)]
    unsafe fn __known<L>(self, unsize: impl FnOnce(*const L) -> *const O) -> Self {
        // SAFETY: the same value for the same lifetime, with a vtable of its own type: the
        // caller's word.
        unsafe { &*unsize(core::ptr::from_ref(self).cast()) }
    }
}

// SAFETY: as for shared references.
unsafe impl<O: TraitObject + ?Sized> Specialize for &mut O {
    type Object = O;

    #[inline(always)]
    fn __object(&self) -> &O {
        self
    }

    #[inline(always)]
    unsafe fn __known<L>(self, unsize: impl FnOnce(*const L) -> *const O) -> Self {
        let value = core::ptr::from_mut(self).cast::<L>().cast_const();
        // SAFETY: as for shared references; the pointer may be written through, since that is
        // what it was made from.
        unsafe { &mut *unsize(value).cast_mut() }
    }
}

/// A receiver whose type is asked for. Only [`Specialize`] makes one, and it is not `Copy`:
/// what was asked is what a copy gets.
pub struct Asked<R>(R);

/// Holds an expansion to it that it has one of these, whatever method of that name it found.
#[inline(always)]
pub fn asked<R: Specialize>(asked: Asked<R>) -> Asked<R> {
    asked
}

/// An object type, by itself, so that rustc knows it where it looks at a coercion to it.
pub struct ObjectType<O: ?Sized>(PhantomData<fn(*const O) -> *const O>);

/// The receiver's object type.
#[inline(always)]
pub fn object_type<R: Specialize>(_: &Asked<R>) -> ObjectType<R::Object> {
    ObjectType(PhantomData)
}

/// A type that a region lists, with the coercion from it to the object type, which rustc
/// writes and checks: the type must implement the trait with the object's generics, associated
/// types, auto traits and lifetime.
pub struct Listed<L, O: ?Sized, F> {
    unsize: F,
    ty: PhantomData<fn(*const L) -> *const O>,
}

impl<L, O: ?Sized, F: Copy> Clone for Listed<L, O, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L, O: ?Sized, F: Copy> Copy for Listed<L, O, F> {}

/// A listed type.
#[inline(always)]
pub fn listed<L, O: ?Sized, F>(_: &ObjectType<O>, unsize: F) -> Listed<L, O, F>
where
    F: Fn(*const L) -> *const O + Copy,
{
    let ty = PhantomData;
    Listed { unsize, ty }
}

/// The compiler's own vtable for a listed type, right here.
#[inline(always)]
pub fn vtable_here<L, O: ?Sized, F>(listed: Listed<L, O, F>) -> usize
where
    F: Fn(*const L) -> *const O + Copy,
{
    vtable_of_pointer((listed.unsize)(dangling()))
}

/// [`identity::of`](crate::identity::of) a listed type.
pub type Identity = fn() -> TypeId;

/// A list of types by an address that no other list has: that of a function whose code
/// contains the list's identity. One list may have several, in several crates.
#[inline(always)]
pub fn key_of<List: ?Sized>() -> usize {
    (crate::identity::of::<List> as fn() -> TypeId as *const ()).addr()
}

/// Which of the listed types the receiver is of; `N` if of none.
///
/// # Safety
/// `listed` are the identities of the listed types, `here` their vtables, and `key` is
/// [`key_of`] them, all in one order, for every list that is given together with this region. A
/// region would remember for one list what holds for another.
#[inline(always)]
pub unsafe fn which<R: Specialize, const N: usize>(
    asked: &Asked<R>,
    region: &'static Region<N>,
    key: usize,
    listed: &'static [Identity; N],
    here: impl FnOnce() -> [usize; N],
) -> usize {
    let object = asked.0.__object();
    if memory::IS_KEPT {
        return region.which(key, object, listed);
    }
    let (vtable, here) = (vtable_of(object), here());
    let found = here.iter().position(|one| *one == vtable);
    found.unwrap_or_else(|| exactly(object, listed))
}

/// The exact test: asks the object.
#[cold]
#[inline(never)]
fn exactly<const N: usize, O>(object: &O, listed: &[Identity; N]) -> usize
where
    O: TraitObject + ?Sized,
{
    let table = object.__table();
    if !core::ptr::eq(table.declaration(), O::__declaration()) {
        return N;
    }
    let identity = table.type_id();
    let found = listed.iter().position(|one| one() == identity);
    found.unwrap_or(N)
}

/// The receiver in the copy for a listed type: the object, with a vtable that LLVM knows.
///
/// # Safety
/// [`which`] has said that it is of this type.
#[inline(always)]
pub unsafe fn known<L, R: Specialize, F>(asked: Asked<R>, listed: Listed<L, R::Object, F>) -> R
where
    F: Fn(*const L) -> *const R::Object + Copy,
{
    // SAFETY: the caller has it from `which` that the object is of type `L`.
    unsafe { asked.0.__known(listed.unsize) }
}

/// The receiver as it was.
#[inline(always)]
pub fn object<R>(asked: Asked<R>) -> R {
    asked.0
}
