//! Waiting for a number to change.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetProcessTimes, INFINITE, WaitOnAddress, WakeByAddressAll,
};

/// Waits until somebody wakes those who wait for this word, unless it has changed already.
/// May come back without a reason.
pub(crate) fn wait_while(word: &AtomicU32, value: u32) {
    wait(word, value, INFINITE);
}

/// The same, but not for longer than that.
pub(crate) fn wait_for(word: &AtomicU32, value: u32, most: Duration) {
    // Up, so that a short rest is not asked for again and again.
    let milliseconds = most.as_nanos().div_ceil(1_000_000);
    let most = u32::try_from(milliseconds).unwrap_or(INFINITE - 1);
    wait(word, value, most.min(INFINITE - 1));
}

fn wait(word: &AtomicU32, value: u32, milliseconds: u32) {
    // SAFETY: both words live, are four bytes as is said, and are compared, no more.
    unsafe {
        WaitOnAddress(
            word.as_ptr().cast_const().cast(),
            (&raw const value).cast(),
            size_of::<u32>(),
            milliseconds,
        )
    };
}

/// Wakes all who wait for this word.
pub(crate) fn wake_all(word: &AtomicU32) {
    // SAFETY: the system looks at the word's address, no more.
    unsafe { WakeByAddressAll(word.as_ptr().cast_const().cast()) };
}

/// What all threads of this process have taken of processors, in nanoseconds.
pub(crate) fn processor_time() -> Option<i64> {
    const NONE: FILETIME = FILETIME {
        dwLowDateTime: 0,
        dwHighDateTime: 0,
    };
    let (mut started, mut ended, mut kernel, mut user) = (NONE, NONE, NONE, NONE);
    // SAFETY: this process asks for its own times, which are written to these four.
    let known = unsafe {
        GetProcessTimes(
            GetCurrentProcess(),
            &raw mut started,
            &raw mut ended,
            &raw mut kernel,
            &raw mut user,
        )
    };
    // In tenths of a microsecond.
    let count =
        |time: FILETIME| (u64::from(time.dwHighDateTime) << 32) + u64::from(time.dwLowDateTime);
    let all = count(kernel).checked_add(count(user))?.checked_mul(100)?;
    (known != 0).then(|| i64::try_from(all).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::Instant;

    use super::*;

    #[test]
    fn who_waits_is_woken_and_comes_back_when_the_time_is_over() {
        let word = AtomicU32::new(0);
        let start = Instant::now();
        wait_while(&word, 1);
        wait_for(&word, 0, Duration::from_millis(20));
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while word.load(Ordering::SeqCst) == 0 {
                    wait_while(&word, 0);
                }
            });
            std::thread::sleep(Duration::from_millis(20));
            word.store(1, Ordering::SeqCst);
            wake_all(&word);
        });
    }
}
