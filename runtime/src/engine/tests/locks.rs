//! Who is in the runtime, and who waits for it.

use std::os::unix::thread::JoinHandleExt as _;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use super::fixture;
use crate::engine::{self, lock::ENGINE};
use crate::profile::Profile;
use crate::site::{Phase, Place, Site};
use crate::window::{Block, Way};

fn until(done: impl Fn() -> bool) {
    while !done() {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_thread_that_finds_another_in_the_runtime_waits_and_then_has_it() {
    let inside = AtomicBool::new(false);
    thread::scope(|scope| {
        let second = engine::with(|_| {
            let asked = ENGINE.asked();
            let second = scope.spawn(|| {
                engine::with(|engine| {
                    inside.store(true, Ordering::SeqCst);
                    engine.passes
                })
            });
            // Other tests of this process may ask too.
            until(|| ENGINE.asked() > asked || inside.load(Ordering::SeqCst));
            thread::sleep(Duration::from_millis(50));
            assert!(!inside.load(Ordering::SeqCst), "two threads are inside");
            second
        });
        second.join().expect("the thread that waited was let in");
    });
    assert!(inside.into_inner());
}

static HANDLED: AtomicU32 = AtomicU32::new(0);
static CHILD: AtomicI32 = AtomicI32::new(0);

/// What handlers of crashes do: fork, for somebody else to look at what is left.
extern "C" fn fork_at_once(_: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the child leaves at once.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: ends the child.
        unsafe { libc::_exit(0) };
    }
    CHILD.store(child, Ordering::SeqCst);
}

#[test]
fn a_signal_handler_may_fork_while_its_thread_waits_for_the_runtime() {
    // The handlers of forks are set up with the engine.
    engine::with(|_| ());
    // SAFETY: the handler has the signature that the system calls, and the rest of the
    // action is empty: no flags, no signals blocked.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = fork_at_once as extern "C" fn(libc::c_int) as usize;
        assert_eq!(
            libc::sigaction(libc::SIGUSR2, &raw const action, std::ptr::null_mut()),
            0
        );
    }
    for round in 0..20 {
        let waits = engine::with(|_| {
            let asked = ENGINE.asked();
            let waits = thread::spawn(|| engine::with(|engine| engine.passes));
            until(|| ENGINE.asked() > asked);
            // It may have been another test's thread that asked.
            thread::sleep(Duration::from_millis(2));
            // SAFETY: the thread waits for this one, and so exists.
            let sent = unsafe { libc::pthread_kill(waits.as_pthread_t(), libc::SIGUSR2) };
            assert_eq!(sent, 0);
            until(|| HANDLED.load(Ordering::SeqCst) > round);
            waits
        });
        waits.join().expect("the thread that waited was let in");
        let child = CHILD.load(Ordering::SeqCst);
        let mut status = 0;
        // SAFETY: a child of this process, waited for once.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
    }
}

#[test]
fn a_child_can_use_a_site_whose_lock_another_thread_had() {
    static PLACE: Place = Place::new("tagged", file!(), line!(), column!());
    static SITES: [Site; 1] = [Site::new(&PLACE)];

    let profile = Box::leak(Box::new(Profile::new()));
    let lock = SITES[0].lock().expect("nobody else uses this site");
    lock.open(
        Phase::Learning,
        Block::simple(Way::Burst, 100),
        Some(profile),
    );
    drop(lock);
    engine::with(|engine| {
        let object = fixture::object(&SITES, Some(u64::MAX));
        engine.objects.push(object);
    });
    let (held, is_held) = std::sync::mpsc::channel();
    let (done, is_done) = std::sync::mpsc::channel();
    let status = thread::scope(|scope| {
        scope.spawn(move || {
            let lock = SITES[0].lock().expect("nobody else uses this site");
            held.send(()).expect("it is awaited");
            is_done.recv().expect("it is sent");
            drop(lock);
        });
        is_held.recv().expect("it is sent");
        // SAFETY: the child looks at the site and leaves.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let free = SITES[0].lock().is_some();
            // SAFETY: ends the child.
            unsafe { libc::_exit(i32::from(!free)) };
        }
        let mut status = 0;
        // SAFETY: a child of this process, waited for once.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        done.send(()).expect("it is awaited");
        status
    });
    engine::with(|engine| engine.objects.retain(|one| one.plugin != Some(u64::MAX)));
    assert_eq!(status, 0, "the child cannot use the site");
    // The parent's is as it was.
    assert!(SITES[0].lock().is_some_and(|lock| lock.profile().is_some()));
}
