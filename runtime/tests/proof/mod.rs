//! How a test proves that a site's calls take the fast path and change nothing.
//!
//! Misses that stand still prove nothing alone: those of a site whose switch is
//! off stand still too. So [`prove`] also sends a type through the site that is
//! not in its chain, and sees exactly these calls counted.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::fmt::Debug;
use std::sync::Once;

use parking_lot::{ReentrantMutex, ReentrantMutexGuard};
use static_call::runtime::{self, Config, Mode, SiteReport, State};

/// Calls made in each phase: more than a plan needs, fewer than a window takes.
const CALLS: usize = 100;

/// One test at a time changes the mode of the whole program, and so may those
/// that rely on it. Who holds it may take it again: a test that proves, say.
static ALONE: ReentrantMutex<()> = ReentrantMutex::new(());

/// Until the guard is dropped, nobody else in this program changes the mode.
pub(crate) fn alone() -> ReentrantMutexGuard<'static, ()> {
    ALONE.lock()
}

/// Chains wherever they are possible.
pub(crate) fn always() {
    static CONFIGURED: Once = Once::new();
    CONFIGURED.call_once(|| {
        runtime::configure(Config::default().mode(Mode::Always)).expect("the mode is valid");
    });
}

/// Whether sites are to be patched here: not under `STATIC_CALL=off`, say, and
/// not where call sites have no trampolines.
pub(crate) fn chains_are_expected() -> bool {
    let overridden = std::env::var_os("STATIC_CALL").is_some_and(|mode| mode != "always");
    cfg!(patched) && !overridden
}

/// The rows of the sites in `file` that call `method`.
pub(crate) fn rows(file: &str, method: &str) -> Vec<SiteReport> {
    runtime::sites()
        .into_iter()
        .filter(|row| row.method == method && row.location.starts_with(file))
        .collect()
}

/// The row of the one site in `file` that calls `method`.
pub(crate) fn row(file: &str, method: &str) -> SiteReport {
    let mut rows = rows(file, method);
    assert_eq!(rows.len(), 1, "sites of `{method}` in {file}: {rows:#?}");
    rows.remove(0)
}

/// Calls and retargets until the site of `method` is patched.
pub(crate) fn patch(file: &str, method: &str, call: impl FnMut()) -> SiteReport {
    reach(State::Patched, file, method, call)
}

/// Calls and retargets until the site of `method` is in `state`, which is no plain one.
pub(crate) fn reach(state: State, file: &str, method: &str, mut call: impl FnMut()) -> SiteReport {
    always();
    // Other tests retarget too, and a record that meets a pass is dropped.
    for _ in 0..20 {
        (0..CALLS).for_each(|_| call());
        runtime::retarget().expect("patching works here");
        let row = row(file, method);
        if row.state == state || !chains_are_expected() {
            return row;
        }
    }
    panic!("`{method}` is never {state:?}: {:#?}", row(file, method));
}

/// Types that the site's chain compares with.
pub(crate) fn in_chain(row: &SiteReport) -> Vec<&str> {
    let targets = row.targets.iter().filter(|target| target.in_chain);
    targets.map(|target| target.type_name.as_str()).collect()
}

/// Proves that `fast`, which holds the one `static_call!` of `method` in `file`,
/// gives what `plain` gives: before patching, from a chain, and from a chain's
/// fallback. `objects` makes the type to be learned and one that never is.
pub(crate) fn prove<O: ?Sized, R: PartialEq + Debug>(
    (file, method): (&str, &str),
    learned_type: &str,
    objects: impl Fn() -> [Box<O>; 2],
    mut plain: impl FnMut(&mut O) -> R,
    mut fast: impl FnMut(&mut O) -> R,
) {
    let _alone = alone();
    always();
    let [mut learned_plainly, mut stranger_plainly] = objects();
    let [mut learned, mut stranger] = objects();
    if chains_are_expected() {
        assert_eq!(row(file, method).state, State::Idle);
    }
    assert_eq!(fast(&mut learned), plain(&mut learned_plainly), "unpatched");
    patch(file, method, || {
        assert_eq!(fast(&mut learned), plain(&mut learned_plainly), "learning");
    });
    let before = row(file, method);
    for _ in 0..CALLS {
        assert_eq!(fast(&mut learned), plain(&mut learned_plainly), "patched");
    }
    let hits = row(file, method);
    for _ in 0..CALLS {
        assert_eq!(
            fast(&mut stranger),
            plain(&mut stranger_plainly),
            "a patched site's fallback"
        );
    }
    let misses = row(file, method);
    if chains_are_expected() {
        assert_eq!(in_chain(&before), [learned_type]);
        assert_eq!(hits.misses, before.misses, "the learned type missed");
        assert_eq!(
            misses.misses,
            before.misses + CALLS as u64,
            "the other type is counted at each call, so the switch is on"
        );
        assert_eq!(misses.state, State::Patched);
    }
}

/// Runs `check`, which makes the calls of `method` in `file`, in every state that
/// a site can be in: never called, learning, patched, plain, and again.
pub(crate) fn in_every_state(file: &str, method: &str, mut check: impl FnMut()) {
    let _alone = alone();
    let mode = |mode| {
        runtime::configure(Config::default().mode(mode)).expect("the mode is valid");
        runtime::retarget().expect("patching works here");
    };
    let sites = rows(file, method);
    assert!(!sites.is_empty(), "no site of `{method}` in {file}");
    mode(Mode::Always);
    check();
    check();
    for _ in 0..2 {
        for _ in 0..20 {
            (0..CALLS).for_each(|_| check());
            runtime::retarget().expect("patching works here");
            if rows(file, method)
                .iter()
                .all(|row| row.state == State::Patched)
            {
                break;
            }
        }
        check();
        expect_all(file, method, State::Patched);
        mode(Mode::Off);
        check();
        expect_all(file, method, State::Plain);
        mode(Mode::Always);
        check();
        expect_all(file, method, State::Learning);
    }
}

fn expect_all(file: &str, method: &str, state: State) {
    if chains_are_expected() {
        for row in rows(file, method) {
            assert_eq!(row.state, state, "{row:#?}");
        }
    }
}
