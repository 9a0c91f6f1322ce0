//! Room for chains inside the object that holds this runtime.
//!
//! Memory that is merely mapped has no unwind information: a profiler that
//! interrupts a thread there loses sight of its callers, and `__register_frame`
//! would make every unwinding thread take a lock, up to libgcc 12, and so hang the
//! profiler that interrupts one. These pages have what all code of an object has.
//! They cost as many bytes of the file, and no memory until they are used.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// Size of the room in bytes, whole pages.
const BYTES: usize = 32 * 1024;

static CLAIMED: AtomicBool = AtomicBool::new(false);

/// The room, if it lies in `near`, is large enough, and nobody has it yet.
pub(super) fn claim(near: &Range<usize>, length: usize) -> Option<Range<usize>> {
    let start = room as *const () as usize;
    let range = start..start + BYTES;
    let here = near.contains(&range.start) && near.contains(&(range.end - 1));
    (here && length <= BYTES && !CLAIMED.swap(true, Ordering::Relaxed)).then_some(range)
}

/// Breakpoints until chains are put over them. Alone in its section, so that it
/// starts where its alignment says.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
#[unsafe(link_section = "static_call_chains")]
unsafe extern "C" fn room() {
    core::arch::naked_asm!(
        ".balign 4096",
        ".cfi_startproc",
        ".space {bytes}, {breakpoint}",
        ".cfi_endproc",
        bytes = const BYTES,
        breakpoint = const super::BREAKPOINT,
    )
}
