//! The runtime's two locks: one around changes of bindings, and inside of it one around
//! the engine.
//!
//! A change of a binding looks at typed state of the binding's own, and then has the
//! engine publish it; the engine never looks at that state, so that the order of the
//! locks is always the same.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Engine;

/// The engine, set up on first use.
pub(super) static ENGINE: Mutex<Option<Engine>> = Mutex::new(None);

/// Changes of bindings are one at a time. Taken before [`ENGINE`].
pub(super) static CHANGES: Mutex<()> = Mutex::new(());

thread_local! {
    /// Whether this thread is in [`with`], and so has [`ENGINE`] already.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// Whether it changes a binding, and so has or waits for [`CHANGES`].
    static CHANGING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread holds the engine's lock.
pub(super) fn is_inside() -> bool {
    INSIDE.get()
}

/// Whether this thread holds the lock around changes of bindings, or waits for it.
pub(super) fn is_changing() -> bool {
    CHANGING.get()
}

/// Takes back a mark of this thread, also where work panics.
struct Mark(&'static std::thread::LocalKey<Cell<bool>>, bool);

impl Mark {
    fn set(flag: &'static std::thread::LocalKey<Cell<bool>>) -> Self {
        Mark(flag, flag.replace(true))
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// Runs `work` with the engine, which is set up on first use.
pub(crate) fn with<R>(work: impl FnOnce(&mut Engine) -> R) -> R {
    let mut guard: MutexGuard<'_, Option<Engine>> =
        ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
    let _inside = Mark::set(&INSIDE);
    work(guard.get_or_insert_with(|| {
        #[cfg(target_os = "linux")]
        super::fork::register();
        Engine::new()
    }))
}

/// Runs `work` while no other binding is changed. If this thread is in the runtime
/// already, `work` is not run.
pub(crate) fn changing(work: &mut dyn FnMut()) {
    if is_inside() || is_changing() {
        return;
    }
    // Before the lock is taken, and until after it is given back.
    let _changing = Mark::set(&CHANGING);
    let _lock = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
    work();
}
