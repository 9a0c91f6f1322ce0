//! Waiting for a number to change, by the standard library alone.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One for all words: who is woken looks at its own.
struct Bell {
    lock: Mutex<()>,
    rings: Condvar,
}

/// How many generations of children of `fork` have a bell of their own.
const GENERATIONS: usize = 16;

static BELLS: [Bell; GENERATIONS] = [const {
    Bell {
        lock: Mutex::new(()),
        rings: Condvar::new(),
    }
}; GENERATIONS];

/// Which generation this is.
static GENERATION: AtomicUsize = AtomicUsize::new(0);

/// The bell of this process. [`None`] after too many forks: then words are looked at again
/// and again.
fn bell() -> Option<&'static Bell> {
    BELLS.get(GENERATION.load(Ordering::Relaxed))
}

impl Bell {
    /// Held by who looks at a word and then waits, and taken by who rings: so that none looks
    /// before the word is changed, and waits after it was rung.
    fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until somebody wakes those who wait for this word, unless it has changed already.
/// May come back without a reason.
pub(crate) fn wait_while(word: &AtomicU32, value: u32) {
    if cfg!(target_family = "wasm") {
        // Where there are no threads, there is nobody to wait for.
        return std::thread::yield_now();
    }
    let Some(bell) = bell() else {
        return std::thread::sleep(Duration::from_millis(1));
    };
    let lock = bell.lock();
    if word.load(Ordering::SeqCst) == value {
        drop(bell.rings.wait(lock));
    }
}

/// The same, but not for longer than that.
pub(crate) fn wait_for(word: &AtomicU32, value: u32, most: Duration) {
    let Some(bell) = bell().filter(|_| !cfg!(target_family = "wasm")) else {
        return std::thread::sleep(most.min(Duration::from_millis(10)));
    };
    let lock = bell.lock();
    if word.load(Ordering::SeqCst) == value {
        drop(bell.rings.wait_timeout(lock, most));
    }
}

/// Wakes all who wait for this word, which was changed before.
pub(crate) fn wake_all(_word: &AtomicU32) {
    if let Some(bell) = bell() {
        drop(bell.lock());
        bell.rings.notify_all();
    }
}

/// In a child of `fork`: a thread that is not there may have the lock.
pub(crate) fn forked() {
    let next = GENERATION.load(Ordering::Relaxed) + 1;
    GENERATION.store(next, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::*;

    #[test]
    fn who_waits_is_woken_and_comes_back_when_the_time_is_over() {
        let word = AtomicU32::new(0);
        let start = Instant::now();
        wait_while(&word, 1);
        wait_for(&word, 0, Duration::from_millis(20));
        assert!(start.elapsed() < Duration::from_secs(10));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while word.load(Ordering::SeqCst) == 0 {
                        wait_while(&word, 0);
                    }
                });
            }
            thread::sleep(Duration::from_millis(20));
            word.store(1, Ordering::SeqCst);
            wake_all(&word);
        });
    }

    #[test]
    fn no_turn_is_slept_through() {
        // Each waits for the other's number, ten thousand times.
        let words = [AtomicU32::new(0), AtomicU32::new(0)];
        thread::scope(|scope| {
            for own in 0..2 {
                let (own, other) = (&words[own], &words[1 - own]);
                scope.spawn(move || {
                    for turn in 0..10_000 {
                        own.store(turn + 1, Ordering::SeqCst);
                        wake_all(own);
                        while other.load(Ordering::SeqCst) <= turn {
                            wait_while(other, turn);
                        }
                    }
                });
            }
        });
    }

    #[cfg(unix)]
    #[test]
    fn in_a_child_nobody_waits_for_a_thread_that_is_not_there() {
        let word = AtomicU32::new(0);
        let held = bell().unwrap().lock();
        let status = thread::scope(|scope| {
            let child = scope.spawn(|| {
                // SAFETY: the child uses this module and leaves.
                let child = unsafe { libc::fork() };
                if child == 0 {
                    forked();
                    // SAFETY: has a child that hangs end.
                    unsafe { libc::alarm(60) };
                    wait_for(&word, 0, Duration::from_millis(1));
                    wake_all(&word);
                    // SAFETY: ends the child.
                    unsafe { libc::_exit(0) };
                }
                let mut status = 0;
                // SAFETY: a child of this process, waited for once.
                assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
                status
            });
            child.join().unwrap()
        });
        drop(held);
        assert_eq!(status, 0);
    }
}
