//! Room for chains inside each object that has a copy of this runtime.
//!
//! Memory that is merely mapped has no unwind information: a profiler that
//! interrupts a thread there loses sight of its callers, and `__register_frame`
//! would make every unwinding thread take a lock, up to libgcc 12, and so hang the
//! profiler that interrupts one. This is code of an object, and has what all code of an
//! object has: breakpoints in its file, until chains are written there as they are written
//! to its other pages.

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

/// The room's address: its mark, and breakpoints. One entry of the unwinder's table says of
/// all of it what is true at each instruction of a chain: that the return address is where a
/// call left it.
#[unsafe(naked)]
extern "C" fn room() -> *const Room {
    core::arch::naked_asm!(
        ".pushsection static_call_chains, \"ax\", @progbits",
        ".balign {pages}",
        // For profilers. Local, and each object's own.
        ".type static_call_chains_0_1_0, @function",
        "static_call_chains_0_1_0:",
        ".cfi_startproc",
        // The mark.
        ".quad {mark_1}, {mark_2}",
        crate::assembly!(breakpoints "{bytes} - {marked}"),
        ".cfi_endproc",
        ".size static_call_chains_0_1_0, {bytes}",
        ".popsection",
        crate::assembly!(return "static_call_chains_0_1_0"),
        mark_1 = const word(0),
        mark_2 = const word(8),
        marked = const Room::MARK.len(),
        bytes = const ROOM_BYTES,
        pages = const align_of::<Room>(),
    )
}

/// Eight bytes of the mark.
const fn word(from: usize) -> u64 {
    let (mut bytes, mut index) = ([0; 8], 0);
    while index < bytes.len() {
        bytes[index] = Room::MARK[from + index];
        index += 1;
    }
    u64::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::objects;

    #[test]
    fn the_room_is_code_with_the_mark_in_front_of_it() {
        let start = room().addr();
        assert_eq!(start % 4096, 0);
        let span = objects::executable_span_of(start).unwrap();
        assert!(span.start <= start && start + ROOM_BYTES <= span.end);
        // SAFETY: mapped memory of this program, as was just seen.
        let mark = unsafe { room().cast::<[u8; Room::MARK.len()]>().read() };
        assert_eq!(mark, Room::MARK);
    }
}
