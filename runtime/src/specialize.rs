//! What `specialize!` expands to: one exact test of an object's type.
//!
//! First the object's vtable is compared with the one that the compiler has for each
//! listed type right here. Vtables of two types are never one ([`Table::distinct`]), so
//! a hit is exact, and costs a compare with a constant. A miss says nothing: a type has
//! a vtable in every crate and codegen unit. Then the object itself is asked, by its hook,
//! and type identities are compared. An identity says little about layout if it comes
//! through another loaded object, so the trait must be declared by the very static that
//! the receiver's type names: then both were linked together.
//!
//! [`Table::distinct`]: crate::registry::Table::distinct

use core::any::TypeId;
use core::marker::PhantomData;

use crate::private::{assume, assume_mut, vtable_of, vtable_of_pointer};
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
        Receiver {
            reference: self.reference,
        }
    }
}

/// A receiver whose type is asked for.
pub struct Receiver<R> {
    reference: R,
}

/// A type that `specialize!` lists.
#[derive(Clone, Copy)]
pub struct Listed {
    /// One of its vtables.
    vtable: usize,
    identity: TypeId,
}

impl<R: Specialize> Receiver<R>
where
    R::Object: 'static,
{
    /// A listed type, with the coercion from it to the object type, which rustc writes.
    #[inline(always)]
    #[allow(clippy::unused_self, reason = "it names the object type")]
    pub fn listed<T: 'static>(&self, unsize: impl FnOnce(*const T) -> *const R::Object) -> Listed {
        Listed {
            vtable: vtable_of_pointer(unsize(core::ptr::dangling())),
            identity: TypeId::of::<T>(),
        }
    }

    /// Which of these types the object is of; an index past them if it is of none.
    #[inline(always)]
    pub fn which<const N: usize>(&self, listed: [Listed; N]) -> usize {
        let object = self.reference.__object();
        let vtable = vtable_of(object);
        let here = listed.iter().position(|one| one.vtable == vtable);
        // The exact test, for objects with a vtable of another codegen unit.
        let exactly = || {
            let table = object.__table();
            if !core::ptr::eq(table.declaration(), R::Object::__declaration()) {
                return None;
            }
            let identity = table.type_id();
            listed.iter().position(|one| one.identity == identity)
        };
        here.or_else(exactly).unwrap_or(N)
    }

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
    /// [`which`](Receiver::which) has said that it is a `T`.
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
    /// [`which`](Receiver::which) has said that it is a `T`.
    #[inline(always)]
    pub unsafe fn assume<T: 'static>(self) -> &'a mut T {
        // SAFETY: as for shared references.
        unsafe { assume_mut(self.reference) }
    }
}
