//! What `specialize!` expands to: one exact test of an object's type.
//!
//! The test asks the object itself, by its hook, and compares type identities, so
//! it neither learns nor misses. An identity says little about layout if it comes
//! through another loaded object, so the trait must be declared by the very static
//! that the receiver's type names: then both were linked together.

use core::any::TypeId;
use core::marker::PhantomData;

use crate::private::{assume, assume_mut};
use crate::registry::TraitObject;

/// The receivers of `specialize!`: references to objects of annotated traits.
pub trait Specialize: Sized {
    /// The object type.
    type Object: TraitObject + ?Sized;

    /// By method syntax, so that a `&mut` variable is borrowed again and not moved.
    #[inline(always)]
    fn __static_call_specialize(self) -> Given<Self> {
        Given::new(self)
    }

    #[doc(hidden)]
    fn __object(&self) -> &Self::Object;
}

impl<O: TraitObject + ?Sized> Specialize for &O {
    type Object = O;

    #[inline(always)]
    fn __object(&self) -> &O {
        self
    }
}

impl<O: TraitObject + ?Sized> Specialize for &mut O {
    type Object = O;

    #[inline(always)]
    fn __object(&self) -> &O {
        self
    }
}

/// A receiver as it was given. What rustc says about an object that borrows cannot
/// be worded by us; it names the invariant type that the demand comes through, so
/// that is named for what is to be done.
#[allow(non_camel_case_types)]
pub struct specialize_needs_an_object_that_borrows_nothing__write_dyn_Trait_plus_static<R> {
    reference: R,
    held: PhantomData<fn(R) -> R>,
}

use specialize_needs_an_object_that_borrows_nothing__write_dyn_Trait_plus_static as Given;

impl<R: Specialize> Given<R> {
    #[inline(always)]
    fn new(reference: R) -> Self {
        let held = PhantomData;
        Self { reference, held }
    }
}

impl<R: Specialize> Given<R>
where
    R::Object: 'static,
{
    /// Asks the object for its type. A shorter bound would let a type with shorter
    /// lifetimes through, for identities do not tell lifetimes apart.
    #[inline(always)]
    pub fn ask(self) -> Receiver<R> {
        Receiver::new(self.reference)
    }
}

/// A receiver whose type was asked for.
pub struct Receiver<R> {
    reference: R,
    /// [`None`] if the object's type comes from another loaded object.
    identity: Option<TypeId>,
}

impl<R: Specialize> Receiver<R>
where
    R::Object: 'static,
{
    #[inline(always)]
    fn new(reference: R) -> Self {
        let table = reference.__object().__table();
        let together = core::ptr::eq(table.declaration(), R::Object::__declaration());
        Receiver {
            identity: together.then(|| table.type_id()),
            reference,
        }
    }

    /// Whether the object is a `T`.
    #[inline(always)]
    pub fn is<T: 'static>(&self) -> bool {
        self.identity == Some(TypeId::of::<T>())
    }

    /// For a reference to a listed type: compiles if it coerces to the object type.
    #[inline(always)]
    #[allow(clippy::unused_self, reason = "it names the object type")]
    pub fn holds(&self, _: &R::Object) {}

    /// The receiver as it was.
    #[inline(always)]
    pub fn object(self) -> R {
        self.reference
    }
}

impl<'a, O: TraitObject + ?Sized + 'static> Receiver<&'a O> {
    /// The value.
    ///
    /// # Safety
    /// [`is`](Receiver::is) has said that it is a `T`.
    #[inline(always)]
    pub unsafe fn assume<T: 'static>(self) -> &'a T {
        // SAFETY: the caller's word; the object holds nothing borrowed, so that its
        // type is `T` with its lifetimes.
        unsafe { assume(self.reference) }
    }
}

impl<'a, O: TraitObject + ?Sized + 'static> Receiver<&'a mut O> {
    /// The value.
    ///
    /// # Safety
    /// [`is`](Receiver::is) has said that it is a `T`.
    #[inline(always)]
    pub unsafe fn assume<T: 'static>(self) -> &'a mut T {
        // SAFETY: as for shared references.
        unsafe { assume_mut(self.reference) }
    }
}
