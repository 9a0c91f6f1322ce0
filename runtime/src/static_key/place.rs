//! A place: the instruction that is a NOP or a jump, and how all of them are found.
//!
//! As with [`key!`](crate::key), the compiler may copy the code around a place, and each
//! copy brings a record of its own, tied to its function.

use super::DeclaredStaticKey;
#[cfg(feature = "std")]
use super::StaticKeyRecord;
#[cfg(feature = "std")]
use crate::key::{self, Key};

/// One place of a key.
#[cfg(feature = "std")]
#[derive(Debug)]
#[repr(C)]
pub(crate) struct PlaceRecord {
    /// Where the instruction is, from this field on.
    at: i32,
    /// Where its jump leads, from this field on.
    other: i32,
    /// Whose place it is. No function for the record that stands for none.
    pub(crate) key: Option<fn() -> &'static StaticKeyRecord>,
}

#[cfg(feature = "std")]
impl PlaceRecord {
    /// The instruction, and what its jump leads to.
    pub(crate) fn place(&self) -> Key {
        Key {
            at: key::from_here(&raw const self.at, self.at),
            arm: key::from_here(&raw const self.other, self.other),
        }
    }
}

#[cfg(feature = "std")]
key::records! {
    /// Every place of a key in this loaded object, and one record that stands for none.
    pub(crate) fn places() -> [PlaceRecord] in "static_call_places_0_1_0";
}

/// The places of a loaded object, sorted by the addresses of their keys' records.
#[cfg(feature = "std")]
pub(crate) struct Places(Vec<(usize, Key)>);

#[cfg(feature = "std")]
impl Places {
    pub(crate) fn new(records: &'static [PlaceRecord]) -> Self {
        let place = |record: &'static PlaceRecord| {
            let key = (record.key?)();
            Some((core::ptr::from_ref(key).addr(), record.place()))
        };
        let mut places: Vec<_> = records.iter().filter_map(place).collect();
        places.sort_by_key(|(key, place)| (*key, place.at));
        Places(places)
    }

    /// Those of one key.
    pub(crate) fn of(&self, key: &'static StaticKeyRecord) -> impl Iterator<Item = Key> {
        key::of(&self.0, core::ptr::from_ref(key).addr())
    }
}

/// Whether the key is on, and whose place this is, here.
#[inline(always)]
#[cfg(patched)]
pub(super) fn enabled<K: DeclaredStaticKey>() -> bool {
    'place: {
        // SAFETY: the instruction does nothing, and as a jump it leads to the label. What
        // else is written goes to another section.
        #[allow(named_asm_labels)]
        unsafe {
            core::arch::asm!(
                crate::assembly!(key),
                // The label once, as in `key!`.
                ".irp other, {other}",
                // The record's section is tied to a symbol of the function's.
                ".ifndef .Lstatic_call\\other",
                ".Lstatic_call\\other:",
                ".endif",
                ".pushsection static_call_places_0_1_0, \"awo\", @progbits, .Lstatic_call\\other",
                ".p2align 3",
                ".long 2b - .",
                ".long \\other - .",
                ".quad {key}",
                ".popsection",
                ".endr",
                key = sym K::record,
                other = label { break 'place !K::INITIAL },
                options(nomem, nostack, preserves_flags),
            );
        }
        K::INITIAL
    }
}

/// Whether the key is on: a load, where no code is patched.
#[inline(always)]
#[cfg(not(patched))]
pub(super) fn enabled<K: DeclaredStaticKey>() -> bool {
    let is_on = K::state().is_on();
    if is_on != K::INITIAL {
        unlikely();
    }
    is_on
}

/// Has the branch that leads here stand aside.
#[cold]
#[inline(always)]
#[cfg(not(patched))]
fn unlikely() {}
