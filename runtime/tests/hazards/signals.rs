//! Calls from a signal handler that interrupted a call at the same site.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use std::{ptr, thread};

use static_call::runtime::{self, Config, Mode};
use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 1)]
trait Interrupted: Sync {
    fn interrupted(&self, x: u64) -> u64;
}

struct Outside;
struct Handler;

impl Interrupted for Outside {
    fn interrupted(&self, x: u64) -> u64 {
        x + 1
    }
}
impl Interrupted for Handler {
    fn interrupted(&self, x: u64) -> u64 {
        x * 3
    }
}

fn call(object: &dyn Interrupted, x: u64) -> u64 {
    static_call!(object.interrupted(x))
}

/// The calling threads, once they run.
static FIRST: AtomicU64 = AtomicU64::new(0);
static SECOND: AtomicU64 = AtomicU64::new(0);

static RIGHT: AtomicU64 = AtomicU64::new(0);
static WRONG: AtomicU64 = AtomicU64::new(0);

extern "C" fn handler(_: libc::c_int) {
    for x in 0..3 {
        let right = call(&Handler, x) == x * 3 && call(&Outside, x) == x + 1;
        let count = if right { &RIGHT } else { &WRONG };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_signal_handler_may_call_through_the_site_that_it_interrupted() {
    let _alone = crate::alone();
    // SAFETY: `handler` calls, counts, and does nothing else.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_RESTART;
        assert_eq!(
            libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut()),
            0
        );
    }
    let (stop, done) = (AtomicBool::new(false), AtomicBool::new(false));
    let windows = thread::scope(|scope| {
        let callers = [&FIRST, &SECOND].map(|thread| {
            let done = &done;
            scope.spawn(move || {
                // SAFETY: no preconditions.
                thread.store(unsafe { libc::pthread_self() }, Ordering::Release);
                let mut x = 0;
                while !done.load(Ordering::Relaxed) {
                    for _ in 0..100 {
                        x += 1;
                        assert_eq!(call(&Outside, x), x + 1);
                    }
                }
            })
        });
        let sender = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for thread in [&FIRST, &SECOND] {
                    let thread = thread.load(Ordering::Acquire);
                    if thread != 0 {
                        // SAFETY: both threads are joined after this one.
                        unsafe { libc::pthread_kill(thread, libc::SIGUSR1) };
                    }
                }
            }
        });
        // A long window, again and again: whatever a signal interrupts then is
        // likely to have the site's lock.
        let mut windows = 0;
        for round in 0..20_000 {
            // The threads may wait for a processor meanwhile.
            if round >= 200 && windows > 0 && RIGHT.load(Ordering::Relaxed) > 0 {
                break;
            }
            let config = Config::default().window(65_536);
            runtime::configure(config.mode(Mode::Off)).unwrap();
            runtime::retarget().unwrap();
            runtime::configure(config.mode(Mode::Always)).unwrap();
            runtime::retarget().unwrap();
            thread::sleep(Duration::from_millis(1));
            runtime::retarget().unwrap();
            windows = crate::site("Interrupted", "interrupted").windows;
        }
        stop.store(true, Ordering::Relaxed);
        sender.join().unwrap();
        done.store(true, Ordering::Relaxed);
        for caller in callers {
            caller.join().unwrap();
        }
        windows
    });
    let right = RIGHT.load(Ordering::Relaxed);
    println!("{right} calls from the handler, {windows} windows");
    assert_eq!(WRONG.load(Ordering::Relaxed), 0);
    assert!(right > 0 && windows > 0);
}
