//! Static keys and plugins: one key in a host and its plugins, whichever comes first, and
//! what becomes of it when a plugin goes.
#![cfg(plugins)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;

use static_call::runtime::{Plugin, PluginBox};
use static_call_fixture_api::{NOISY, Remote, USUAL};

#[path = "support/plugins.rs"]
mod plugins;

use plugins::{build, copy_for, is_mapped};

static BUILT: LazyLock<PathBuf> = LazyLock::new(|| build("static-call-fixture-bound", ""));

/// The keys are shared by the tests of this file, and as declared in between.
fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    NOISY.disable().unwrap();
    USUAL.enable().unwrap();
    guard
}

fn load(path: &Path) -> Plugin {
    // SAFETY: the fixture shares its types with this file, and its initializers do nothing.
    unsafe { Plugin::load(path) }.unwrap()
}

fn remote(plugin: &Plugin) -> PluginBox<dyn Remote> {
    plugin.construct("remote", ()).unwrap()
}

#[test]
fn a_plugin_sees_what_the_hosts_keys_are_from_when_it_is_loaded() {
    let _alone = alone();
    NOISY.acquire().unwrap();
    USUAL.disable().unwrap();
    let plugin = load(&copy_for("keys-seen", &BUILT));
    let there = remote(&plugin);
    assert_eq!(there.keys(), [true, false, false], "as it was before");
    USUAL.enable().unwrap();
    assert_eq!(there.keys(), [true, true, false]);
    NOISY.release().unwrap();
    assert_eq!(there.keys(), [false, true, false]);
}

#[test]
fn what_a_plugin_switches_is_the_hosts_key_and_its_own_is_nobody_elses() {
    let _alone = alone();
    let plugin = load(&copy_for("keys-switched", &BUILT));
    let there = remote(&plugin);
    assert!(there.switch(false, true));
    assert!(NOISY.enabled() && there.keys() == [true, true, false]);
    assert!(there.switch(true, true));
    assert!(NOISY.enabled() && there.keys() == [true, true, true]);
    NOISY.disable().unwrap();
    assert_eq!(there.keys(), [false, true, true]);
    assert!(there.switch(true, false));
    assert_eq!(there.keys(), [false, true, false]);
}

#[test]
fn when_a_plugin_is_gone_its_places_are_left_alone_and_another_finds_the_key_as_it_is() {
    let _alone = alone();
    let path = copy_for("keys-gone", &BUILT);
    for round in 0..4 {
        let plugin = load(&path);
        let there = remote(&plugin);
        NOISY.enable().unwrap();
        USUAL.disable().unwrap();
        assert_eq!(there.keys(), [true, false, false], "{round}");
        assert!(there.switch(true, true));
        drop(there);
        drop(plugin);
        assert!(!is_mapped(&path), "{round}");
        NOISY.disable().unwrap();
        USUAL.enable().unwrap();
        assert!(!NOISY.enabled() && USUAL.enabled());
        let plugin = load(&path);
        assert_eq!(remote(&plugin).keys(), [false, true, false], "{round}");
    }
}

#[test]
fn plugins_come_and_go_while_their_key_is_switched() {
    let _alone = alone();
    let path = copy_for("keys-meanwhile", &BUILT);
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let switching = scope.spawn(|| {
            let mut switches = 0_u64;
            while !ended.load(Ordering::Relaxed) {
                NOISY.enable().unwrap();
                NOISY.disable().unwrap();
                switches += 1;
            }
            switches
        });
        for _ in 0..20 {
            let plugin = load(&path);
            let there = remote(&plugin);
            for _ in 0..100 {
                let [_, usual, own] = there.keys();
                assert!(usual && !own);
            }
            drop(there);
            drop(plugin);
            assert!(!is_mapped(&path));
        }
        ended.store(true, Ordering::Relaxed);
        println!("{} switches", switching.join().unwrap());
    });
    assert!(!NOISY.enabled());
}
