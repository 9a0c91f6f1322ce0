//! A library with a runtime of its own, which a program loads by itself: what the runtime
//! has had done in the program, as its handlers of forks, needs it for good.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::thread;

use libloading::Library;

use crate::initializers::{sleeps, until};
use crate::unload::{BUILT as STRANGER, Stranger};

static BUILT: LazyLock<PathBuf> =
    LazyLock::new(|| crate::fixture::library("static-call-fixture-hosted", &[], "hosted"));

type Use = extern "C" fn() -> bool;

/// The library, loaded, and what uses its runtime.
fn load(path: &Path) -> (Library, Use) {
    // SAFETY: the fixture has no initializers, and its function is of this type.
    unsafe {
        let library = Library::new(path).unwrap();
        let used = *library.get::<Use>(b"static_call_test_hosted").unwrap();
        (library, used)
    }
}

fn is_mapped(path: &Path) -> bool {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    maps.contains(path.to_str().unwrap())
}

#[test]
#[ignore = "runs in a process of its own"]
fn a_library_that_is_closed() {
    let path = PathBuf::from(std::env::var_os("HOSTED").unwrap());
    let (library, _) = load(&path);
    library.close().unwrap();
    assert!(!is_mapped(&path), "it was not used");
    let (library, used) = load(&path);
    // On a thread that ends: its own data in the library would keep that.
    let patched = thread::spawn(move || used()).join().unwrap();
    library.close().unwrap();
    assert!(is_mapped(&path), "it is needed for good");
    for _ in 0..10 {
        // SAFETY: the child calls what it may, and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let right = used() == patched;
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(i32::from(!right)) };
        }
        let mut status = 0;
        // SAFETY: writes the status of this process's own child.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "the child ended otherwise");
    }
    println!("it stays, patched: {patched}");
}

#[test]
fn a_library_whose_runtime_was_used_stays() {
    let _alone = crate::alone();
    let hosted = [("HOSTED", BUILT.as_os_str())];
    let output = crate::in_a_process("hosts::a_library_that_is_closed", &hosted);
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(said.contains("it stays"), "{said}");
}

/// What uses the library's runtime.
static USED: OnceLock<Use> = OnceLock::new();
/// The thread that does so has started, which asks for the loader's lock too.
static STARTED: AtomicBool = AtomicBool::new(false);
static DONE: AtomicBool = AtomicBool::new(false);
/// An initializer is being run.
static INITIALIZING: AtomicBool = AtomicBool::new(false);
/// The thread that uses the runtime for the first time, once it is about to.
static USING: AtomicI32 = AtomicI32::new(0);
static CALLED_BACK: AtomicU32 = AtomicU32::new(0);

/// What the other library's initializer does, while this thread has the loader's lock.
extern "C" fn call_back() {
    INITIALIZING.store(true, Ordering::SeqCst);
    until(|| USING.load(Ordering::SeqCst) != 0);
    let other = USING.load(Ordering::SeqCst);
    // It waits for the loader, or is through.
    until(|| DONE.load(Ordering::SeqCst) || sleeps(other));
    USED.get().unwrap()();
    CALLED_BACK.fetch_add(1, Ordering::SeqCst);
}

#[test]
#[ignore = "runs in a process of its own"]
fn a_first_use_and_an_initializer() {
    let path = PathBuf::from(std::env::var_os("HOSTED").unwrap());
    LazyLock::force(&STRANGER);
    // SAFETY: ends this process, should it hang.
    unsafe { libc::alarm(30) };
    let (_library, used) = load(&path);
    USED.set(used).unwrap();
    let address = format!("{:x}", call_back as extern "C" fn() as usize);
    // SAFETY: the test harness's other thread waits for this one.
    unsafe { std::env::set_var("STATIC_CALL_TEST_CALL_BACK", address) };
    thread::scope(|scope| {
        scope.spawn(|| {
            STARTED.store(true, Ordering::SeqCst);
            until(|| INITIALIZING.load(Ordering::SeqCst));
            // SAFETY: asks for a number.
            USING.store(unsafe { libc::gettid() }, Ordering::SeqCst);
            used();
            DONE.store(true, Ordering::SeqCst);
        });
        until(|| STARTED.load(Ordering::SeqCst));
        assert!(Stranger::load("initializes", 5).unload());
    });
    assert_eq!(CALLED_BACK.load(Ordering::SeqCst), 1);
    println!("both are done");
}

#[test]
fn a_runtime_may_start_while_an_initializer_uses_it() {
    let _alone = crate::alone();
    let hosted = [("HOSTED", BUILT.as_os_str())];
    let output = crate::in_a_process("hosts::a_first_use_and_an_initializer", &hosted);
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(said.contains("both are done"), "{said}");
}
