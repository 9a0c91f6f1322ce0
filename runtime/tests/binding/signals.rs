//! Signal handlers that call, load, and try to swap, whatever they have interrupted.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::{ptr, thread};

use static_call::{CompareSwapError, Loaded, SwapError, binding, static_dispatch};

#[static_dispatch]
trait Interrupted: Send + Sync {
    #[static_dispatch]
    fn interrupted(&self, x: u64) -> u64;
    #[static_dispatch]
    fn described(&self, x: u64) -> [u64; 3];
}

struct Plus(u64);

impl Interrupted for Plus {
    fn interrupted(&self, x: u64) -> u64 {
        x + self.0
    }
    fn described(&self, x: u64) -> [u64; 3] {
        [x, self.0, x + self.0]
    }
}

static ONE: Plus = Plus(1);
static TWO: Plus = Plus(2);

binding! { static HIT: dyn Interrupted = ONE; }

static EXPECTED: OnceLock<Loaded<dyn Interrupted>> = OnceLock::new();
static HANDLED: AtomicU64 = AtomicU64::new(0);
static REFUSED: AtomicU64 = AtomicU64::new(0);
static WRONG: AtomicU64 = AtomicU64::new(0);

fn is_right(x: u64) -> bool {
    let [one, data, sum] = HIT.described(x);
    [x + 1, x + 2].contains(&HIT.interrupted(x)) && one == x && sum == x + data
}

extern "C" fn handler(_: libc::c_int) {
    let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
    let x = count(&HANDLED);
    let swapped = HIT.swap(&TWO);
    let compared = HIT.compare_swap(EXPECTED.get().unwrap(), &TWO);
    let refused = matches!(swapped, Err(SwapError::InSignalHandler))
        && matches!(
            compared,
            Err(CompareSwapError::Swap(SwapError::InSignalHandler))
        );
    count(if refused { &REFUSED } else { &WRONG });
    let loaded = HIT.load();
    if ![x + 1, x + 2].contains(&loaded.interrupted(x)) || !is_right(x) {
        count(&WRONG);
    }
}

fn install(signal: libc::c_int, flags: libc::c_int) {
    // SAFETY: `handler` calls, counts, and does nothing else.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_RESTART | flags;
        assert_eq!(
            libc::sigaction(signal, &raw const action, ptr::null_mut()),
            0
        );
    }
}

/// Sends signals to threads of three kinds, in turn, one at a time.
fn bombard(signal: libc::c_int, signals: u64) {
    let _alone = crate::alone();
    assert!(EXPECTED.get_or_init(|| HIT.load()).interrupted(1) > 0);
    let before = [&HANDLED, &REFUSED, &WRONG].map(|count| count.load(Ordering::Relaxed));
    let done = AtomicBool::new(false);
    let threads = [const { AtomicU64::new(0) }; 3];
    let enter = |which: usize| {
        // SAFETY: no preconditions.
        threads[which].store(unsafe { libc::pthread_self() }, Ordering::Release);
    };
    let leave = |which: usize| {
        // Nobody sends to a thread that is gone.
        while threads[which].load(Ordering::Acquire) != u64::MAX {
            thread::yield_now();
        }
    };
    let swaps = AtomicU32::new(0);
    let (enter, leave, done) = (&enter, &leave, &done);
    thread::scope(|scope| {
        // In the allocator's locks.
        scope.spawn(move || {
            enter(0);
            let mut size = 1;
            while !done.load(Ordering::Relaxed) {
                size = size * 7 % 5003;
                std::hint::black_box(vec![1_u8; size]);
            }
            leave(0);
        });
        // In the runtime's locks.
        scope.spawn(|| {
            enter(1);
            while !done.load(Ordering::Relaxed) {
                HIT.swap(&TWO).unwrap();
                HIT.swap(&ONE).unwrap();
                swaps.fetch_add(2, Ordering::Relaxed);
            }
            leave(1);
        });
        // In trampolines and bound methods.
        scope.spawn(move || {
            enter(2);
            let mut x = 0;
            while !done.load(Ordering::Relaxed) {
                x += 1;
                assert!(is_right(x));
            }
            leave(2);
        });
        let target = |which: usize| loop {
            match threads[which].load(Ordering::Acquire) {
                0 => thread::yield_now(),
                thread => break thread,
            }
        };
        let targets = [0, 1, 2].map(target);
        for number in 1..=signals {
            let thread = targets[usize::try_from(number % 3).unwrap()];
            // SAFETY: the thread waits in `leave` until it is told.
            unsafe { assert_eq!(libc::pthread_kill(thread, signal), 0) };
            while HANDLED.load(Ordering::Relaxed) - before[0] < number {
                std::hint::spin_loop();
            }
        }
        done.store(true, Ordering::Relaxed);
        for thread in &threads {
            thread.store(u64::MAX, Ordering::Release);
        }
    });
    let after = [&HANDLED, &REFUSED, &WRONG].map(|count| count.load(Ordering::Relaxed));
    println!("{signals} signals, {swaps:?} swaps meanwhile, {before:?} to {after:?}");
    assert_eq!(after, [before[0] + signals, before[1] + signals, 0]);
    assert!(swaps.into_inner() > 0);
    HIT.swap(&ONE).unwrap();
    assert_eq!(HIT.interrupted(1), 2);
}

const SIGNALS: u64 = 30_000;

#[test]
fn a_signal_handler_is_refused_whatever_it_interrupts() {
    install(libc::SIGUSR1, 0);
    bombard(libc::SIGUSR1, SIGNALS);
}

#[test]
fn so_is_one_on_a_stack_of_its_own_that_may_be_interrupted_itself() {
    // By its stack alone: nothing is blocked in it.
    install(libc::SIGUSR2, libc::SA_ONSTACK | libc::SA_NODEFER);
    bombard(libc::SIGUSR2, SIGNALS);
}

#[test]
fn a_thread_that_blocks_signals_is_no_handler() {
    let _alone = crate::alone();
    // As the workers of many a runtime do.
    let thread = thread::spawn(|| {
        // SAFETY: a set of this thread's own, for this thread.
        unsafe {
            let mut all = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            assert_eq!(
                libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, ptr::null_mut()),
                0
            );
        }
        HIT.swap(&TWO).unwrap();
        assert_eq!(HIT.interrupted(1), 3);
        HIT.swap(&ONE).unwrap();
    });
    thread.join().unwrap();
    assert_eq!(HIT.interrupted(1), 2);
}
