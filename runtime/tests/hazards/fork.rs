//! `fork` without `exec`: both sides go on, each with code of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::{panic, thread};

use static_call::runtime::{self, Config, Mode, State};
use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 1)]
trait Forked: Sync {
    fn forked(&self, x: u64) -> u64;
}

struct Parent(u64);
struct Child(u64);

impl Forked for Parent {
    fn forked(&self, x: u64) -> u64 {
        x + self.0
    }
}
impl Forked for Child {
    fn forked(&self, x: u64) -> u64 {
        x * self.0
    }
}

fn call(object: &dyn Forked, x: u64) -> u64 {
    static_call!(object.forked(x))
}

/// Goes back and forth between both plans, every call checked.
fn back_and_forth(rounds: usize) {
    for _ in 0..rounds {
        // Hysteresis would wait for more and more misses.
        runtime::configure(Config::default().mode(Mode::Off)).unwrap();
        runtime::retarget().unwrap();
        crate::configure();
        crate::until_patched_for("Parent", "Forked", "forked", || {
            (0..100).for_each(|x| assert_eq!(call(&Parent(2), x), x + 2));
        });
        crate::until_patched_for("Child", "Forked", "forked", || {
            (0..100).for_each(|x| assert_eq!(call(&Child(3), x), x * 3));
        });
    }
}

/// Forks; the child runs `work` and is killed if it hangs.
fn fork(work: impl FnOnce()) -> libc::pid_t {
    // SAFETY: the child calls into this process's allocator and runtime, which
    // glibc and the runtime keep usable, and leaves by `_exit`.
    unsafe {
        let child = libc::fork();
        assert!(child >= 0, "no process to be had");
        if child == 0 {
            libc::alarm(30);
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

#[test]
fn parent_and_child_re_plan_apart_from_each_other() {
    let _alone = crate::alone();
    back_and_forth(1);
    let child = fork(|| back_and_forth(20));
    back_and_forth(20);
    assert_went_well(child);
    back_and_forth(1);
    // What the child of a child does, neither notices.
    let child = fork(|| {
        let grandchild = fork(|| back_and_forth(3));
        back_and_forth(3);
        assert_went_well(grandchild);
    });
    assert_went_well(child);
    back_and_forth(1);
}

#[test]
fn a_fork_in_the_middle_of_another_threads_pass_leaves_the_child_able_to_re_plan() {
    let _alone = crate::alone();
    back_and_forth(1);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let busy = [0, 1].map(|which| {
            let done = &done;
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    if which == 0 {
                        runtime::retarget().unwrap();
                    } else {
                        (0..50).for_each(|x| assert_eq!(call(&Parent(2), x), x + 2));
                        (0..50).for_each(|x| assert_eq!(call(&Child(3), x), x * 3));
                    }
                }
            })
        });
        let children = panic::catch_unwind(|| {
            for _ in 0..50 {
                assert_went_well(fork(|| {
                    back_and_forth(1);
                    let site = crate::site("Forked", "forked");
                    assert!(site.state == State::Patched || !crate::patching());
                }));
            }
        });
        done.store(true, Ordering::Relaxed);
        for thread in busy {
            thread.join().unwrap();
        }
        children.unwrap();
    });
}
