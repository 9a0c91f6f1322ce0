//! `fork` without `exec`: both sides go on and swap, each for itself.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::{panic, thread};

use static_call::{binding, static_dispatch};

#[static_dispatch]
trait Forked: Send + Sync {
    #[static_dispatch(none = 0)]
    fn forked(&self, x: u64) -> u64;
    #[static_dispatch(none = String::new())]
    fn named(&self) -> String;
}

struct Plus(u64);

impl Forked for Plus {
    fn forked(&self, x: u64) -> u64 {
        x + self.0
    }
    fn named(&self) -> String {
        self.0.to_string()
    }
}

static PARENT: Plus = Plus(1);
static CHILD: Plus = Plus(2);

binding! {
    static FORKED: dyn Forked = PARENT;
    static NOTHING: dyn Forked = None;
}

fn expect(number: u64) {
    assert_eq!(FORKED.forked(10), 10 + number);
    assert_eq!(FORKED.named(), number.to_string());
}

/// Forks; the child runs `work` and is killed if it hangs.
fn fork(work: impl FnOnce()) -> libc::pid_t {
    // SAFETY: the child calls into this process's allocator and runtime, which glibc and
    // the runtime keep usable, and leaves by `_exit`.
    unsafe {
        let child = libc::fork();
        assert!(child >= 0, "no process to be had");
        if child == 0 {
            libc::alarm(120);
            let result = panic::catch_unwind(panic::AssertUnwindSafe(work));
            libc::_exit(i32::from(result.is_err()));
        }
        child
    }
}

fn assert_went_well(child: libc::pid_t) {
    let mut status = 0;
    // SAFETY: a child of this process, waited for once.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert!(
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
        "the child ended with {status:#x}"
    );
}

/// Swaps there and back, boxes too, every call checked.
fn back_and_forth(rounds: u64, own: &'static Plus) {
    for round in 0..rounds {
        FORKED.swap(own).unwrap();
        expect(own.0);
        FORKED.swap_boxed(Box::new(Plus(100 + round))).unwrap();
        expect(100 + round);
        let _guard = FORKED.override_with(own);
        expect(own.0);
        NOTHING.swap(own).unwrap();
        assert_eq!(NOTHING.forked(1), 1 + own.0);
        NOTHING.unbind().unwrap();
        assert_eq!((NOTHING.forked(1), NOTHING.named()), (0, String::new()));
    }
    // SAFETY: no other thread of this process calls, and results are the caller's.
    unsafe { FORKED.reclaim() }.unwrap();
    FORKED.swap(own).unwrap();
    expect(own.0);
}

#[test]
fn parent_and_child_swap_apart_from_each_other() {
    let _alone = crate::alone();
    back_and_forth(3, &PARENT);
    for _ in 0..5 {
        let child = fork(|| {
            expect(1);
            back_and_forth(30, &CHILD);
            let grandchild = fork(|| {
                expect(2);
                back_and_forth(10, &PARENT);
            });
            back_and_forth(10, &CHILD);
            assert_went_well(grandchild);
            expect(2);
        });
        for _ in 0..30 {
            back_and_forth(1, &PARENT);
        }
        assert_went_well(child);
        expect(1);
    }
}

#[test]
fn a_fork_in_the_middle_of_another_threads_swap_leaves_the_child_able_to_swap() {
    let _alone = crate::alone();
    let (done, swaps) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        let busy = [0, 1].map(|which| {
            let (done, swaps) = (&done, &swaps);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    if which == 0 {
                        FORKED.swap(&CHILD).unwrap();
                        FORKED.swap_boxed(Box::new(Plus(2))).unwrap();
                        swaps.fetch_add(2, Ordering::Relaxed);
                    } else {
                        static_call::runtime::retarget().unwrap();
                        let loaded = FORKED.load();
                        assert!([1, 2].contains(&loaded.forked(0)));
                    }
                }
            })
        });
        let ended = || busy.iter().any(thread::ScopedJoinHandle::is_finished);
        while swaps.load(Ordering::Relaxed) == 0 && !ended() {
            thread::yield_now();
        }
        let children = panic::catch_unwind(|| {
            for _ in 0..100 {
                assert_went_well(fork(|| {
                    static_call::runtime::retarget().unwrap();
                    back_and_forth(2, &PARENT);
                }));
            }
        });
        done.store(true, Ordering::Relaxed);
        for thread in busy {
            thread.join().unwrap();
        }
        children.unwrap();
    });
    // SAFETY: those threads are gone.
    unsafe { FORKED.reclaim() }.unwrap();
    back_and_forth(1, &PARENT);
}
