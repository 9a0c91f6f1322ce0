//! Signal handlers that call, load, and try to swap, whatever they have interrupted.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
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

thread_local! {
    /// How often this thread was interrupted.
    static HITS: Cell<u64> = const { Cell::new(0) };
}

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
    HITS.set(HITS.get() + 1);
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

/// Has a timer interrupt this thread again and again until it is dropped.
struct Timer(libc::timer_t);

impl Timer {
    fn start(signal: libc::c_int) -> Self {
        let interval = libc::timespec {
            tv_sec: 0,
            tv_nsec: 100_000,
        };
        let setting = libc::itimerspec {
            it_interval: interval,
            it_value: interval,
        };
        // SAFETY: all that is read is valid, and what is written this function's own.
        unsafe {
            let mut event: libc::sigevent = std::mem::zeroed();
            event.sigev_notify = libc::SIGEV_THREAD_ID;
            event.sigev_signo = signal;
            event.sigev_notify_thread_id = libc::gettid();
            let mut timer = ptr::null_mut();
            let created = libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer);
            assert_eq!(created, 0);
            assert_eq!(
                libc::timer_settime(timer, 0, &raw const setting, ptr::null_mut()),
                0
            );
            Timer(timer)
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // SAFETY: made by `start`, and deleted once.
        unsafe { libc::timer_delete(self.0) };
    }
}

/// Interrupts threads of three kinds, each in the middle of what it does.
fn bombard(signal: libc::c_int, signals: u64) {
    let _alone = crate::alone();
    // The first one allocates, which handlers may not do.
    assert!(EXPECTED.get_or_init(|| HIT.load()).interrupted(1) > 0);
    let before = [&HANDLED, &REFUSED, &WRONG].map(|count| count.load(Ordering::Relaxed));
    let goes_on = || HANDLED.load(Ordering::Relaxed) - before[0] < signals;
    let interrupted = |work: &mut dyn FnMut()| {
        HITS.set(0);
        let timer = Timer::start(signal);
        while goes_on() {
            work();
        }
        drop(timer);
        HITS.get()
    };
    let interrupted = &interrupted;
    let (mut x, mut size, mut swaps) = (0, 1, 0_u64);
    let hits = thread::scope(|scope| {
        // In the allocator's locks.
        let allocates = scope.spawn(|| {
            interrupted(&mut || {
                size = size * 7 % 5003;
                std::hint::black_box(vec![1_u8; size]);
            })
        });
        // In the runtime's locks.
        let swapping = scope.spawn(|| {
            interrupted(&mut || {
                HIT.swap(&TWO).unwrap();
                HIT.swap(&ONE).unwrap();
                swaps += 2;
            })
        });
        // In trampolines and bound methods.
        let calling = scope.spawn(|| {
            interrupted(&mut || {
                x += 1;
                assert!(is_right(x));
            })
        });
        [allocates, swapping, calling].map(|thread| thread.join().unwrap())
    });
    let after = [&HANDLED, &REFUSED, &WRONG].map(|count| count.load(Ordering::Relaxed));
    let handled = after[0] - before[0];
    println!("{handled} signals, {hits:?}, {swaps} swaps and {x} calls meanwhile");
    assert!(handled >= signals && hits.iter().all(|hits| *hits > 0));
    assert_eq!(after[1] - before[1], handled, "refused each time");
    assert_eq!(after[2], 0);
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
fn so_is_one_on_a_stack_of_its_own() {
    install(libc::SIGUSR2, libc::SA_ONSTACK);
    bombard(libc::SIGUSR2, SIGNALS);
}

#[test]
fn so_is_one_that_is_known_by_its_stack_alone() {
    // Nothing is blocked in it.
    install(libc::SIGURG, libc::SA_ONSTACK | libc::SA_NODEFER);
    let _alone = crate::alone();
    EXPECTED.get_or_init(|| HIT.load());
    let before = [&REFUSED, &WRONG].map(|count| count.load(Ordering::Relaxed));
    for _ in 0..100 {
        // SAFETY: a signal with a handler.
        assert_eq!(unsafe { libc::raise(libc::SIGURG) }, 0);
    }
    let after = [&REFUSED, &WRONG].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(after, [before[0] + 100, before[1]]);
}

binding! { static UNNOTICED: dyn Interrupted = ONE; }

static SWAPPED: AtomicU64 = AtomicU64::new(0);
static INSIDE: AtomicU64 = AtomicU64::new(0);

/// Swaps what is no box, so that what it has interrupted is all that counts.
extern "C" fn swaps(_: libc::c_int) {
    let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
    match UNNOTICED.swap(&ONE) {
        Ok(_) => count(&SWAPPED),
        // What writes code blocks a signal for it, so that inside of it a handler shows.
        Err(SwapError::Reentered | SwapError::InSignalHandler) => count(&INSIDE),
        Err(_) => count(&WRONG),
    };
}

/// Nothing is blocked in it, and it runs on the thread's own stack, so it looks like any
/// function. If its thread is inside the runtime it is refused all the same.
#[cfg_attr(
    sanitized,
    ignore = "the sanitizer's allocator waits for itself in handlers"
)]
#[test]
fn a_handler_that_is_not_noticed_does_not_wait_for_its_own_thread() {
    const SIGNALS: u64 = 10_000;
    let _alone = crate::alone();
    // SAFETY: `swaps` takes no lock that the thread below has outside of the runtime.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = swaps as *const () as usize;
        action.sa_flags = libc::SA_RESTART | libc::SA_NODEFER;
        let installed = libc::sigaction(libc::SIGWINCH, &raw const action, ptr::null_mut());
        assert_eq!(installed, 0);
    }
    let wrong = WRONG.load(Ordering::Relaxed);
    let all = || SWAPPED.load(Ordering::Relaxed) + INSIDE.load(Ordering::Relaxed);
    // Both are known from here on, and nothing is allocated outside of the runtime.
    UNNOTICED.swap(&TWO).unwrap();
    UNNOTICED.swap(&ONE).unwrap();
    let timer = Timer::start(libc::SIGWINCH);
    while all() < SIGNALS {
        UNNOTICED.swap(&TWO).unwrap();
        UNNOTICED.swap(&ONE).unwrap();
    }
    drop(timer);
    let [swapped, inside] = [&SWAPPED, &INSIDE].map(|one| one.load(Ordering::Relaxed));
    println!("{swapped} swapped, {inside} were refused");
    assert_eq!(WRONG.load(Ordering::Relaxed), wrong);
    assert!(inside > 0);
    UNNOTICED.swap(&TWO).unwrap();
    assert_eq!(UNNOTICED.interrupted(1), 3);
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
