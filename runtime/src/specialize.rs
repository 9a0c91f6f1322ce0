//! What `specialize!` expands to: one exact test of an object's type.
//!
//! The test asks the object itself, by its hook, and compares type identities, so
//! it neither learns nor misses. An identity says little about layout if it comes
//! through another loaded object, so the trait must be declared by the very static
//! that the receiver's type names: then both were linked together.

use core::any::TypeId;

use crate::private::{assume, assume_mut};
use crate::registry::TraitObject;

/// The receivers of `specialize!`: references to objects of annotated traits that
/// hold nothing borrowed. A shorter bound would let a type with shorter lifetimes
/// through, for identities do not tell lifetimes apart.
pub trait Specialize: Sized {
    /// The object type.
    type Object: TraitObject + ?Sized + 'static;

    /// By method syntax, so that a `&mut` variable is borrowed again and not moved.
    fn __static_call_specialize(self) -> Receiver<Self>;

    #[doc(hidden)]
    fn __object(&self) -> &Self::Object;
}

impl<O: TraitObject + ?Sized + 'static> Specialize for &O {
    type Object = O;

    #[inline(always)]
    fn __static_call_specialize(self) -> Receiver<Self> {
        Receiver::new(self)
    }

    #[inline(always)]
    fn __object(&self) -> &O {
        self
    }
}

impl<O: TraitObject + ?Sized + 'static> Specialize for &mut O {
    type Object = O;

    #[inline(always)]
    fn __static_call_specialize(self) -> Receiver<Self> {
        Receiver::new(self)
    }

    #[inline(always)]
    fn __object(&self) -> &O {
        self
    }
}

/// A receiver whose type was asked for.
pub struct Receiver<R> {
    reference: R,
    /// [`None`] if the object's type comes from another loaded object.
    identity: Option<TypeId>,
}

impl<R: Specialize> Receiver<R> {
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
