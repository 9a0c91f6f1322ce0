//! Atomics and cells of the part that calls write without a lock: the ones of
//! `core`, or under `--cfg loom` those of loom, which runs every interleaving.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic;
#[cfg(loom)]
pub(crate) use loom::sync::atomic;

/// A function that is `const`, for statics; loom's atomics are made at run time.
macro_rules! const_unless_loom {
    ($(#[$attribute:meta])* $visible:vis fn $($rest:tt)*) => {
        #[cfg(not(loom))]
        $(#[$attribute])*
        $visible const fn $($rest)*
        #[cfg(loom)]
        $(#[$attribute])*
        $visible fn $($rest)*
    };
}
pub(crate) use const_unless_loom;

/// A value that one thread has at a time, by a lock that stands elsewhere.
#[repr(transparent)]
#[cfg(not(loom))]
pub(crate) struct Exclusive<T>(core::cell::UnsafeCell<T>);

/// The same, its accesses told to loom.
#[cfg(loom)]
pub(crate) struct Exclusive<T>(core::cell::UnsafeCell<T>, loom::cell::UnsafeCell<()>);

// SAFETY: reached only through `Exclusive::get`, whose callers see to it that one
// thread has the value at a time.
unsafe impl<T: Send> Sync for Exclusive<T> {}

impl<T> Exclusive<T> {
    const_unless_loom! {
        pub(crate) fn new(value: T) -> Self {
            Exclusive(
                core::cell::UnsafeCell::new(value),
                #[cfg(loom)]
                loom::cell::UnsafeCell::new(()),
            )
        }
    }

    /// # Safety
    /// The caller holds the lock that guards the value, or owns it alone, and lets
    /// go of the reference before it lets go of that.
    #[allow(clippy::mut_from_ref, reason = "exclusive by contract")]
    pub(crate) unsafe fn get(&self) -> &mut T {
        // An access, for loom to compare with the others' order.
        #[cfg(loom)]
        self.1.with_mut(|_| ());
        // SAFETY: exclusive by this function's contract.
        unsafe { &mut *self.0.get() }
    }
}
