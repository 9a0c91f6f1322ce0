//! One thread of a process replaces pages at a time, whichever version of this library
//! it runs.
//!
//! Two versions in one program have keys in the same pages of text, and each moves runs
//! of pages that hold the other's. The lock's word is a weak symbol, of which the linker
//! keeps one for the program. Its name and its meaning never change: 0 where it is free,
//! the holder's process otherwise. A child of a fork finds its parent there at worst, who
//! does not hold it here.

use std::sync::atomic::{AtomicU32, Ordering};

std::arch::global_asm!(
    ".pushsection .data.static_call_pages_lock, \"aw\", @progbits",
    ".weak static_call_pages_lock",
    ".hidden static_call_pages_lock",
    ".type static_call_pages_lock, @object",
    ".size static_call_pages_lock, 4",
    ".balign 4",
    "static_call_pages_lock:",
    ".long 0",
    ".popsection",
);
unsafe extern "C" {
    static static_call_pages_lock: AtomicU32;
}

/// Held until it is dropped.
pub(super) struct Held(());

/// The same, if it is free, without waiting.
pub(super) fn try_hold() -> Option<Held> {
    word()
        .compare_exchange(0, std::process::id(), Ordering::Acquire, Ordering::Relaxed)
        .ok()
        .map(|_| Held(()))
}

pub(super) fn hold() -> Held {
    let own = std::process::id();
    loop {
        match word().compare_exchange(0, own, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => return Held(()),
            // Of a parent's thread, which is not here.
            Err(other) if other != own => {
                let taken =
                    word().compare_exchange(other, own, Ordering::Acquire, Ordering::Relaxed);
                if taken.is_ok() {
                    return Held(());
                }
            }
            Err(_) => std::thread::yield_now(),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        word().store(0, Ordering::Release);
    }
}

fn word() -> &'static AtomicU32 {
    // SAFETY: defined above, four aligned bytes that are only used as an atomic.
    unsafe { &static_call_pages_lock }
}
