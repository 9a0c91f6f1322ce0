//! Room for chains inside each object that has a copy of this runtime.
//!
//! Memory that is merely mapped has no unwind information: a profiler that
//! interrupts a thread there loses sight of its callers, and `__register_frame`
//! would make every unwinding thread take a lock, up to libgcc 12, and so hang the
//! profiler that interrupts one. These addresses belong to an object, and have what
//! all code of an object has. They are zeros that no file holds, so they cost nothing
//! until code is mapped over them, one stretch after another.

use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::os::{ROOM_BYTES, Room};

/// Who has the room of this object: a runtime of its own, or that of its host.
static CLAIMED: AtomicU8 = AtomicU8::new(NOBODY);
const NOBODY: u8 = 0;
const OWN: u8 = 1;
const HOST: u8 = 2;

/// The room of this object, for the runtime in it. Once.
pub(crate) fn claim() -> Option<Range<usize>> {
    let start = room() as usize;
    take(OWN).is_ok().then_some(start..start + ROOM_BYTES)
}

/// The room of this object, for the runtime of its host. Null if it has none to give.
pub(crate) fn lend() -> *const Room {
    match take(HOST) {
        Ok(_) | Err(HOST) => room(),
        Err(_) => std::ptr::null(),
    }
}

fn take(by: u8) -> Result<u8, u8> {
    CLAIMED.compare_exchange(NOBODY, by, Ordering::Relaxed, Ordering::Relaxed)
}

/// The room's address. What is there lies among what is zero at first, where it can be
/// written until code is mapped over it; nobody does. One entry of the unwinder's table
/// says of all of it what is true at each instruction of a chain: that the return
/// address is on top of the stack.
#[unsafe(naked)]
extern "C" fn room() -> *const Room {
    core::arch::naked_asm!(
        ".pushsection static_call_chains, \"aw\", @nobits",
        ".balign 4096",
        "2:",
        ".cfi_startproc",
        ".space {bytes}",
        ".cfi_endproc",
        ".popsection",
        "lea rax, [rip + 2b]",
        "ret",
        bytes = const ROOM_BYTES,
    )
}
