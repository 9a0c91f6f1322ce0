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

/// Every place of a key in this loaded object, and one record that stands for none.
#[cfg(feature = "std")]
pub(crate) fn places() -> &'static [PlaceRecord] {
    section::places()
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
#[cfg(all(
    feature = "patching",
    target_arch = "x86_64",
    target_os = "linux",
    not(miri)
))]
pub(super) fn enabled<K: DeclaredStaticKey>() -> bool {
    'place: {
        // SAFETY: the instruction does nothing, and as a jump it leads to the label. What
        // else is written goes to another section.
        #[allow(named_asm_labels)]
        unsafe {
            core::arch::asm!(
                // As in `key!`: prefixes of the instruction, so that it is no second one.
                ".p2align 3, 0x2e, 4",
                // The record's section is tied to a symbol of the function's.
                ".ifndef .Lstatic_call{other}",
                ".Lstatic_call{other}:",
                ".endif",
                "2:",
                ".byte 0x0f, 0x1f, 0x44, 0x00, 0x00",
                ".pushsection static_call_places_0_1_0, \"awo\", @progbits, .Lstatic_call{other}",
                ".p2align 3",
                ".long 2b - .",
                ".long {other} - .",
                ".quad {key}",
                ".popsection",
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
#[cfg(not(all(
    feature = "patching",
    target_arch = "x86_64",
    target_os = "linux",
    not(miri)
)))]
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
#[cfg(not(all(
    feature = "patching",
    target_arch = "x86_64",
    target_os = "linux",
    not(miri)
)))]
fn unlikely() {}

#[cfg(all(
    feature = "patching",
    target_arch = "x86_64",
    target_os = "linux",
    not(miri)
))]
mod section {
    use super::PlaceRecord;

    // Shared with nobody but this crate's own places.
    #[allow(improper_ctypes)]
    unsafe extern "C" {
        #[link_name = "__start_static_call_places_0_1_0"]
        static FIRST: PlaceRecord;
        #[link_name = "__stop_static_call_places_0_1_0"]
        static AFTER: PlaceRecord;
    }

    /// Puts an empty record into the section, without which the linker would know neither
    /// its start nor its end. Its flags are those of the others'.
    ///
    /// # Safety
    /// Does nothing, and may be called.
    #[unsafe(naked)]
    unsafe extern "C" fn bounds() {
        core::arch::naked_asm!(
            ".pushsection static_call_places_0_1_0, \"awo\", @progbits, {this}",
            ".p2align 3",
            ".quad 0, 0",
            ".popsection",
            "ret",
            this = sym bounds,
        )
    }

    pub(super) fn places() -> &'static [PlaceRecord] {
        // SAFETY: it is one `ret`. Called so that the linker keeps it.
        unsafe { bounds() };
        // SAFETY: `enabled` and `bounds` alone write there.
        unsafe { crate::key::between(&raw const FIRST, &raw const AFTER) }
    }
}

#[cfg(all(
    feature = "std",
    not(all(
        feature = "patching",
        target_arch = "x86_64",
        target_os = "linux",
        not(miri)
    ))
))]
mod section {
    pub(super) fn places() -> &'static [super::PlaceRecord] {
        &[]
    }
}
