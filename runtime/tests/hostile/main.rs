//! Plugins that are damaged, forged, or ill-behaved: each is refused with an error
//! that says why, or handled, and the host is as it was.
#![cfg(plugins)]

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use static_call::runtime::{self, Config, Mode, Plugin, PluginBox, PluginError};
use static_call::static_call;
use static_call_fixture_api::{Answer, Filter};

mod files;
mod lives;
mod manifests;
#[path = "../support/plugins.rs"]
mod plugins;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

static GOOD: LazyLock<PathBuf> = LazyLock::new(|| plugins::build("static-call-fixture-plugin", ""));
static OTHER: LazyLock<PathBuf> =
    LazyLock::new(|| plugins::build("static-call-fixture-plugin", "other"));
static HOSTILE: LazyLock<PathBuf> =
    LazyLock::new(|| plugins::build("static-call-fixture-hostile", ""));

fn alone() -> MutexGuard<'static, ()> {
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    runtime::configure(Config::default().mode(Mode::Always)).unwrap();
    guard
}

fn load(path: &Path) -> Result<Plugin, PluginError> {
    // SAFETY: the fixtures share their types with this file, and their
    // initializers do nothing.
    unsafe { Plugin::load(path) }
}

/// What must be as before when a plugin was refused.
#[derive(PartialEq, Debug)]
struct State {
    sites: usize,
    files: usize,
}

fn state() -> State {
    State {
        sites: runtime::sites().len(),
        files: std::fs::read_dir("/proc/self/fd").unwrap().count(),
    }
}

/// Loads what must be refused, and returns why it was.
fn refused(path: &Path, before: &State) -> PluginError {
    let error = load(path).expect_err("it is refused");
    let sentence = error.to_string();
    assert!(sentence.contains(path.to_str().unwrap()), "{sentence}");
    assert!(!sentence.contains('\n'), "{sentence}");
    assert!(!plugins::is_mapped(path), "{sentence}");
    assert_eq!(state(), *before, "{sentence}");
    error
}

/// The host's call site.
fn apply(filter: &mut dyn Filter, x: u64) -> u64 {
    static_call!(filter.apply(x))
}

fn object(plugin: &Plugin, constructor: &str) -> PluginBox<dyn Filter> {
    plugin.construct(constructor, ()).unwrap()
}

/// The host's own.
struct Own;

impl Filter for Own {
    fn apply(&mut self, x: u64) -> u64 {
        x * 3
    }

    fn ask(&self, host: &dyn Answer, x: u64) -> u64 {
        static_call!(host.answer(x))
    }
}
