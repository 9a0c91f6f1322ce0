//! Static keys: what switches a call site on.
//!
//! A key is one instruction in the caller's own code: a NOP while the site
//! is off, a jump to the site's *arm* while it is on. Off, a site costs that NOP: no load,
//! no compare, no branch to predict. The technique is the Linux kernel's jump labels
//! (`CONFIG_JUMP_LABEL`), which need the compiler's `asm goto`; Rust has had `asm!` with
//! `label` since 1.87.
//!
//! The compiler may copy the code around a call, by inlining for one. So each copy brings
//! a [`KeyRecord`] of its own, in a section whose bounds the linker gives: where the
//! instruction is, where its jump leads, and which site it belongs to. The section's flag
//! `o` ties a record to the function that it is about, so that a linker that collects the
//! function collects the record as well.
//!
//! The instruction is never cut by the edge of an aligned word of eight, so that it is
//! in one cache line and one page; `publish` replaces it whole. Prefixes in front of it,
//! which fill the word before on x86-64, stay as they are.

use crate::site::{Path, Route, Site};

/// One copy of a call's switch.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct KeyRecord {
    /// Where the instruction is, from this field on.
    at: i32,
    /// Where its jump leads, from this field on.
    arm: i32,
    /// Whose call it is. No function for the record that stands for none.
    pub(crate) site: Option<fn() -> &'static Site>,
}

impl KeyRecord {
    /// Address of the instruction.
    pub(crate) fn at(&self) -> usize {
        from_here(&raw const self.at, self.at)
    }

    /// Address of the arm.
    pub(crate) fn arm(&self) -> usize {
        from_here(&raw const self.arm, self.arm)
    }

    /// The site; [`None`] for the record that only gives the section its bounds.
    pub(crate) fn site(&self) -> Option<&'static Site> {
        self.site.map(|site| site())
    }
}

pub(crate) fn from_here(field: *const i32, distance: i32) -> usize {
    // Widens; the assembler has written a difference of two addresses.
    field.addr().wrapping_add_signed(distance as isize)
}

/// A call site's trampoline for one method, as it lies in the section of such records.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct TrampolineRecord {
    pub(crate) trampoline: *const (),
    /// Where it leads. No function for the record that stands for none.
    pub(crate) route: Option<fn() -> &'static Route>,
}

// SAFETY: addresses of code, immutable.
unsafe impl Sync for TrampolineRecord {}
// SAFETY: addresses of code, immutable.
unsafe impl Send for TrampolineRecord {}

impl TrampolineRecord {
    /// The trampoline and its route; [`None`] for the record that stands for none.
    pub(crate) fn path(&self) -> Option<Path> {
        Some(Path {
            route: (self.route?)(),
            trampoline: self.trampoline.addr(),
        })
    }
}

/// `records! { pub(crate) fn all() -> [Record] in "section"; }` declares a function that gives
/// the records of two words in a section of this loaded object: those that expansions have
/// written there, and one of zeros, without which the linker would know neither the section's
/// start nor its end. Nothing, where sites are not patched.
#[cfg(patched)]
macro_rules! records {
    ($(#[$about:meta])* $visibility:vis fn $all:ident() -> [$record:ty] in $section:literal;) => {
        $(#[$about])*
        $visibility fn $all() -> &'static [$record] {
            // Shared with nobody but this crate's own macros.
            #[allow(improper_ctypes)]
            unsafe extern "C" {
                #[link_name = concat!("__start_", $section)]
                static FIRST: $record;
                #[link_name = concat!("__stop_", $section)]
                static AFTER: $record;
            }

            /// The section's flags are those of the others' records.
            ///
            /// # Safety
            /// Does nothing, and may be called.
            #[unsafe(naked)]
            unsafe extern "C" fn bounds() {
                core::arch::naked_asm!(
                    concat!(".pushsection ", $section, ", \"awo\", @progbits, {this}"),
                    ".p2align 3",
                    ".quad 0, 0",
                    ".popsection",
                    crate::assembly!(return),
                    this = sym bounds,
                )
            }

            const { assert!(size_of::<$record>() == 16) }
            // SAFETY: it is one `ret`. Called so that the linker keeps it.
            unsafe { bounds() };
            let (first, after) = (&raw const FIRST, &raw const AFTER);
            let length = (after.addr() - first.addr()) / size_of::<$record>();
            // SAFETY: the linker's bounds of a section where `bounds` and this crate's own
            // macros alone write, records of this type next to each other; they are immutable
            // and stay as long as the code that asks.
            unsafe { core::slice::from_raw_parts(first, length) }
        }
    };
}

#[cfg(not(patched))]
macro_rules! records {
    ($(#[$about:meta])* $visibility:vis fn $all:ident() -> [$record:ty] in $section:literal;) => {
        $(#[$about])*
        $visibility fn $all() -> &'static [$record] {
            &[]
        }
    };
}

pub(crate) use records;

records! {
    /// Every key of this loaded object, and one record that stands for none.
    pub(crate) fn keys() -> [KeyRecord] in "static_call_keys_0_1_0";
}

records! {
    /// Every trampoline of a call site in this loaded object, and one record that stands for
    /// none.
    pub(crate) fn trampolines() -> [TrampolineRecord] in "static_call_paths_0_1_0";
}

/// One copy of a call's switch, by address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// Of the instruction.
    pub(crate) at: usize,
    /// Of what its jump leads to.
    pub(crate) arm: usize,
}

/// Which keys and trampolines the sites of a loaded object have: each with the site's
/// index, sorted by that.
#[derive(Default)]
pub(crate) struct Placed {
    keys: Vec<(usize, Key)>,
    paths: Vec<(usize, Path)>,
}

impl Placed {
    /// Those of `sites`, one slice. What belongs to a site of another object is left out:
    /// it stays off.
    pub(crate) fn new(
        sites: &'static [Site],
        keys: &'static [KeyRecord],
        trampolines: &'static [TrampolineRecord],
    ) -> Self {
        let start = sites.as_ptr().addr();
        let index = |site: &'static Site| {
            let distance = core::ptr::from_ref(site).addr().checked_sub(start)?;
            let index = distance / size_of::<Site>();
            (index < sites.len()).then_some(index)
        };
        let key = |record: &'static KeyRecord| {
            let (at, arm) = (record.at(), record.arm());
            Some((index(record.site()?)?, Key { at, arm }))
        };
        let path = |record: &'static TrampolineRecord| {
            let path = record.path()?;
            Some((index((path.route.site)())?, path))
        };
        let mut placed = Placed {
            keys: keys.iter().filter_map(key).collect(),
            paths: trampolines.iter().filter_map(path).collect(),
        };
        placed.keys.sort_by_key(|(site, key)| (*site, key.at));
        placed
            .paths
            .sort_by_key(|(site, path)| (*site, path.trampoline));
        placed
    }

    /// The keys of the site with this index.
    pub(crate) fn keys_of(&self, site: usize) -> impl Iterator<Item = Key> {
        of(&self.keys, site)
    }

    /// The trampolines of the site with this index.
    pub(crate) fn paths_of(&self, site: usize) -> impl Iterator<Item = Path> {
        of(&self.paths, site)
    }
}

/// What has this number.
pub(crate) fn of<T: Copy>(sorted: &[(usize, T)], site: usize) -> impl Iterator<Item = T> {
    let first = sorted.partition_point(|(other, _)| *other < site);
    let these = sorted[first..].iter();
    these
        .take_while(move |(other, _)| *other == site)
        .map(|(_, one)| *one)
}

/// `key! { Site, on => arm, off => plain }`: the plain expression while the site's key is
/// off, the arm while it is on. `Site` is a type that implements `CallSite`.
#[doc(hidden)]
#[macro_export]
#[cfg(patched)]
macro_rules! key {
    ($site:ty, on => $arm:expr, off => $plain:expr) => {
        '__key: {
            // SAFETY: the instruction does nothing, and as a jump it leads to the label.
            // What else is written goes to another section.
            #[allow(named_asm_labels)]
            unsafe {
                $crate::__private::core::arch::asm!(
                    $crate::assembly!(key),
                    // The label once and by the assembler's name from there: each time that it
                    // is named is an edge of its own to LLVM, and leads to a block of its own
                    // where edges are split, as profiles of edges do.
                    ".irp arm, {arm}",
                    // The record's section is tied to a symbol of the function's.
                    ".ifndef .Lstatic_call\\arm",
                    ".Lstatic_call\\arm:",
                    ".endif",
                    ".pushsection static_call_keys_0_1_0, \"awo\", @progbits, .Lstatic_call\\arm",
                    ".p2align 3",
                    ".long 2b - .",
                    ".long \\arm - .",
                    ".quad {site}",
                    ".popsection",
                    ".endr",
                    site = sym <$site as $crate::__private::CallSite>::site,
                    arm = label { break '__key $arm },
                    options(nomem, nostack, preserves_flags),
                );
            }
            $plain
        }
    };
}

/// The plain expression while the site is off, the arm while it is on: a load, where no
/// code is patched.
#[doc(hidden)]
#[macro_export]
#[cfg(not(patched))]
macro_rules! key {
    ($site:ty, on => $arm:expr, off => $plain:expr) => {
        if <$site as $crate::__private::CallSite>::site().is_on() {
            $arm
        } else {
            $plain
        }
    };
}

#[cfg(test)]
mod tests;
