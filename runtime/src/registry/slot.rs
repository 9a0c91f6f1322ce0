//! Whether two loaded objects agree about what stands in a trait's vtables in front of its
//! own methods.
//!
//! The macro sees a trait as it is written, and of its supertraits the names alone. What
//! methods these have shifts all that follows in the vtable, the hook too, which is the last
//! of the supertraits. In which slot the hook is can be asked without reading a vtable: it
//! is called through tables made here, whose slots lead to one function below a limit and to
//! another from there on.

use core::any::TypeId;
use core::hint::black_box;
use core::ptr;

use super::{Table, TraitDeclaration, TraitObject};

/// More methods than a trait and its supertraits have.
const SLOTS: usize = 1024;
/// In front of the slots: the function that drops, size, alignment.
const HEADER: usize = 3;

static NOTHING: TraitDeclaration = TraitDeclaration::new("", "", None, 0, &[]);
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
    let (mut lowest, mut end) = (0, SLOTS);
    while end - lowest > 1 {
        let limit = usize::midpoint(lowest, end);
        if is_below::<D>(limit) {
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
fn is_below<D: TraitObject + ?Sized>(limit: usize) -> bool {
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
    // table, as the hook does: whichever slot the compiler has given the hook, that is called,
    // and nothing else of the object is used.
    let table = unsafe {
        let object = core::mem::transmute_copy::<[*const (); 2], *const D>(&words);
        (*object).__table()
    };
    ptr::eq(black_box(table), &raw const BELOW)
}
