//! `fork` without `exec`.
//!
//! A child has one thread. Had another one held the engine's lock or a site's
//! while it was made, nobody there would ever release it. So the forking thread
//! holds the engine's locks itself, as allocators do with theirs; and since it
//! cannot wait for all the sites, the child gives up the windows that somebody
//! was writing to.

use std::cell::UnsafeCell;
use std::sync::{MutexGuard, PoisonError};

use super::Engine;
use super::lock::{CHANGES, ENGINE, is_changing, is_inside};

/// The locks while a thread forks, in the order in which they are given back.
struct Held(UnsafeCell<Option<Locks>>);

type Locks = (
    MutexGuard<'static, Option<Engine>>,
    Option<MutexGuard<'static, ()>>,
);

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
    if !is_inside() {
        let changes =
            (!is_changing()).then(|| CHANGES.lock().unwrap_or_else(PoisonError::into_inner));
        let engine = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: this thread holds `ENGINE`.
        unsafe { *HELD.0.get() = Some((engine, changes)) };
    }
}

extern "C" fn after() {
    if !is_inside() {
        // SAFETY: this thread holds `ENGINE`, since `before`.
        drop(unsafe { (*HELD.0.get()).take() });
    }
}

extern "C" fn after_in_child() {
    if is_inside() {
        return;
    }
    // SAFETY: this thread holds `ENGINE`, since `before`.
    let locks = unsafe { (*HELD.0.get()).take() };
    let engine = locks.as_ref().map(|(engine, _)| engine);
    if let Some(engine) = engine.and_then(|engine| engine.as_ref()) {
        for site in engine.objects.iter().flat_map(|object| object.sites) {
            site.abandon();
        }
    }
}
