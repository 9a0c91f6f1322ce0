//! A lock that is had in turn.
//!
//! The standard library's goes to whoever comes first once it is given back, and that is
//! mostly who gave it back: a thread that re-planned all the time let swaps and forks wait
//! for thousands of passes. `parking_lot`'s is handed on, but to threads in a table of its
//! own, and in a child of `fork` these do not exist.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, Ordering};

use crate::os;

/// Looks at whose turn it is before a thread sleeps: as many as the standard library's.
const SPINS: u32 = 100;

/// A value that one thread has at a time, in the order in which they asked.
pub(super) struct InTurn<T> {
    /// Turns that were drawn so far.
    drawn: AtomicU32,
    /// Whose turn it is; nobody's, if nobody has drawn it yet.
    now: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through `Had` alone, and of these there is one at a time:
// turns are drawn by `fetch_add` and so differ, `now` names one of them, and whoever calls
// `have` promises to have waited for its own. `T: Send` lets it go from thread to thread.
unsafe impl<T: Send> Sync for InTurn<T> {}

impl<T> InTurn<T> {
    pub(super) const fn new(value: T) -> Self {
        InTurn {
            drawn: AtomicU32::new(0),
            now: AtomicU32::new(0),
            value: UnsafeCell::new(value),
        }
    }

    /// Asks for a turn, which is to be waited for.
    pub(super) fn draw(&self) -> u32 {
        self.drawn.fetch_add(1, Ordering::SeqCst)
    }

    /// Waits until it is this turn.
    pub(super) fn wait(&self, turn: u32) {
        // Most turns are shorter than falling asleep and being woken takes.
        for _ in 0..SPINS {
            if self.now.load(Ordering::SeqCst) == turn {
                return;
            }
            core::hint::spin_loop();
        }
        loop {
            let now = self.now.load(Ordering::SeqCst);
            if now == turn {
                return;
            }
            os::wait_while(&self.now, now);
        }
    }

    /// The value, as long as the turn lasts.
    ///
    /// # Safety
    /// It is a turn that the caller has drawn, and has waited for; it has the value once.
    pub(super) unsafe fn have(&self) -> Had<'_, T> {
        Had {
            of: self,
            value: PhantomData,
        }
    }

    /// Waits for a turn of its own.
    pub(super) fn lock(&self) -> Had<'_, T> {
        let turn = self.draw();
        self.wait(turn);
        // SAFETY: drawn and waited for in the last two lines.
        unsafe { self.have() }
    }

    /// The value, if nobody has it or waits for it.
    pub(super) fn try_lock(&self) -> Option<Had<'_, T>> {
        let now = self.now.load(Ordering::SeqCst);
        (self.drawn)
            .compare_exchange(
                now,
                now.wrapping_add(1),
                Ordering::SeqCst,
                Ordering::Relaxed,
            )
            .ok()?;
        // SAFETY: drawn, and it is that turn: nobody drew `now` before, so nobody has it.
        Some(unsafe { self.have() })
    }

    /// In a child of `fork`, where it is the turn of its one thread: the others that have
    /// asked for one do not exist.
    #[cfg(all(unix, not(target_family = "wasm")))]
    pub(super) fn forget_others(&self) {
        let next = self.now.load(Ordering::SeqCst).wrapping_add(1);
        self.drawn.store(next, Ordering::SeqCst);
    }

    /// How many have it or wait for it.
    #[cfg(test)]
    pub(super) fn asked(&self) -> u32 {
        let now = self.now.load(Ordering::SeqCst);
        self.drawn.load(Ordering::SeqCst).wrapping_sub(now)
    }
}

/// A turn, which ends with this.
pub(super) struct Had<'a, T> {
    of: &'a InTurn<T>,
    value: PhantomData<&'a mut T>,
}

impl<T> Deref for Had<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this turn is the one that `now` names until it is dropped, by the promise of
        // `have`'s caller, so that nobody else has the value.
        unsafe { &*self.of.value.get() }
    }
}

impl<T> DerefMut for Had<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the turn is borrowed exclusively.
        unsafe { &mut *self.of.value.get() }
    }
}

impl<T> Drop for Had<'_, T> {
    fn drop(&mut self) {
        let next = self.of.now.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
        // Who asks later sees that it is its turn.
        if self.of.drawn.load(Ordering::SeqCst) != next {
            os::wake_all(&self.of.now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::thread;

    use super::InTurn;

    fn until(done: impl Fn() -> bool) {
        while !done() {
            thread::yield_now();
        }
    }

    #[test]
    fn one_thread_has_it_at_a_time() {
        let counted = InTurn::new(0_u64);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5000 {
                        let mut counted = counted.lock();
                        let before = *counted;
                        std::hint::black_box(&mut *counted);
                        *counted = before + 1;
                    }
                });
            }
        });
        assert_eq!(*counted.lock(), 20_000);
        assert_eq!(counted.asked(), 0);
    }

    #[test]
    fn who_gives_it_back_does_not_have_it_again_before_those_who_wait() {
        let lock = InTurn::new(());
        let order = Mutex::new(Vec::new());
        let note = |who| order.lock().unwrap().push(who);
        thread::scope(|scope| {
            for round in 0..20 {
                let first = lock.lock();
                let waits = ["second", "third"].map(|who| {
                    let asked = lock.asked();
                    let (lock, note) = (&lock, &note);
                    let waits = scope.spawn(move || {
                        let _had = lock.lock();
                        note(who);
                    });
                    until(|| lock.asked() > asked);
                    waits
                });
                note("first");
                drop(first);
                let again = lock.lock();
                note("again");
                drop(again);
                for one in waits {
                    one.join().unwrap();
                }
                let order = std::mem::take(&mut *order.lock().unwrap());
                assert_eq!(order, ["first", "second", "third", "again"], "{round}");
            }
        });
    }

    #[test]
    fn who_does_not_wait_has_it_only_if_nobody_has_it_or_waits() {
        let lock = InTurn::new(0);
        *lock.try_lock().expect("nobody has it") = 1;
        assert_eq!(lock.asked(), 0, "it is given back");
        let had = lock.try_lock().expect("nobody has it");
        assert!(lock.try_lock().is_none());
        thread::scope(|scope| {
            let waits = scope.spawn(|| *lock.lock() += 1);
            until(|| lock.asked() == 2);
            assert!(lock.try_lock().is_none());
            drop(had);
            waits.join().unwrap();
        });
        // A turn that was drawn is somebody's, waited for or not.
        let turn = lock.draw();
        assert!(lock.try_lock().is_none());
        lock.wait(turn);
        // SAFETY: drawn and waited for, and had once.
        drop(unsafe { lock.have() });
        assert_eq!(*lock.try_lock().expect("all turns are over"), 2);
        assert_eq!(lock.asked(), 0);
    }

    #[test]
    fn those_who_do_not_wait_have_it_one_at_a_time_as_well() {
        let counted = InTurn::new(0_u64);
        thread::scope(|scope| {
            for waits in [true, false, false] {
                let counted = &counted;
                scope.spawn(move || {
                    let mut times = 0;
                    while times < 2000 {
                        let had = if waits {
                            Some(counted.lock())
                        } else {
                            counted.try_lock()
                        };
                        let Some(mut had) = had else {
                            thread::yield_now();
                            continue;
                        };
                        let before = *had;
                        std::hint::black_box(&mut *had);
                        *had = before + 1;
                        times += 1;
                    }
                });
            }
        });
        assert_eq!(*counted.lock(), 6000);
    }

    #[test]
    fn it_is_given_back_where_a_thread_panics() {
        let lock = InTurn::new(1);
        let panics = || {
            let mut had = lock.lock();
            *had = 2;
            panic!("on purpose");
        };
        assert!(thread::scope(|scope| scope.spawn(panics).join()).is_err());
        assert_eq!(*lock.lock(), 2);
    }
}
