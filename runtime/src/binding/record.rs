//! What a binding is to the runtime, its types erased.

use core::any::type_name;
use core::ops::Range;

use super::{BindingSite, Cell};
use crate::arch::Receiver;
use crate::registry::{Code, Table, TraitDeclaration, TraitObject};

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
    /// The object type's name.
    pub(crate) object: fn() -> &'static str,
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
    pub(crate) let_go: unsafe fn(plugin: u64) -> Result<(), super::SwapError>,
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
            vtable: crate::private::vtable_of(object),
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
    /// For the expansion of `binding!`.
    pub const fn new<S: BindingSite<Object: TraitObject>>(
        name: &'static str,
        module: &'static str,
        crate_version: Option<&'static str>,
        (file, line, column): (&'static str, u32, u32),
    ) -> Self {
        BindingRecord {
            name,
            module,
            crate_version,
            file,
            line,
            column,
            object: type_name::<S::Object>,
            declaration: <S::Object as TraitObject>::__declaration,
            may_be_unbound: <S::Kind as super::Kind>::MAY_BE_UNBOUND,
            cell: || S::binding().cell(),
            look: look::<S::Object>,
            concern: |plugin, range| S::binding().concern(plugin, range),
            // SAFETY: the caller's contract is `let_go`'s.
            let_go: |plugin| unsafe { S::binding().let_go(plugin) },
        }
    }

    /// Whether both are the same binding of the same source, in two loaded objects.
    pub(crate) fn is_same(&self, other: &BindingRecord) -> bool {
        self.name == other.name
            && self.module == other.module
            && self.crate_version == other.crate_version
            && (self.object)() == (other.object)()
            && (self.declaration)().is_same((other.declaration)())
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
unsafe fn look<D: TraitObject + ?Sized + 'static>(reference: *const ()) -> Object {
    // SAFETY: the caller's.
    Object::of(unsafe { *reference.cast::<&'static D>() })
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

/// Every binding of this loaded object.
#[linkme::distributed_slice]
pub static STATIC_CALL_BINDINGS_0_1_0: [BindingRecord];

#[cfg(all(
    feature = "patching",
    target_arch = "x86_64",
    target_os = "linux",
    not(miri)
))]
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
    /// each replace it without what the other has patched.
    ///
    /// # Safety
    /// Does nothing, and may be called.
    #[unsafe(naked)]
    #[unsafe(link_section = "static_call_text_0_1_0")]
    unsafe extern "C" fn first() {
        core::arch::naked_asm!(
            ".balign 4096, 0xcc",
            ".pushsection static_call_bound_0_1_0, \"awR\", @progbits",
            ".balign 8",
            ".quad 0, 0, 0, 0, 0, 0",
            ".popsection",
            "ret",
            // A trampoline that follows has its name before its own alignment.
            ".balign 64, 0xcc",
        )
    }

    pub(super) fn all() -> &'static [TrampolineOfBinding] {
        // SAFETY: see there. Called so that the linker keeps it.
        unsafe { first() };
        let (start, stop) = (&raw const START, &raw const STOP);
        let length = (stop.addr() - start.addr()) / size_of::<TrampolineOfBinding>();
        // SAFETY: the linker's bounds of the section, which holds such records and
        // nothing else: `first`'s and those that `trampoline_of_binding!` writes.
        unsafe { core::slice::from_raw_parts(start, length) }
    }
}

#[cfg(not(all(
    feature = "patching",
    target_arch = "x86_64",
    target_os = "linux",
    not(miri)
)))]
mod section {
    pub(super) fn all() -> &'static [super::TrampolineOfBinding] {
        &[]
    }
}

/// Every trampoline of a binding in this loaded object, and empty records.
pub(crate) fn trampolines() -> &'static [TrampolineOfBinding] {
    section::all()
}
