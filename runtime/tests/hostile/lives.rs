//! What a plugin may do, or may happen to it, while it is loaded.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use static_call::runtime::{self, PluginBox, PluginError};
use static_call_fixture_api::Filter;

use crate::{GOOD, HOSTILE, OTHER, Own, apply, load, object, plugins, state};

/// On a thread of its own: who starts a thread in a plugin, or prints a backtrace
/// there, has thread-locals of the library, and glibc keeps it as long.
fn elsewhere<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

#[test]
fn a_panic_in_a_plugins_drop_is_the_hosts_panic_and_the_plugin_can_still_go() {
    let _alone = crate::alone();
    let path = plugins::copy_for("drop", &HOSTILE);
    let before = state();
    let plugin = load(&path).unwrap();
    let payload = elsewhere(|| {
        let mut loud = object(&plugin, "panics in drop");
        assert_eq!(apply(&mut *loud, 40), 42);
        catch_unwind(AssertUnwindSafe(|| drop(loud))).unwrap_err()
    });
    drop(plugin);
    // The library is gone by now, and its panic's payload with it.
    assert!(!plugins::is_mapped(&path));
    assert_eq!(
        payload.downcast_ref::<String>().map(String::as_str),
        Some("not without a noise")
    );
    assert_eq!(state(), before);
    assert_eq!(apply(&mut Own, 14), 42);
}

#[test]
fn a_constructors_panic_whose_payload_panics_too_is_an_error() {
    let _alone = crate::alone();
    let path = plugins::copy_for("payload", &HOSTILE);
    let plugin = load(&path).unwrap();
    let error = elsewhere(|| {
        let made = plugin.construct::<dyn Filter, ()>("panics with what panics", ());
        made.unwrap_err()
    });
    assert!(matches!(error, PluginError::Panicked { .. }), "{error:?}");
    assert!(error.to_string().ends_with("no message"), "{error}");
    drop(plugin);
    assert!(!plugins::is_mapped(&path));
}

/// The host's box and what its drop throws keep their types.
#[test]
fn a_panic_in_the_drop_of_the_hosts_own_object_goes_on_as_it_was() {
    struct Loud;
    impl Filter for Loud {
        fn apply(&mut self, x: u64) -> u64 {
            x
        }

        fn ask(&self, _: &dyn static_call_fixture_api::Answer, _: u64) -> u64 {
            0
        }
    }
    impl Drop for Loud {
        fn drop(&mut self) {
            std::panic::panic_any(7_u8);
        }
    }
    let own: PluginBox<dyn Filter> = (Box::new(Loud) as Box<dyn Filter>).into();
    let payload = catch_unwind(AssertUnwindSafe(|| drop(own))).unwrap_err();
    assert_eq!(payload.downcast_ref::<u8>(), Some(&7));
}

#[test]
fn a_plugin_whose_thread_still_runs_stays_mapped_until_it_ends() {
    static NUMBERS: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];
    static STOP: AtomicBool = AtomicBool::new(false);
    let _alone = crate::alone();
    let path = plugins::copy_for("thread", &HOSTILE);
    let before = state();
    let plugin = load(&path).unwrap();
    let addresses = ((&raw const NUMBERS).addr(), (&raw const STOP).addr());
    let construct = || plugin.construct("starts a thread", addresses);
    let filter: PluginBox<dyn Filter> = elsewhere(construct).unwrap();
    let [thread, counter] = &NUMBERS;
    let goes_on = || {
        let then = counter.load(Ordering::Acquire);
        while counter.load(Ordering::Acquire) < then + 100 {
            std::thread::yield_now();
        }
    };
    goes_on();
    let place = format!("/proc/self/task/{}", thread.load(Ordering::Acquire));
    let runs = || fs::exists(&place).unwrap();
    assert!(runs());
    runtime::retarget().unwrap();
    goes_on();
    drop((plugin, filter));
    // The host is rid of it, and the thread calls on, plainly.
    assert_eq!(state(), before);
    assert!(plugins::is_mapped(&path));
    goes_on();
    // Loaded again while it runs, it is the same library.
    let plugin = load(&path).unwrap();
    goes_on();
    runtime::retarget().unwrap();
    goes_on();
    assert_eq!(apply(&mut *object(&plugin, "fine"), 41), 42);
    STOP.store(true, Ordering::Release);
    while runs() {
        std::thread::yield_now();
    }
    drop(plugin);
    assert!(!plugins::is_mapped(&path));
    assert_eq!(state(), before);
}

#[test]
fn a_plugin_replaced_on_disk_is_another_than_the_one_that_is_loaded() {
    let _alone = crate::alone();
    let path = plugins::copy_for("replaced", &GOOD);
    let first = load(&path).unwrap();
    let mut old: PluginBox<dyn Filter> = first.construct("filter", 5_u64).unwrap();
    // As package managers do: a new file takes over the name.
    let new = plugins::copy_for("replacement", &OTHER);
    fs::rename(&new, &path).unwrap();
    let sites = runtime::sites().len();
    let second = load(&path).unwrap();
    assert!(runtime::sites().len() > sites);
    let mut new: PluginBox<dyn Filter> = second.construct("filter", 5_u64).unwrap();
    assert_eq!((apply(&mut *old, 37), apply(&mut *new, 47)), (42, 42));
    drop((first, old));
    assert_eq!(runtime::sites().len(), sites);
    assert_eq!(apply(&mut *new, 47), 42);
}

#[test]
fn two_versions_of_one_plugin_are_two_plugins() {
    let _alone = crate::alone();
    let (one, two) = (
        plugins::copy_for("version-1", &GOOD),
        plugins::copy_for("version-2", &OTHER),
    );
    let before = state();
    let (first, second) = (load(&one).unwrap(), load(&two).unwrap());
    let mut plus: PluginBox<dyn Filter> = first.construct("filter", 5_u64).unwrap();
    let mut xor: PluginBox<dyn Filter> = second.construct("filter", 5_u64).unwrap();
    drop((first, second));
    let mut both = |rounds: u64| {
        for x in 0..rounds {
            assert_eq!(apply(&mut *plus, x), x + 5);
            assert_eq!(apply(&mut *xor, x), x ^ 5);
        }
        runtime::retarget().unwrap();
    };
    (0..4).for_each(|_| both(1500));
    drop(plus);
    assert!(!plugins::is_mapped(&one) && plugins::is_mapped(&two));
    for x in 0..2000 {
        assert_eq!(apply(&mut *xor, x), x ^ 5);
    }
    drop(xor);
    assert!(!plugins::is_mapped(&two));
    assert_eq!(state(), before);
}
