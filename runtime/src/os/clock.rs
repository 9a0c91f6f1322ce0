//! The clock of this process's own time.

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
