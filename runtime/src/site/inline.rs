//! Inlined bodies: which types a call site lists, and the keys of their guards.
//!
//! `inline = [A, B]` puts a guard for each type in front of the switch: a compare
//! of the receiver's vtable with a *key*, and behind it the body, inlined. Keys
//! are learned and not known at compile time, because vtables have no addresses of
//! their own: there may be one of the same type in every crate and codegen unit,
//! and a compile-time address misses almost always in a release build of several
//! crates.
//!
//! # Why a key may be believed
//! A guard runs `A`'s code on the receiver's data without another look, so a key
//! must be the vtable of `A` for this very trait, or zero, which no vtable is.
//! `engine` sets it under the engine's lock to a vtable whose table names the same
//! pair of type and trait as the list does ([`Listed::identity`]) and whose trait
//! is declared by the very static that the call site's route names, so that both
//! were linked together and agree about layouts. A site has one list: types in it
//! cannot depend on the generics of the function around the call. The list of a
//! method may depend on its trait's generics, of which the vtable is as well.

use core::any::TypeId;

use super::{CallSite, DispatchedMethod};
use crate::registry::Table;

/// Types that a list may name.
pub(crate) const MOST_LISTED: usize = 8;

/// The guards of as many types stand in the call's arm, and have their keys in the
/// [`Site`](super::Site). Those of further types stand in a function behind them, for in
/// the caller's function the bodies of a longer list cost also where none is on.
pub const LISTED_IN_SITE: usize = 2;

/// What one guard compares with: a vtable, or 0 if it is off. Also where loom stands in for
/// what calls write: they only read this.
pub(crate) type Key = core::sync::atomic::AtomicUsize;

/// Vtables that a guard knows: a program may have two of one type for one trait, in two
/// crates or codegen units.
pub(crate) const VTABLES: usize = 2;

/// The keys that are not in the site: the second of each type, and the first of those
/// behind the first [`LISTED_IN_SITE`]. Written when plans change and read by calls, so that
/// they are shared by all processors in between.
#[repr(C, align(64))]
pub struct Keys {
    first: [Key; MOST_LISTED - LISTED_IN_SITE],
    second: [Key; MOST_LISTED],
}

impl Keys {
    /// All guards off. A constant, which is computed once for all call sites.
    #[allow(
        clippy::declare_interior_mutable_const,
        reason = "what statics begin with"
    )]
    pub const OFF: Keys = Keys {
        first: [const { Key::new(0) }; MOST_LISTED - LISTED_IN_SITE],
        second: [const { Key::new(0) }; MOST_LISTED],
    };

    /// All guards off.
    pub const fn new() -> Self {
        Keys::OFF
    }

    /// The first vtable that the guard of the type at this position compares with.
    #[inline(always)]
    pub(crate) fn first(&self, position: usize) -> &Key {
        &self.first[position - LISTED_IN_SITE]
    }

    /// And the second.
    #[inline(always)]
    pub(crate) fn second(&self, position: usize) -> &Key {
        &self.second[position]
    }
}

impl Default for Keys {
    fn default() -> Self {
        Keys::new()
    }
}

/// A type in a list.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Listed {
    /// The type together with the trait, as
    /// [`Table::distinct`](crate::registry::Table::distinct) names an implementation; and the
    /// type's name, for the report.
    pub(crate) about: fn() -> (TypeId, &'static str),
}

/// What a call site lists.
///
/// # Safety
/// Implemented here alone: guards run the code of what is listed on what has its key.
pub unsafe trait InlineList<M: DispatchedMethod> {
    /// The list: `(A, (B, ()))`.
    type List: List<M>;
}

/// No list at the call: that of the method's annotation, if it has one.
pub enum ListOfMethod {}

// SAFETY: the list that the method's annotation names.
unsafe impl<M: DispatchedMethod> InlineList<M> for ListOfMethod {
    type List = M::Inline;
}

// SAFETY: the list itself.
unsafe impl<M: DispatchedMethod, T: 'static, R: List<M>> InlineList<M> for (T, R) {
    type List = (T, R);
}

/// Types one by one.
///
/// # Safety
/// Implemented here alone. As many are listed as `LENGTH` says, each by its own identity.
pub unsafe trait List<M: DispatchedMethod> {
    /// How many.
    const LENGTH: usize;
    /// As written; behind them whatever fills the array.
    const LISTED: [Option<Listed>; MOST_LISTED];
}

// SAFETY: none.
unsafe impl<M: DispatchedMethod> List<M> for () {
    const LENGTH: usize = 0;
    const LISTED: [Option<Listed>; MOST_LISTED] = [None; MOST_LISTED];
}

// SAFETY: one more, at the next index.
unsafe impl<M: DispatchedMethod, T: 'static, R: List<M>> List<M> for (T, R) {
    const LENGTH: usize = 1 + R::LENGTH;
    const LISTED: [Option<Listed>; MOST_LISTED] = {
        let mut listed = R::LISTED;
        let mut at = R::LENGTH;
        while at > 0 {
            listed[at] = listed[at - 1];
            at -= 1;
        }
        listed[0] = Some(Listed {
            about: || (M::identity_of::<T>(), core::any::type_name::<T>()),
        });
        listed
    };
}

/// A call site, seen from a method that it leads to.
pub trait SiteOf<M: DispatchedMethod>: CallSite {
    /// The list that applies.
    type List: List<M>;

    /// Its guards; [`None`] without a list.
    const GUARDS: Option<&'static Guards>;
}

impl<S: CallSite, M: DispatchedMethod> SiteOf<M> for S
where
    S::Inline: InlineList<M>,
{
    type List = <S::Inline as InlineList<M>>::List;

    const GUARDS: Option<&'static Guards> = if <Self::List as List<M>>::LENGTH == 0 {
        None
    } else {
        Some(&Guards {
            listed: <Self::List as List<M>>::LISTED,
            keys: <S as CallSite>::keys,
        })
    };
}

/// The guards that lie in front of a route.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Guards {
    pub(crate) listed: [Option<Listed>; MOST_LISTED],
    pub(crate) keys: fn() -> &'static Keys,
}

impl Guards {
    /// How many types are listed.
    pub(crate) fn length(&self) -> usize {
        self.listed.iter().flatten().count()
    }

    /// The names of the listed types, as listed.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.listed
            .iter()
            .flatten()
            .map(|listed| (listed.about)().1)
    }

    /// Position in the list of the type whose guard may know vtables with this table: the
    /// one that the list names for the same trait. Both must come from one loaded object,
    /// for identities of types say nothing across objects.
    pub(crate) fn key_of(&self, table: &Table) -> Option<usize> {
        let names_it = |listed: &Option<Listed>| {
            listed.is_some_and(|listed| (listed.about)().0 == table.distinct())
        };
        self.listed.iter().position(names_it)
    }

    /// The keys of the type at this position in the list.
    pub(super) fn keys_of<'a>(&self, site: &'a super::Site, position: usize) -> [&'a Key; VTABLES] {
        let keys = (self.keys)();
        let first = match site.keys.get(position) {
            Some(first) => first,
            None => keys.first(position),
        };
        [first, keys.second(position)]
    }
}
