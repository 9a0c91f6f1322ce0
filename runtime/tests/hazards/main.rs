//! What could go wrong, one test for each: see the design's hazards.
//!
//! A file is a hazard. Every test has a trait of its own, and so call sites of its
//! own; they share one runtime, so they run one at a time.
#![cfg(plugins)]

use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use static_call::runtime::{self, Backend, Config, Mode, SiteReport, State};

mod environment;
#[path = "../fixture/mod.rs"]
mod fixture;
mod fork;
mod hosts;
mod initializers;
mod misses;
mod reentry;
mod registers;
mod signals;
mod slots;
mod start;
mod unload;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Waits for the other tests, and configures short windows.
fn alone() -> MutexGuard<'static, ()> {
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    configure();
    guard
}

fn configure() {
    let config = Config::default().mode(Mode::Always).window(64).misses(64);
    runtime::configure(config).unwrap();
}

/// Whether sites can be patched here; if not, only the plain call is tested.
fn patching() -> bool {
    runtime::backend() == Backend::Patching
}

/// The one site of a trait's method.
fn site(trait_name: &str, method: &str) -> SiteReport {
    let mut sites = runtime::sites()
        .into_iter()
        .filter(|site| site.trait_name.as_deref() == Some(trait_name) && site.method == method);
    let site = sites.next().expect("the site was called");
    assert!(sites.next().is_none(), "a second site of this method");
    site
}

/// Calls and re-plans until the site is patched with `first` in front.
fn until_patched_for(first: &str, trait_name: &str, method: &str, mut calls: impl FnMut()) {
    for _ in 0..100 {
        calls();
        runtime::retarget().unwrap();
        let site = site(trait_name, method);
        let front = site.targets.iter().find(|target| target.in_chain);
        if site.state == State::Patched && front.unwrap().type_name.contains(first) {
            return;
        }
        assert!(patching() || site.state == State::Plain);
        if !patching() {
            return;
        }
    }
    panic!("never patched for {first}: {}", runtime::report());
}

/// Runs one test of this file in a process of its own.
fn in_a_process(test: &str, variables: &[(&str, &std::ffi::OsStr)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env_remove("STATIC_CALL")
        .envs(variables.iter().copied());
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{test} failed in a process of its own: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    output
}
