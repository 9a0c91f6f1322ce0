//! Whether two loaded objects agree about what stands in a trait's vtables in front of its
//! own methods.
//!
//! The macro sees a trait as it is written, and of its supertraits the names alone. What
//! methods these have shifts all that follows in the vtable, the hook too, which is the last
//! of the supertraits. In which slot the hook is can be asked without reading a vtable: it
//! is called through tables made here, whose slots lead to one function below a limit and to
//! another from there on.
//!
//! Which methods they are cannot be asked, only whether that matters: [`Supertrait`],
//! [`is_standard`], [`has_no_methods`].

use core::any::{TypeId, type_name};
use core::hint::black_box;
use core::marker::PhantomData;
use core::ptr;

use super::{Table, TraitDeclaration, TraitObject};

/// More methods than a trait and its supertraits have.
const SLOTS: usize = 1024;
/// In front of the slots: the function that drops, size, alignment.
const HEADER: usize = 3;

// SAFETY: of no trait, and in no slice.
static NOTHING: TraitDeclaration = unsafe { TraitDeclaration::new("", "", None, 0, &[]) };
static BELOW: Table = Table::new(
    &NOTHING,
    || "below",
    TypeId::of::<u8>,
    TypeId::of::<u8>,
    &[],
);
static ABOVE: Table = Table::new(
    &NOTHING,
    || "above",
    TypeId::of::<u16>,
    TypeId::of::<u16>,
    &[],
);

/// Stands in the slots below the limit, with the signature that a method's slot has.
fn below(_: *const ()) -> &'static Table {
    &BELOW
}

/// Stands in the slots from the limit on.
fn above(_: *const ()) -> &'static Table {
    &ABOVE
}

/// The slot of the hook in vtables of `D`, as the code of this loaded object has it.
///
/// # Cost
/// Ten calls and as many tables of 8 KiB.
pub fn slot_of<D: TraitObject + ?Sized>() -> usize {
    slot_by::<D>(D::__table)
}

/// The last supertrait of a trait that is made to find out how many slots are in front of it.
pub trait Mark {
    #[doc(hidden)]
    fn __mark(&self) -> &'static Table;
}

/// Whether the supertraits of `D` before [`Mark`] have no methods, nor has one of theirs.
///
/// # Safety
/// `D` is the object type of a trait with that supertrait, and has it by that alone.
#[must_use]
pub unsafe fn has_no_methods<D: Mark + ?Sized>() -> bool {
    slot_by::<D>(D::__mark) == 0
}

/// Whether the trait of this object type is the standard library's, which a plugin and its host
/// have from one compiler.
///
/// By its name, which begins with a crate's: whoever calls a crate of his own `core` is not
/// told from it.
#[must_use]
pub fn is_standard<D: ?Sized>() -> bool {
    let name = type_name::<D>();
    let name = name.strip_prefix("dyn ").unwrap_or_default();
    // `for<'a> core::ops::Fn(&'a u8)`.
    let name = name.strip_prefix("for<").map_or(name, |rest| {
        rest.split_once("> ").map_or("", |(_, name)| name)
    });
    ["core::", "alloc::", "std::"]
        .iter()
        .any(|one| name.starts_with(one))
}

/// A supertrait's object type, which is asked whether the trait is annotated.
pub struct Supertrait<D: ?Sized>(PhantomData<D>);

impl<D: TraitObject + ?Sized> Supertrait<D> {
    /// It is: an item of the type itself, which goes before a trait's.
    pub const IS_ANNOTATED: bool = true;
}

/// What is found where [`Supertrait::IS_ANNOTATED`] is not.
pub trait NoAnnotatedSupertrait {
    /// It is not.
    const IS_ANNOTATED: bool = false;
}

impl<D: ?Sized> NoAnnotatedSupertrait for Supertrait<D> {}

/// The slot of the method that `call` calls.
fn slot_by<D: ?Sized>(call: fn(&D) -> &'static Table) -> usize {
    let (mut lowest, mut end) = (0, SLOTS);
    while end - lowest > 1 {
        let limit = usize::midpoint(lowest, end);
        if is_below::<D>(call, limit) {
            end = limit;
        } else {
            lowest = limit;
        }
    }
    lowest
}

/// Not inlined, and a table for each question: what is loaded from a vtable is taken for
/// constant.
#[inline(never)]
fn is_below<D: ?Sized>(call: fn(&D) -> &'static Table, limit: usize) -> bool {
    type Slot = fn(*const ()) -> &'static Table;
    const {
        assert!(
            size_of::<*const D>() == 2 * size_of::<usize>(),
            "a pointer to a trait object is two words"
        );
    }
    let (below, above): (Slot, Slot) = (below, above);
    let mut vtable = vec![above as *const (); HEADER + SLOTS];
    vtable[HEADER..][..limit].fill(below as *const ());
    // Nothing to drop, no size, any alignment.
    vtable[..HEADER].copy_from_slice(&[ptr::null(), ptr::null(), ptr::without_provenance(1)]);
    let value = ();
    let words = black_box([(&raw const value).cast::<()>(), vtable.as_ptr().cast()]);
    // SAFETY: two words, by the assertion. They are a value of no size, and a table with the
    // header of such a value and in each slot a function that takes a receiver and returns a
    // table, as the hook and the mark do: whichever slot the compiler has given what `call`
    // calls, that is called, and nothing else of the object is used.
    let table = unsafe {
        let object = core::mem::transmute_copy::<[*const (); 2], *const D>(&words);
        call(&*object)
    };
    ptr::eq(black_box(table), &raw const BELOW)
}

#[cfg(test)]
#[allow(dead_code, reason = "nobody implements them")]
mod tests {
    use std::fmt::{Debug, Display};

    use static_call::static_dispatch;

    use super::super::STATIC_CALL_DECLARATIONS_0_1_0 as DECLARATIONS;

    trait Marker: Send + Sync + 'static {}
    trait Named {
        fn named(&self);
    }
    trait Shows: Debug {}
    trait Takes<T> {
        fn takes(&self, _: T);
    }
    #[static_dispatch]
    trait Base {
        fn base(&self);
    }
    #[static_dispatch]
    trait Holds<T> {
        fn holds(&self) -> T;
    }
    /// Has the name of an annotated one, which it requires, and methods of its own.
    mod twin {
        pub(super) trait Base: super::Base {
            fn more(&self);
        }
    }
    mod own {
        /// Has a name of the standard library's.
        pub(super) trait Debug {
            fn debug(&self);
        }
    }

    #[static_dispatch]
    trait KnownAsStandard: Debug + for<'a> Fn(&'a u8) -> u8 + Iterator<Item = u8> {}
    #[static_dispatch]
    trait KnownAsMarker: Marker {}
    #[static_dispatch]
    trait KnownAsAnnotated: Base + Display {}
    #[static_dispatch]
    trait KnownWithParameters<'a, T: Copy + 'a>: Holds<T> + AsRef<[&'a T]> {}
    #[static_dispatch(unsafe(same_supertraits))]
    trait KnownByPromise: Named {}
    #[static_dispatch]
    trait UnknownMethods: Debug + Named {}
    #[static_dispatch]
    trait UnknownInAClause
    where
        Self: Named,
    {
    }
    #[static_dispatch]
    trait UnknownBehindAMarker: Shows {}
    #[static_dispatch]
    trait UnknownByAnAnnotatedName: twin::Base {}
    #[static_dispatch]
    trait UnknownByAStandardName: own::Debug {}
    #[static_dispatch]
    trait UnknownWithParameters<T>: Takes<T> {}
    /// Nothing is known that any arguments would do.
    #[static_dispatch]
    trait UnknownConditions<T: Default>: Holds<T> {}

    #[test]
    fn supertraits_that_cannot_be_compared_are_named() {
        let asked = DECLARATIONS
            .iter()
            .filter(|one| one.module.ends_with("slot::tests") && one.name.contains("nown"));
        let mut said: Vec<_> = asked
            .map(|one| (one.name, one.unknown.and_then(|unknown| unknown())))
            .collect();
        said.sort_unstable();
        assert_eq!(
            said,
            [
                ("KnownAsAnnotated", None),
                ("KnownAsMarker", None),
                ("KnownAsStandard", None),
                ("KnownByPromise", None),
                ("KnownWithParameters", None),
                ("UnknownBehindAMarker", Some("Shows")),
                ("UnknownByAStandardName", Some("own::Debug")),
                ("UnknownByAnAnnotatedName", Some("twin::Base")),
                ("UnknownConditions", Some("Holds")),
                ("UnknownInAClause", Some("Named")),
                ("UnknownMethods", Some("Named")),
                ("UnknownWithParameters", Some("Takes")),
            ]
        );
    }
}
