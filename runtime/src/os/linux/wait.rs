//! Waiting for a number to change.

use std::ptr;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Waits until somebody wakes those who wait for this word, unless it has changed already.
/// May come back without a reason.
pub(crate) fn wait_while(word: &AtomicU32, value: u32) {
    let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    let for_ever = ptr::null::<libc::timespec>();
    // SAFETY: the word lives, and the kernel compares and waits, no more. A refusal is a
    // coming back without a reason.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, value, for_ever) };
}

/// The same, but not for longer than that.
pub(crate) fn wait_for(word: &AtomicU32, value: u32, most: Duration) {
    let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    let most = libc::timespec {
        tv_sec: i32::try_from(most.as_secs()).unwrap_or(i32::MAX).into(),
        tv_nsec: most.subsec_nanos().cast_signed().into(),
    };
    // SAFETY: as above; the kernel reads the time.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            operation,
            value,
            &raw const most,
        )
    };
}

/// Wakes all who wait for this word.
pub(crate) fn wake_all(word: &AtomicU32) {
    let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the kernel looks at the word's address, no more.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, i32::MAX) };
}

/// In a child of `fork`: nothing of this is kept in the process.
pub(crate) fn forked() {}
