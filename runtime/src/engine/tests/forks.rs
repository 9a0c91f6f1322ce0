//! Forks beside threads that load, swap and re-plan.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::engine::{self, fork};

/// How many threads are loading, as far as this test has them do so.
static INSIDE: AtomicUsize = AtomicUsize::new(0);

/// Runs in a child, which has one thread: the locks are free, and nobody was loading.
fn is_at_rest() -> bool {
    let loading = INSIDE.load(Ordering::SeqCst);
    let sites = engine::with(|engine| engine.objects.len());
    fork::loading(|| loading == 0 && sites > 0)
}

#[test]
fn no_fork_happens_while_a_library_is_loaded_and_a_child_finds_all_locks_free() {
    let done = AtomicBool::new(false);
    let loaded = AtomicUsize::new(0);
    engine::with(|engine| assert!(!engine.objects.is_empty()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    fork::loading(|| {
                        INSIDE.fetch_add(1, Ordering::SeqCst);
                        thread::yield_now();
                        INSIDE.fetch_sub(1, Ordering::SeqCst);
                    });
                    loaded.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                engine::with(|engine| assert!(!engine.objects.is_empty()));
            }
        });
        let all_right = (0..100).all(|_| {
            // SAFETY: the child calls `is_at_rest` and `_exit` only; it allocates, which
            // the C library allows, and is ended should it hang.
            unsafe {
                let child = libc::fork();
                if child == 0 {
                    libc::alarm(60);
                    libc::_exit(i32::from(!is_at_rest()));
                }
                let mut status = 0;
                libc::waitpid(child, &raw mut status, 0) == child && status == 0
            }
        });
        done.store(true, Ordering::SeqCst);
        assert!(
            all_right,
            "a child hung, or was made in the middle of a load"
        );
    });
    println!(
        "100 children beside {} loads",
        loaded.load(Ordering::SeqCst)
    );
}
