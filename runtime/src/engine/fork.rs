//! `fork` without `exec`.
//!
//! A child has one thread. Had another one held the engine's lock or a site's
//! while it was made, nobody there would ever release it. So the forking thread
//! holds the engine's lock itself, as allocators do with theirs; and since it
//! cannot wait for all the sites, the child gives up the windows that somebody
//! was writing to.

use std::cell::{Cell, UnsafeCell};
use std::sync::{MutexGuard, PoisonError};

use super::{ENGINE, Engine};

thread_local! {
    /// Whether this thread is in [`super::with`], and so has the lock already.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Marks this thread as the lock's holder until it is dropped.
pub(super) struct Inside(bool);

impl Inside {
    pub(super) fn enter() -> Self {
        Inside(INSIDE.replace(true))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.0);
    }
}

/// The lock while a thread forks.
struct Held(UnsafeCell<Option<MutexGuard<'static, Option<Engine>>>>);

// SAFETY: written only by the thread that holds `ENGINE`, which is the one whose
// guard it is.
unsafe impl Sync for Held {}

static HELD: Held = Held(UnsafeCell::new(None));

/// Sees to it that forks find the engine at rest.
pub(super) fn register() {
    // SAFETY: three functions of this type that live as long as the handlers: the
    // object that holds the runtime is never unloaded. A refusal (no memory)
    // leaves forks as safe as they are without us.
    unsafe { libc::pthread_atfork(Some(before), Some(after), Some(after_in_child)) };
}

extern "C" fn before() {
    if !INSIDE.get() {
        let guard = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: this thread holds `ENGINE`.
        unsafe { *HELD.0.get() = Some(guard) };
    }
}

extern "C" fn after() {
    if !INSIDE.get() {
        // SAFETY: this thread holds `ENGINE`, since `before`.
        drop(unsafe { (*HELD.0.get()).take() });
    }
}

extern "C" fn after_in_child() {
    if INSIDE.get() {
        return;
    }
    // SAFETY: this thread holds `ENGINE`, since `before`.
    let guard = unsafe { (*HELD.0.get()).take() };
    if let Some(engine) = guard.as_deref().and_then(Option::as_ref) {
        for site in engine.objects.iter().flat_map(|object| object.sites) {
            site.abandon();
        }
    }
}
