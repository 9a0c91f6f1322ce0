//! Waiting for a number to change.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Waits until somebody wakes those who wait for this word, unless it has changed already.
/// May come back without a reason.
pub(crate) fn wait_while(word: &AtomicU32, value: u32) {
    wait(word, value, 0, ptr::null_mut());
}

/// The same, but not for longer than that.
pub(crate) fn wait_for(word: &AtomicU32, value: u32, most: Duration) {
    let mut most = libc::_umtx_time {
        _timeout: libc::timespec {
            tv_sec: i32::try_from(most.as_secs()).unwrap_or(i32::MAX).into(),
            tv_nsec: most.subsec_nanos().cast_signed().into(),
        },
        // From now on.
        _flags: 0,
        _clockid: libc::CLOCK_MONOTONIC.cast_unsigned(),
    };
    wait(word, value, size_of_val(&most), (&raw mut most).cast());
}

fn wait(word: &AtomicU32, value: u32, size: usize, most: *mut c_void) {
    // SAFETY: the word lives, and the kernel compares and waits, no more; it reads a time of
    // the size that is said, or none. A refusal is a coming back without a reason.
    unsafe {
        libc::_umtx_op(
            word.as_ptr().cast(),
            libc::UMTX_OP_WAIT_UINT_PRIVATE,
            value.into(),
            ptr::without_provenance_mut(size),
            most,
        )
    };
}

/// Wakes all who wait for this word.
pub(crate) fn wake_all(word: &AtomicU32) {
    // SAFETY: the kernel looks at the word's address, no more.
    unsafe {
        libc::_umtx_op(
            word.as_ptr().cast(),
            libc::UMTX_OP_WAKE_PRIVATE,
            i32::MAX.cast_unsigned().into(),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
}

/// In a child of `fork`: nothing of this is kept in the process.
pub(crate) fn forked() {}
