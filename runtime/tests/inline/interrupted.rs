//! Calls from a signal handler that interrupted a call at the same site.
#![cfg(target_os = "linux")]

use std::any::type_name;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use std::{ptr, thread};

use static_call::runtime::{self, Mode};
use static_call::{static_call, static_dispatch};

use crate::{alone, configure, guards_are_expected, inlined, row};

#[static_dispatch]
trait Interrupted: Sync {
    #[static_dispatch(targets = 1)]
    fn interrupted(&self, x: u64) -> u64;
}

struct Outside(u64);
struct Handler;
struct Rare;

impl Interrupted for Outside {
    fn interrupted(&self, x: u64) -> u64 {
        x + self.0
    }
}
impl Interrupted for Handler {
    fn interrupted(&self, x: u64) -> u64 {
        x * 3
    }
}
impl Interrupted for Rare {
    fn interrupted(&self, x: u64) -> u64 {
        x ^ 9
    }
}

fn call(object: &dyn Interrupted, x: u64) -> u64 {
    static_call!(object.interrupted(x), inline = [Outside, Handler])
}

static RIGHT: AtomicU64 = AtomicU64::new(0);
static WRONG: AtomicU64 = AtomicU64::new(0);

extern "C" fn handler(_: libc::c_int) {
    for x in 0..3 {
        let right =
            call(&Handler, x) == x * 3 && call(&Outside(2), x) == x + 2 && call(&Rare, x) == x ^ 9;
        let count = if right { &RIGHT } else { &WRONG };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a thread's name is as wide as an address on every Linux"
)]
#[test]
fn a_signal_handler_may_call_through_the_guards_that_it_interrupted() {
    let _alone = alone();
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
    let caller = AtomicUsize::new(0);
    let on = thread::scope(|scope| {
        let calling = scope.spawn(|| {
            // SAFETY: no preconditions.
            let own = unsafe { libc::pthread_self() };
            caller.store(own as usize, Ordering::Release);
            let mut x = 0;
            while !done.load(Ordering::Relaxed) {
                for _ in 0..100 {
                    x += 1;
                    assert_eq!(call(&Outside(1), x), x + 1);
                }
            }
        });
        let sending = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let thread = caller.load(Ordering::Acquire);
                if thread != 0 {
                    // SAFETY: the thread is joined after this one.
                    unsafe { libc::pthread_kill(thread as libc::pthread_t, libc::SIGUSR1) };
                }
            }
        });
        let mut on = 0;
        for round in 0..20_000 {
            // The threads may wait for a processor meanwhile.
            let begun = on > 0 || !guards_are_expected();
            if round >= 200 && begun && RIGHT.load(Ordering::Relaxed) > 0 {
                break;
            }
            if round % 10 == 0 {
                configure(Mode::Off);
                runtime::retarget().unwrap();
                configure(Mode::Always);
            }
            runtime::retarget().unwrap();
            thread::sleep(Duration::from_millis(1));
            let row = row(file!(), "interrupted");
            on += u32::from(inlined(&row).contains(&type_name::<Outside>()));
        }
        stop.store(true, Ordering::Relaxed);
        sending.join().unwrap();
        done.store(true, Ordering::Relaxed);
        calling.join().unwrap();
        on
    });
    let right = RIGHT.load(Ordering::Relaxed);
    println!("{right} calls from the handler, guards seen on {on} times");
    assert_eq!(WRONG.load(Ordering::Relaxed), 0);
    assert!(right > 0);
    assert!(on > 0 || !guards_are_expected());
}
