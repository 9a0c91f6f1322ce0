//! A library's initializer that uses the runtime, while another thread's pass needs the
//! loader: who loads a library holds a lock of the loader's as long as its initializers
//! run, and so does who keeps one from being unloaded.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use static_call::runtime::{self, Config, Mode};
use static_call::{binding, static_dispatch};

use crate::unload::{BUILT, Stranger, call};

#[static_dispatch]
trait Initialized: Send + Sync {
    #[static_dispatch]
    fn initialized(&self) -> u64;
}

struct Number(u64);

impl Initialized for Number {
    fn initialized(&self) -> u64 {
        self.0
    }
}

static ONE: Number = Number(1);
static TWO: Number = Number(2);

binding! { static BOUND: dyn Initialized = ONE; }

/// The thread that passes, once it is about to.
static PASSING: AtomicI32 = AtomicI32::new(0);
/// Its start is over, in which threads ask for the loader's lock too.
static STARTED: AtomicBool = AtomicBool::new(false);
static PASSED: AtomicBool = AtomicBool::new(false);
/// An initializer is being run.
static INITIALIZING: AtomicBool = AtomicBool::new(false);
static CALLED_BACK: AtomicU32 = AtomicU32::new(0);

pub(crate) fn until(done: impl Fn() -> bool) {
    while !done() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether the thread waits for something.
pub(crate) fn sleeps(thread: i32) -> bool {
    let state = fs::read_to_string(format!("/proc/self/task/{thread}/stat"));
    state.is_ok_and(|state| state.rsplit(") ").next().unwrap().starts_with('S'))
}

/// What the library's initializer does.
extern "C" fn call_back() {
    INITIALIZING.store(true, Ordering::SeqCst);
    // The other thread's pass is over, or waits for this thread.
    until(|| PASSING.load(Ordering::SeqCst) != 0);
    let passing = PASSING.load(Ordering::SeqCst);
    until(|| PASSED.load(Ordering::SeqCst) || sleeps(passing));
    runtime::retarget().unwrap();
    BOUND.swap(&TWO).unwrap();
    assert_eq!(BOUND.initialized(), 2);
    assert!(!runtime::report().to_string().is_empty());
    CALLED_BACK.fetch_add(1, Ordering::SeqCst);
}

/// A new window at the site, with the library's type in it: the next pass keeps the
/// library, before it learns from it.
fn meet(stranger: &mut Stranger) {
    for mode in [Mode::Off, Mode::Always] {
        runtime::configure(Config::default().mode(mode).window(64)).unwrap();
        runtime::retarget().unwrap();
    }
    (0..100).for_each(|x| assert_eq!(call(stranger.filter(), x), x * 3));
}

#[test]
#[ignore = "runs in a process of its own"]
fn a_pass_and_an_initializer() {
    std::sync::LazyLock::force(&BUILT);
    // SAFETY: ends this process, should it hang.
    unsafe { libc::alarm(30) };
    let mut stranger = Stranger::load("met", 3);
    meet(&mut stranger);
    let address = format!("{:x}", call_back as extern "C" fn() as usize);
    // SAFETY: the test harness's other thread waits for this one.
    unsafe { std::env::set_var("STATIC_CALL_TEST_CALL_BACK", address) };
    thread::scope(|scope| {
        scope.spawn(|| {
            STARTED.store(true, Ordering::SeqCst);
            until(|| INITIALIZING.load(Ordering::SeqCst));
            // SAFETY: asks for a number.
            PASSING.store(unsafe { libc::gettid() }, Ordering::SeqCst);
            runtime::retarget().unwrap();
            PASSED.store(true, Ordering::SeqCst);
        });
        until(|| STARTED.load(Ordering::SeqCst));
        let loaded = Stranger::load("initialized", 5);
        assert_eq!(CALLED_BACK.load(Ordering::SeqCst), 1);
        assert!(loaded.unload());
    });
    (0..100).for_each(|x| assert_eq!(call(stranger.filter(), x), x * 3));
    println!("{}", runtime::report());
    println!("both are done");
}

#[test]
fn an_initializer_may_use_the_runtime_while_a_pass_keeps_a_library() {
    let _alone = crate::alone();
    let output = crate::in_a_process("initializers::a_pass_and_an_initializer", &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(said.contains("both are done"), "{said}");
}
