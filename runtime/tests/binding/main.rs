//! Bindings: what is bound, how it is swapped, and what calls see meanwhile.
//!
//! A file is a subject. The tests share one runtime and change its mode, so they run
//! one at a time; a last one runs all the others again where code is not patched.
#![allow(
    clippy::items_after_statements,
    reason = "a test's own statics stand where they are used"
)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use static_call::Binding;
use static_call::runtime::{self, Backend, BindingReport, Config, Mode, State};

mod compare;
mod declarations;
#[cfg(target_os = "linux")]
mod fork;
mod initial;
mod kernel;
mod million;
mod objects;
mod overrides;
mod panics;
mod places;
mod portable;
#[cfg(target_os = "linux")]
mod signals;
mod signatures;
mod turns;
mod unbound;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Waits for the other tests.
fn alone() -> MutexGuard<'static, ()> {
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    retarget(Mode::Always);
    guard
}

fn retarget(mode: Mode) {
    runtime::configure(Config::default().mode(mode)).unwrap();
    runtime::retarget().unwrap();
}

/// Lets go of what was bound, where no other thread calls the binding; results are
/// numbers, so that nothing is borrowed.
fn reclaim<D: runtime::TraitObject + ?Sized, K>(binding: &'static Binding<D, K>) -> usize {
    // SAFETY: as the callers, which are tests with bindings of their own, say.
    unsafe { binding.reclaim() }.unwrap()
}

/// Whether code can be patched here; if not, only the way at rest is tested.
fn patching() -> bool {
    runtime::backend() == Backend::Patching
}

/// The row of the one binding of this name in the file `module` of this folder.
fn row(module: &str, name: &str) -> BindingReport {
    let file = format!("binding/{module}.rs:");
    let rows = runtime::report().bindings.into_iter();
    let mut rows = rows.filter(|row| row.name == name && row.location.contains(&file));
    let row = rows.next().expect("the binding is known");
    assert!(rows.next().is_none(), "a second binding {name} in {file}");
    row
}

/// Runs `check` where the binding's trampolines are as they were, patched, at rest, and
/// patched again.
fn in_every_state(module: &str, name: &str, mut check: impl FnMut()) {
    let _alone = alone();
    check();
    for mode in [Mode::Always, Mode::Off, Mode::Always] {
        retarget(mode);
        let state = row(module, name).state;
        if state != State::Idle {
            let patched = patching() && mode == Mode::Always;
            let expected = if patched {
                State::Patched
            } else {
                State::Plain
            };
            assert_eq!(state, expected, "{:?}", row(module, name));
        }
        check();
    }
}
