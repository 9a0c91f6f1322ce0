//! `fork` without `exec`: both sides go on, each with code of its own.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use std::{panic, thread};

use static_call::runtime::{self, Config, Mode, Plugin, State};
use static_call::{static_call, static_dispatch};
use static_call_fixture_api::Filter;

use crate::unload::call as apply;

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

/// Loads a plugin, has its and the host's sites patched, and drops it. Returns where
/// the plugin's vtable lay.
fn use_plugin(path: &Path, expected: impl Fn(u64) -> u64, wanted: &str) -> usize {
    // SAFETY: the fixture shares its types with this file.
    let plugin = unsafe { Plugin::load(path) }.unwrap();
    let mut filter = plugin.construct::<dyn Filter, u64>("filter", 6).unwrap();
    let mut patched = false;
    for _ in 0..20 {
        runtime::configure(Config::default().mode(Mode::Off)).unwrap();
        runtime::retarget().unwrap();
        crate::configure();
        runtime::retarget().unwrap();
        for x in 0..200 {
            assert_eq!(apply(&mut *filter, x), expected(x));
        }
        runtime::retarget().unwrap();
        for x in 0..200 {
            assert_eq!(apply(&mut *filter, x), expected(x));
        }
        if !crate::patching() {
            break;
        }
        let site = crate::site("Filter", "apply");
        let mut targets = site.targets.iter();
        patched |= targets.any(|target| target.in_chain && target.type_name.contains(wanted));
        if patched {
            break;
        }
    }
    assert!(patched || !crate::patching(), "{}", runtime::report());
    let object: *const dyn Filter = &raw const *filter;
    // SAFETY: a pointer to a trait object is two words, the vtable's the second.
    unsafe { std::mem::transmute::<*const dyn Filter, [usize; 2]>(object)[1] }
}

#[test]
fn parent_and_child_load_different_plugins_at_the_same_addresses() {
    let _alone = crate::alone();
    let package = "static-call-fixture-plugin";
    let plus = crate::fixture::library(package, &[], "fork-plus");
    let xor = crate::fixture::library(package, &["other"], "fork-xor");
    // Memory that both sides see, to compare addresses.
    // SAFETY: fresh shared memory, written by the child before it ends.
    let shared = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    assert_ne!(shared, libc::MAP_FAILED);
    let shared = shared.cast::<[usize; 2]>();
    let (mut near, mut rounds) = (0, 0);
    for round in 0..10 {
        let (ours, theirs) = if round % 2 == 0 {
            (&plus, &xor)
        } else {
            (&xor, &plus)
        };
        let run = |path: &Path| {
            if path == plus {
                use_plugin(path, |x| x + 6, "Plus")
            } else {
                use_plugin(path, |x| x ^ 6, "Other")
            }
        };
        let child = fork(|| {
            let vtable = run(theirs);
            // And the parent's plugin where the child's has been.
            let again = run(ours);
            // SAFETY: the parent reads after this process has ended.
            unsafe { shared.write([vtable, again]) };
        });
        let mine = run(ours);
        assert_went_well(child);
        // SAFETY: the child has ended.
        let [vtable, again] = unsafe { shared.read() };
        near += u32::from(vtable.abs_diff(mine) < 1 << 20);
        near += u32::from(again.abs_diff(mine) < 1 << 20);
        rounds += 2;
    }
    println!("{near} of {rounds} times, plugins of both sides lay in the same megabyte");
    assert!(near > 0, "no address was ever used by both sides");
    back_and_forth(1);
}

/// The C library has a lock of its own for what is loaded, which a pass needs.
#[test]
fn a_fork_while_another_thread_loads_plugins_leaves_the_child_able_to_re_plan() {
    const CHILDREN: u32 = 100;
    let _alone = crate::alone();
    back_and_forth(1);
    let path = crate::fixture::library("static-call-fixture-plugin", &[], "fork-load");
    let done = AtomicBool::new(false);
    let loads = AtomicU32::new(0);
    thread::scope(|scope| {
        let loader = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // SAFETY: the fixture shares its types with this file.
                let plugin = unsafe { Plugin::load(&path) }.unwrap();
                drop(plugin.construct::<dyn Filter, u64>("filter", 6).unwrap());
                loads.fetch_add(1, Ordering::Relaxed);
            }
        });
        while loads.load(Ordering::Relaxed) == 0 && !loader.is_finished() {
            thread::yield_now();
        }
        let children = panic::catch_unwind(|| {
            for _ in 0..CHILDREN {
                assert_went_well(fork(|| {
                    runtime::retarget().unwrap();
                    assert_eq!((call(&Parent(2), 5), call(&Child(3), 5)), (7, 15));
                }));
            }
        });
        done.store(true, Ordering::Relaxed);
        loader.join().unwrap();
        children.unwrap();
    });
    println!("{CHILDREN} children, {loads:?} plugins loaded meanwhile");
}

#[test]
fn a_command_runs_while_another_thread_re_plans() {
    let _alone = crate::alone();
    back_and_forth(1);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let busy = scope.spawn(|| {
            let mut passes = 0_u32;
            while !done.load(Ordering::Relaxed) {
                back_and_forth(1);
                passes += 1;
            }
            passes
        });
        let mut spawned = 0;
        for round in 0..60 {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", &format!("echo {round}")]);
            if round % 2 == 0 {
                // Then the standard library forks and calls this in the child, where
                // it must not allocate; otherwise it spawns.
                // SAFETY: calls through a site and compares.
                unsafe {
                    command.pre_exec(|| {
                        let right = call(&Parent(2), 5) == 7 && call(&Child(3), 5) == 15;
                        if right {
                            Ok(())
                        } else {
                            Err(std::io::ErrorKind::Other.into())
                        }
                    })
                };
            }
            let output = command.output().unwrap();
            assert!(output.status.success());
            assert_eq!(output.stdout, format!("{round}\n").into_bytes());
            spawned += 1;
        }
        done.store(true, Ordering::Relaxed);
        println!(
            "{spawned} commands, {} double swaps meanwhile",
            busy.join().unwrap()
        );
    });
}

#[test]
fn a_child_may_drop_a_worker_that_it_does_not_have() {
    let _alone = crate::alone();
    for _ in 0..20 {
        let worker = runtime::retarget_every(Duration::from_micros(200)).unwrap();
        let mut worker = Some(worker);
        let child = fork(|| {
            drop(worker.take());
            back_and_forth(1);
            let own = runtime::retarget_every(Duration::from_millis(1)).unwrap();
            back_and_forth(1);
            drop(own);
        });
        assert_went_well(child);
        drop(worker);
    }
    back_and_forth(1);
}
