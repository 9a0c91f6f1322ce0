//! What a binding is to the runtime, its types erased.

use core::any::type_name;
use core::ops::Range;

use super::{Cell, SwapError};
use crate::arch::Receiver;
use crate::registry::{Code, Identity, Table, TraitDeclaration, TraitObject, slot_of};

/// A binding's identity and place, and the ways into its typed part: an element of the
/// slice `STATIC_CALL_BINDINGS_0_1_0`.
#[repr(C)]
pub struct BindingRecord {
    pub(crate) name: &'static str,
    pub(crate) module: &'static str,
    pub(crate) crate_version: Option<&'static str>,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) identity: fn() -> BindingIdentity,
    pub(crate) declaration: fn() -> &'static TraitDeclaration,
    /// Whether it was declared with `None`.
    pub(crate) may_be_unbound: bool,
    /// The binding's part that knows no types.
    pub(crate) cell: fn() -> &'static Cell,
    /// Looks at an object by the address of a reference to it.
    pub(crate) look: unsafe fn(*const ()) -> Object,
    /// How the binding is concerned with a plugin.
    pub(crate) concern: fn(plugin: u64, range: &Range<usize>) -> Concern,
    /// Lets go of all that a plugin made.
    pub(crate) let_go: unsafe fn(plugin: u64) -> Result<(), SwapError>,
}

/// An object that is bound, or is to be.
#[derive(Clone, Copy)]
pub(crate) struct Object {
    pub(crate) data: usize,
    pub(crate) vtable: usize,
    pub(crate) table: &'static Table,
}

impl Object {
    pub(crate) fn of<D: TraitObject + ?Sized>(object: &D) -> Self {
        Object {
            data: core::ptr::from_ref(object).cast::<()>().addr(),
            vtable: crate::vtable::vtable_of(object),
            table: object.__table(),
        }
    }
}

/// How a binding is concerned with a plugin that is to be unloaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Concern {
    /// One of the plugin's objects is bound, and refuses.
    pub(crate) refuses: bool,
    /// Objects of the plugin that the binding holds, bound now or once.
    pub(crate) holds: usize,
}

impl BindingRecord {
    /// Whether both are the same binding of the same source, in two loaded objects, as far
    /// as that can be told without where they stand.
    pub(crate) fn is_same(&self, other: &BindingRecord) -> bool {
        // What takes longer is asked last.
        let is_same = |own: &BindingIdentity, others: &BindingIdentity| {
            own.declared == others.declared
                && own.object.agrees(&others.object)
                && (self.declaration)().is_same((other.declaration)())
                && (own.slot)() == (others.slot)()
        };
        core::ptr::eq(self, other)
            || (self.name == other.name
                && self.module == other.module
                && self.crate_version == other.crate_version
                && is_same(&(self.identity)(), &(other.identity)()))
    }

    /// Whether both stand at the same place of the same file. Which path that has depends on
    /// where it was compiled.
    pub(crate) fn is_at(&self, other: &BindingRecord) -> bool {
        let name = |file: &'static str| file.rsplit(['/', '\\']).next();
        (self.line, self.column) == (other.line, other.column)
            && name(self.file) == name(other.file)
    }

    pub(crate) fn cell(&self) -> &'static Cell {
        (self.cell)()
    }

    /// The object that is bound, if one is, or was made yet.
    pub(crate) fn object(&self) -> Option<Object> {
        let current = self.cell().current()?;
        // SAFETY: a cell points to a reference to an object of its binding's type, which
        // is never freed while it is current, and the engine's lock is held by whoever
        // asks, so that it stays current.
        Some(unsafe { (self.look)(current.as_ptr()) })
    }
}

/// # Safety
/// `reference` is the address of a `&D`.
pub(crate) unsafe fn look<D: TraitObject + ?Sized + 'static>(reference: *const ()) -> Object {
    // SAFETY: the caller's.
    Object::of(unsafe { *reference.cast::<&'static D>() })
}

/// What tells a binding from others, beside its name.
pub(crate) struct BindingIdentity {
    /// The name of a type that stands beside it: so a path, with the functions that it is in,
    /// which a module's path leaves out.
    declared: &'static str,
    pub(crate) object: Identity,
    /// Which slot the hook has in vtables of its objects.
    slot: fn() -> usize,
}

impl BindingIdentity {
    /// Of the type that stands beside it, and the object type.
    pub(crate) fn of<S, D: TraitObject + ?Sized + 'static>() -> Self {
        BindingIdentity {
            declared: type_name::<S>(),
            object: Identity::of::<D>(),
            slot: slot_of::<D>,
        }
    }
}

/// Which of the host's things a plugin's `one` is, of which the plugin has `theirs`. Those that
/// are the `same` are told apart by the place where they stand.
///
/// # Errors
/// There are several at that place, or none: which one it is cannot be told.
#[cfg(any(test, plugins))]
pub(crate) fn partner<T>(
    one: &T,
    ours: &[T],
    theirs: &[T],
    same: impl Fn(&T, &T) -> bool,
    is_at: impl Fn(&T, &T) -> bool,
) -> Result<Option<usize>, ()> {
    let like_it = |all: &[T], there: bool| -> Vec<usize> {
        let like_it =
            |index: &usize| same(one, &all[*index]) && (!there || is_at(one, &all[*index]));
        (0..all.len()).filter(like_it).collect()
    };
    let twins = like_it(theirs, false).len();
    match (&like_it(ours, false)[..], twins) {
        ([], _) => Ok(None),
        ([only], 1) => Ok(Some(*only)),
        _ => match (&like_it(ours, true)[..], like_it(theirs, true).len()) {
            ([only], 1) => Ok(Some(*only)),
            _ => Err(()),
        },
    }
}

#[cfg(test)]
#[test]
fn what_has_one_name_is_told_apart_by_its_place_or_refused() {
    // A name, and a place.
    let partner = |one: (u8, u8), ours: &[(u8, u8)], theirs: &[(u8, u8)]| {
        partner(&one, ours, theirs, |a, b| a.0 == b.0, |a, b| a.1 == b.1)
    };
    // From sources in which lines have moved.
    assert_eq!(
        partner((1, 7), &[(2, 1), (1, 1)], &[(1, 7), (2, 7)]),
        Ok(Some(1))
    );
    assert_eq!(partner((1, 7), &[(2, 1)], &[(1, 7)]), Ok(None));
    let twins = [(1, 1), (1, 2)];
    assert_eq!(partner((1, 2), &twins, &twins), Ok(Some(1)));
    assert_eq!(partner((1, 2), &twins, &[(1, 2)]), Ok(Some(1)));
    assert_eq!(partner((1, 3), &twins, &[(1, 3)]), Err(()));
    assert_eq!(partner((1, 3), &[(1, 1)], &[(1, 1), (1, 3)]), Err(()));
    // By one macro, in two blocks of one function.
    let equal = [(1, 1), (1, 1)];
    assert_eq!(partner((1, 1), &equal, &equal), Err(()));
    assert_eq!(partner((1, 1), &equal, &[(1, 1)]), Err(()));
}

/// What a method does while nothing is bound.
#[derive(Clone, Copy, Debug)]
pub enum Unbound {
    /// It returns: it has nothing to give, and nothing to drop.
    Return,
    /// This function, which has the way at rest's signature.
    Code(Code),
    /// Nothing is declared, and the binding is never without an object.
    Never,
}

/// A trampoline of a binding, as it lies in the section of such records. One binding
/// may have several for one method: each crate that calls it has its own.
#[repr(C)]
pub struct TrampolineOfBinding {
    pub(crate) trampoline: *const (),
    pub(crate) rest: *const (),
    pub(crate) record: Option<fn() -> &'static BindingRecord>,
    pub(crate) unbound: Option<fn() -> Unbound>,
    pub(crate) receiver: Option<fn() -> Option<Receiver>>,
    pub(crate) method: usize,
}

// SAFETY: addresses of code, and numbers, all immutable.
unsafe impl Sync for TrampolineOfBinding {}

crate::slices::slice! {
    /// Every binding of this loaded object.
    pub static STATIC_CALL_BINDINGS_0_1_0: [BindingRecord];
}

#[cfg(patched)]
mod section {
    use super::TrampolineOfBinding;

    // Shared with nobody but this crate's own macro.
    #[allow(improper_ctypes)]
    unsafe extern "C" {
        #[link_name = "__start_static_call_bound_0_1_0"]
        static START: TrampolineOfBinding;
        #[link_name = "__stop_static_call_bound_0_1_0"]
        static STOP: TrampolineOfBinding;
    }

    /// Puts one empty record into the section, without which the linker would know
    /// neither its start nor its end. The section's flags are those of the others'.
    ///
    /// It lies among the trampolines, and has their section begin at a page: the section's
    /// name is this version's, and so no page has trampolines of two versions, which would
    /// each replace it without what the other has patched. The alignment that says so skips
    /// nothing: with one codegen unit, trampolines lie before this function.
    ///
    /// # Safety
    /// Does nothing, and may be called.
    #[unsafe(naked)]
    #[unsafe(link_section = "static_call_text_0_1_0")]
    unsafe extern "C" fn first() {
        core::arch::naked_asm!(
            crate::assembly!(return),
            crate::assembly!(section of pages),
            ".pushsection static_call_bound_0_1_0, \"awR\", @progbits",
            ".balign 8",
            ".quad 0, 0, 0, 0, 0, 0",
            ".popsection",
            // A trampoline that follows has its name before its own alignment.
            crate::assembly!(align),
        )
    }

    pub(super) fn all() -> &'static [TrampolineOfBinding] {
        // SAFETY: it is one `ret`. Called so that the linker keeps it.
        unsafe { first() };
        let (start, stop) = (&raw const START, &raw const STOP);
        let length = (stop.addr() - start.addr()) / size_of::<TrampolineOfBinding>();
        // SAFETY: the linker's bounds of the section, which holds such records and
        // nothing else: `first`'s and those that `trampoline_of_binding!` writes.
        unsafe { core::slice::from_raw_parts(start, length) }
    }
}

#[cfg(not(patched))]
mod section {
    pub(super) fn all() -> &'static [super::TrampolineOfBinding] {
        &[]
    }
}

/// Every trampoline of a binding in this loaded object, and empty records.
pub(crate) fn trampolines() -> &'static [TrampolineOfBinding] {
    section::all()
}
