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
use std::ffi::c_int;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::Engine;
use super::lock::{CHANGES, ENGINE, Standing, is_changing, standing};
use super::turns::Had;
use crate::site::Site;

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

/// Whether this thread loads or unloads a library.
#[cfg(feature = "tracing")]
pub(super) fn loads() -> bool {
    LOADS.get()
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

type Locks = (Had<'static, Option<Engine>>, Option<Had<'static, ()>>);

// SAFETY: written only by the thread that holds `ENGINE`, which is the one whose
// guard it is.
unsafe impl Sync for Held {}

static HELD: Held = Held(UnsafeCell::new(None));

/// Sees to it that forks find the engine at rest.
pub(super) fn register() {
    type Handler = Option<extern "C" fn()>;
    unsafe extern "C" {
        // Declared here, for the libc crate has it for some systems only.
        fn pthread_atfork(before: Handler, after: Handler, in_child: Handler) -> c_int;
    }
    // SAFETY: three functions of this type that live as long as the handlers: the
    // object that holds the runtime is never unloaded. A refusal (no memory)
    // leaves forks as safe as they are without us.
    unsafe { pthread_atfork(Some(before), Some(after), Some(after_in_child)) };
}

/// Whether this thread can wait for the engine: not if it has it, nor in a handler of a
/// signal that has interrupted it on the way there.
fn can_wait(standing: Standing) -> bool {
    matches!(standing, Standing::Outside | Standing::Waits(_))
}

extern "C" fn before() {
    let standing = standing();
    if !can_wait(standing) {
        return;
    }
    FORKING.fetch_add(1, Ordering::SeqCst);
    let own = usize::from(LOADS.get());
    wait_until(|| LOADING.load(Ordering::SeqCst) <= own);
    let locks = if let Standing::Waits(turn) = standing {
        // In a signal handler. The turn that was waited for comes first, so that nobody
        // changes a binding to its end while this thread waits to.
        ENGINE.wait(turn);
        // SAFETY: this thread's turn; what was interrupted has not seen it yet.
        (unsafe { ENGINE.have() }, None)
    } else {
        let changes = (!is_changing()).then(|| CHANGES.lock());
        (ENGINE.lock(), changes)
    };
    // SAFETY: this thread holds `ENGINE`.
    unsafe { *HELD.0.get() = Some(locks) };
}

extern "C" fn after() {
    if can_wait(standing()) {
        // SAFETY: this thread holds `ENGINE`, since `before`.
        give_back(unsafe { (*HELD.0.get()).take() });
        FORKING.fetch_sub(1, Ordering::SeqCst);
    }
}

fn give_back(locks: Option<Locks>) {
    if let (Some((engine, _)), Standing::Waits(_)) = (locks, standing()) {
        // It goes on to whom the signal has interrupted.
        std::mem::forget(engine);
    }
}

extern "C" fn after_in_child() {
    crate::os::forked();
    if !can_wait(standing()) {
        return;
    }
    // The others do not exist here.
    LOADING.store(usize::from(LOADS.get()), Ordering::SeqCst);
    FORKING.store(0, Ordering::SeqCst);
    super::WORKERS.store(0, Ordering::SeqCst);
    // SAFETY: this thread holds `ENGINE`, since `before`.
    let locks = unsafe { (*HELD.0.get()).take() };
    if let Some((engine, changes)) = &locks {
        ENGINE.forget_others();
        if changes.is_some() || is_changing() {
            CHANGES.forget_others();
        }
        for object in engine.iter().flat_map(|engine| &engine.objects) {
            object.sites.iter().for_each(Site::abandon);
        }
    }
    give_back(locks);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::sync::{Mutex, PoisonError};
    use std::thread;

    use super::{Duration, FORKING, LOADING, Ordering, loading, wait_until};

    /// Each test counts in the other's counters.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    #[test]
    fn a_fork_waits_until_a_plugin_is_loaded() {
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        // The handlers are set up with the engine.
        crate::engine::with(|_| ());
        let loaded = AtomicBool::new(false);
        let status = thread::scope(|scope| {
            scope.spawn(|| {
                loading(|| {
                    wait_until(|| FORKING.load(Ordering::SeqCst) > 0);
                    thread::sleep(Duration::from_millis(20));
                    loaded.store(true, Ordering::SeqCst);
                });
            });
            wait_until(|| LOADING.load(Ordering::SeqCst) > 0);
            // SAFETY: the child looks at memory and leaves.
            let child = unsafe { libc::fork() };
            if child == 0 {
                let before = !loaded.load(Ordering::SeqCst);
                // SAFETY: ends the child.
                unsafe { libc::_exit(i32::from(before)) };
            }
            let mut status = 0;
            // SAFETY: a child of this process, waited for once.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            status
        });
        assert_eq!(status, 0, "the child was made while a plugin was loaded");
    }

    #[test]
    fn a_plugin_is_not_loaded_while_a_thread_forks() {
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = AtomicBool::new(false);
        thread::scope(|scope| {
            FORKING.fetch_add(1, Ordering::SeqCst);
            scope.spawn(|| loading(|| loaded.store(true, Ordering::SeqCst)));
            thread::sleep(Duration::from_millis(20));
            let meanwhile = loaded.load(Ordering::SeqCst);
            FORKING.fetch_sub(1, Ordering::SeqCst);
            assert!(!meanwhile, "a plugin was loaded while a thread forked");
        });
        assert!(loaded.into_inner());
    }
}
