//! `fork` without `exec`.
//!
//! A child has one thread. Had another one held the engine's lock or a site's
//! while it was made, nobody there would ever release it. So the forking thread
//! holds the engine's locks itself, as allocators do with theirs; and since it
//! cannot wait for all the sites, the child gives up the windows that somebody
//! was writing to.
//!
//! The C library has such a lock too, for its list of loaded objects, which a pass
//! reads: glibc 2.36, for one, leaves it held in the child if another thread was
//! loading or unloading. So a fork also waits until no plugin is being loaded or
//! unloaded ([`loading`]). What others load, they have to keep from forks themselves.

use std::cell::{Cell, UnsafeCell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use super::Engine;
use super::lock::{CHANGES, ENGINE, is_changing, is_inside};

/// How many threads load or unload a plugin, and how many fork.
static LOADING: AtomicUsize = AtomicUsize::new(0);
static FORKING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Whether this thread loads: an initializer that forks, or that loads another
    /// plugin, runs inside.
    static LOADS: Cell<bool> = const { Cell::new(false) };
}

/// Waits, but not for ever: an initializer may itself wait for a thread that forks, or
/// hold a lock of the loader that somebody needs to go on. Going on at the same time is
/// no worse than without any of this.
fn wait_until(done: impl Fn() -> bool) -> bool {
    const TRIES: u32 = 10_000;
    (0..TRIES).any(|tried| {
        if tried > 0 {
            std::thread::sleep(Duration::from_micros(100));
        }
        done()
    })
}

/// Loads or unloads a library while nobody forks.
pub(crate) fn loading<R>(work: impl FnOnce() -> R) -> R {
    struct Finished;
    impl Drop for Finished {
        fn drop(&mut self) {
            LOADS.set(false);
            LOADING.fetch_sub(1, Ordering::SeqCst);
        }
    }
    if LOADS.get() {
        return work();
    }
    // Forks go first, and do not wait for who waits here.
    let counted = wait_until(|| {
        LOADING.fetch_add(1, Ordering::SeqCst);
        let none = FORKING.load(Ordering::SeqCst) == 0;
        if !none {
            LOADING.fetch_sub(1, Ordering::SeqCst);
        }
        none
    });
    if !counted {
        LOADING.fetch_add(1, Ordering::SeqCst);
    }
    LOADS.set(true);
    let _finished = Finished;
    work()
}

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
        FORKING.fetch_add(1, Ordering::SeqCst);
        let own = usize::from(LOADS.get());
        wait_until(|| LOADING.load(Ordering::SeqCst) <= own);
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
        FORKING.fetch_sub(1, Ordering::SeqCst);
    }
}

extern "C" fn after_in_child() {
    if is_inside() {
        return;
    }
    // The others do not exist here.
    LOADING.store(usize::from(LOADS.get()), Ordering::SeqCst);
    FORKING.store(0, Ordering::SeqCst);
    // SAFETY: this thread holds `ENGINE`, since `before`.
    let locks = unsafe { (*HELD.0.get()).take() };
    let engine = locks.as_ref().map(|(engine, _)| engine);
    if let Some(engine) = engine.and_then(|engine| engine.as_ref()) {
        for site in engine.objects.iter().flat_map(|object| object.sites) {
            site.abandon();
        }
    }
}
