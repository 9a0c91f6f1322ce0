//! Inlined bodies: `inline = [A, B]` at calls and on methods.
//!
//! What a guard knows is neither recorded nor counted, and what it does not know is
//! counted as a miss until the budget is used up. So [`prove`] sees calls on a listed
//! type leave the count as it is, and calls on another type raise it: both at a site
//! without a chain, where nothing but a guard can have known the type.
#![allow(
    clippy::manual_is_multiple_of,
    clippy::borrowed_box,
    clippy::items_after_statements,
    clippy::needless_for_each,
    reason = "every way to write it is called"
)]
#![allow(missing_docs)]
#![allow(
    clippy::large_types_passed_by_value,
    clippy::needless_arbitrary_self_type,
    clippy::needless_lifetimes,
    clippy::needless_pass_by_value,
    clippy::semicolon_if_nothing_returned,
    clippy::trivially_copy_pass_by_ref,
    clippy::type_complexity,
    clippy::unused_self,
    clippy::unused_unit,
    reason = "what can be written is what is tested"
)]

use std::fmt::Debug;

use parking_lot::{ReentrantMutex, ReentrantMutexGuard};
use static_call::runtime::{self, Config, Mode, SiteReport, State};

mod bodies;
mod generic;
mod interrupted;
mod lifetimes;
mod lists;
mod phases;
mod threads;
mod vtables;

/// The matrix of `tests/signatures`, here with a list at every call.
#[path = "../signatures/matrix.rs"]
mod matrix;
use matrix::{kind, signature};

/// What the matrix knows its proof as.
mod proof {
    pub(crate) use super::{alone, prove, reach};
}

macro_rules! call {
    ($($call:tt)*) => {
        static_call::static_call!($($call)*, inline = [crate::kind::Learned])
    };
}
pub(crate) use call;

/// Misses that are counted before a site learns anew.
const MISSES: u32 = 64;

/// The tests share one runtime. Who holds it may take it again.
static ONE_AT_A_TIME: ReentrantMutex<()> = ReentrantMutex::new(());

/// Waits for the other tests, and configures short windows.
fn alone() -> ReentrantMutexGuard<'static, ()> {
    let guard = ONE_AT_A_TIME.lock();
    configure(Mode::Always);
    guard
}

fn configure(mode: Mode) {
    runtime::configure(Config::default().mode(mode).window(64).misses(MISSES)).unwrap();
}

/// Longer windows, until [`configure`] is called.
fn configure_window(calls: u32) {
    let config = Config::default().mode(Mode::Always).misses(MISSES);
    runtime::configure(config.window(calls)).unwrap();
}

/// Whether guards are to be switched on: not where the environment says otherwise.
fn guards_are_expected() -> bool {
    std::env::var_os("STATIC_CALL").is_none_or(|mode| mode == "always")
}

/// Whether there are chains behind guards.
fn chains_are_expected() -> bool {
    guards_are_expected() && runtime::backend() == runtime::Backend::Patching
}

/// The row of the one site in `file` that calls `method`.
fn row(file: &str, method: &str) -> SiteReport {
    let mut rows = runtime::sites()
        .into_iter()
        .filter(|row| row.method == method && row.location.starts_with(file));
    let row = rows.next().expect("the site is in the slice");
    assert!(rows.next().is_none(), "a second site of `{method}`");
    row
}

/// Types whose guards are on, the most frequent first.
fn inlined(row: &SiteReport) -> Vec<&str> {
    let targets = row.targets.iter().filter(|target| target.inlined);
    targets.map(|target| target.type_name.as_str()).collect()
}

/// Types in the chain.
fn chained(row: &SiteReport) -> Vec<&str> {
    let targets = row.targets.iter().filter(|target| target.in_chain);
    targets.map(|target| target.type_name.as_str()).collect()
}

/// Calls and re-plans until exactly the guards of `types` are on, in this order.
fn until_inlined(
    (file, method): (&str, &str),
    types: &[&str],
    mut calls: impl FnMut(),
) -> SiteReport {
    for _ in 0..40 {
        (0..100).for_each(|_| calls());
        runtime::retarget().expect("nothing is refused here");
        let row = row(file, method);
        if !guards_are_expected() || (inlined(&row) == types && row.state != State::Learning) {
            return row;
        }
    }
    panic!("guards never on for {types:?}: {:#?}", row(file, method));
}

/// Calls and re-plans until a site is in this state.
fn reach(state: State, file: &str, method: &str, mut call: impl FnMut()) -> SiteReport {
    for _ in 0..40 {
        (0..100).for_each(|_| call());
        runtime::retarget().expect("nothing is refused here");
        let row = row(file, method);
        if row.state == state || !guards_are_expected() {
            return row;
        }
    }
    panic!("`{method}` is never {state}: {:#?}", row(file, method));
}

/// Proves that `fast`, which holds the one `static_call!` of `method` in `file`, gives
/// what `plain` gives: unlearned, through a guard of the listed type, and past it.
/// `objects` makes an object of it, and one of a type that is not listed.
fn prove<O: ?Sized, R: PartialEq + Debug>(
    (file, method): (&str, &str),
    listed_type: &str,
    objects: impl Fn() -> [Box<O>; 2],
    mut plain: impl FnMut(&mut O) -> R,
    mut fast: impl FnMut(&mut O) -> R,
) {
    let _alone = alone();
    let [mut listed, mut other] = objects();
    let [mut listed_plainly, mut other_plainly] = objects();
    let mut calls = 0;
    until_inlined((file, method), &[listed_type], || {
        calls += 1;
        let expected = plain(&mut listed_plainly);
        assert_eq!(fast(&mut listed), expected, "call {calls}, learning");
    });
    let before = row(file, method);
    for _ in 0..100 {
        assert_eq!(fast(&mut listed), plain(&mut listed_plainly), "inlined");
    }
    let hits = row(file, method);
    for _ in 0..10 {
        assert_eq!(
            fast(&mut other),
            plain(&mut other_plainly),
            "past the guard"
        );
    }
    let misses = row(file, method);
    for _ in 0..10 {
        assert_eq!(fast(&mut listed), plain(&mut listed_plainly), "inlined");
    }
    if guards_are_expected() {
        assert_eq!(before.state, State::Inlined, "{before:#?}");
        assert_eq!(chained(&before), [""; 0]);
        assert_eq!(hits.misses, before.misses, "the listed type missed");
        assert_eq!(misses.misses, before.misses + 10, "the other type hit");
        assert_eq!(row(file, method).misses, misses.misses);
    }
}
