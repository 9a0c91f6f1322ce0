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
        tv_sec: most.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: most.subsec_nanos().into(),
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

/// What all threads of this process have taken of processors, in nanoseconds.
pub(crate) fn processor_time() -> Option<i64> {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the kernel writes the time.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    // Of other widths elsewhere.
    #[allow(clippy::useless_conversion, reason = "not on every target")]
    let (seconds, rest) = (i64::from(time.tv_sec), i64::from(time.tv_nsec));
    let all = seconds.checked_mul(1_000_000_000)?.checked_add(rest);
    all.filter(|_| result == 0)
}

/// Wakes all who wait for this word.
pub(crate) fn wake_all(word: &AtomicU32) {
    let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the kernel looks at the word's address, no more.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, i32::MAX) };
}
