//! Windows: that they close, that they wait for nobody, and that nothing is
//! written once they are closed.

use super::record::{count_miss, counts_misses, record};
use super::*;
use crate::registry::{MethodDeclaration, Table};

static METHODS: [MethodDeclaration; 1] = [MethodDeclaration::new("run", 2)];
static DECLARATION: TraitDeclaration = TraitDeclaration::new("Run", "tests", None, 0, &METHODS);
static TABLE: Table = Table::new(
    &DECLARATION,
    || "T",
    core::any::TypeId::of::<u8>,
    core::any::TypeId::of::<u8>,
    &[],
);
static ROUTE: Route = Route::without_guards(&DECLARATION, 0, core::ptr::null(), core::ptr::null());
const PATH: Path = Path {
    route: &ROUTE,
    trampoline: 64,
};

/// A site with an open window of `budget` records.
fn open(phase: Phase, budget: u32) -> &'static Site {
    static PLACE: Place = Place::new("run", "tests.rs", 1, 1);
    let site = Box::leak(Box::new(Site::new(&PLACE)));
    let profile = (phase == Phase::Learning).then(|| &*Box::leak(Box::new(Profile::new())));
    let lock = site.lock().unwrap();
    lock.open(phase, budget, profile);
    drop(lock);
    site.send(match phase {
        Phase::Learning => Way::Learning,
        Phase::Watching => Way::Patched,
        Phase::Resting => Way::Plain,
    });
    site
}

/// What a call does that falls through a chain.
fn miss(site: &'static Site) {
    if counts_misses(site) {
        count_miss(site);
    }
}

/// What a call does at a site that is learning, and what one does that falls
/// through a chain: whichever comes, and comes late.
fn pass(site: &'static Site, vtable: usize) {
    record(site, vtable, &TABLE, PATH);
    miss(site);
}

fn is_plain(site: &Site) -> bool {
    site.switch.load(Ordering::Relaxed) == Way::Plain as i8
}

fn samples(site: &Site) -> Option<u32> {
    let lock = site.lock().unwrap();
    // SAFETY: the site's lock is held.
    lock.profile()
        .map(|profile| unsafe { profile.notes() }.samples)
}

/// All that a site holds.
fn bytes(site: &Site) -> [u8; 64] {
    // SAFETY: a site is 64 bytes without padding, and no other thread has this one.
    unsafe { core::ptr::from_ref(site).cast::<[u8; 64]>().read_volatile() }
}

#[test]
fn a_window_records_as_many_calls_as_it_is_open_for_and_switches_the_site_off() {
    let site = open(Phase::Learning, 100);
    for call in 1..=99 {
        pass(site, 1);
        assert_eq!((site.budget(), is_plain(site)), (100 - call, !TRAMPOLINES));
    }
    pass(site, 2);
    assert_eq!((site.budget(), is_plain(site)), (0, true));
    // Calls that were on their way, and calls from other trampolines.
    pass(site, 2);
    assert_eq!(samples(site), Some(100));
}

#[test]
fn a_miss_is_counted_and_nothing_else() {
    let site = open(Phase::Watching, 10);
    miss(site);
    assert_eq!(
        (site.budget(), is_plain(site), samples(site)),
        (9, false, None)
    );
}

#[test]
fn misses_of_guards_without_a_chain_are_counted_until_the_budget_is_used_up() {
    let site = open(Phase::Watching, 10);
    site.send(Way::Learning);
    for left in (0..10).rev() {
        assert_eq!(site.switch.load(Ordering::Relaxed), Way::Learning as i8);
        record(site, 1, &TABLE, PATH);
        assert_eq!((site.budget(), samples(site)), (left, None));
    }
    // The guards stay on, and what they miss is plain.
    assert_eq!(site.switch.load(Ordering::Relaxed), Way::Guarded as i8);
    let before = bytes(site);
    record(site, 1, &TABLE, PATH);
    assert_eq!(bytes(site), before);
}

#[test]
fn a_late_miss_of_guards_does_not_switch_off_what_was_published_since() {
    let site = open(Phase::Watching, 1);
    site.send(Way::Patched);
    record(site, 1, &TABLE, PATH);
    let way = if TRAMPOLINES {
        Way::Patched
    } else {
        Way::Plain
    };
    assert_eq!(site.switch.load(Ordering::Relaxed), way as i8);
}

#[test]
fn after_its_budget_a_site_is_not_written_any_more() {
    for phase in [Phase::Watching, Phase::Learning, Phase::Resting] {
        let site = open(phase, 64);
        for _ in 0..64 {
            pass(site, 1);
        }
        let before = bytes(site);
        for vtable in 0..100_000 {
            pass(site, vtable);
        }
        assert_eq!(before, bytes(site), "{phase:?}");
    }
}

#[test]
fn a_call_that_finds_the_lock_taken_drops_its_record_and_goes_on() {
    let site = open(Phase::Learning, 10);
    pass(site, 1);
    let lock = site.lock().unwrap();
    let before = bytes(site);
    // As from a signal handler that interrupted the lock's holder.
    for _ in 0..100 {
        pass(site, 1);
    }
    assert_eq!(before, bytes(site));
    drop(lock);
    assert_eq!((samples(site), site.budget()), (Some(1), 9));
}

#[test]
fn a_lock_that_never_comes_back_is_given_up() {
    let site = open(Phase::Learning, 10);
    let held = site.lock().unwrap();
    // After `fork`, its holder may not exist.
    assert!(site.lock().is_none());
    drop(held);
    assert!(site.lock().is_some());
}

#[test]
fn a_childs_site_gives_up_the_window_of_a_thread_that_is_gone() {
    let site = open(Phase::Learning, 10);
    pass(site, 1);
    site.abandon();
    assert_eq!((samples(site), site.budget()), (Some(1), 9));
    std::mem::forget(site.lock().unwrap());
    site.abandon();
    assert!(site.lock().is_some());
    assert_eq!((samples(site), site.budget()), (None, 0));
}

#[test]
fn the_first_trampoline_is_kept_and_further_ones_are_noted() {
    let site = open(Phase::Learning, 10);
    let other = Path {
        trampoline: 128,
        ..PATH
    };
    pass(site, 1);
    record(site, 1, &TABLE, other);
    pass(site, 1);
    let first = site.first_path().unwrap();
    assert_eq!(first.trampoline, PATH.trampoline);
    assert!(core::ptr::eq(first.route, &raw const ROUTE));
    let lock = site.lock().unwrap();
    // SAFETY: the site's lock is held.
    let notes = unsafe { lock.profile().unwrap().notes() };
    let further: Vec<_> = notes.paths().map(|path| path.trampoline).collect();
    assert_eq!(further, [128]);
}

#[test]
fn many_threads_record_no_more_than_the_budget() {
    let site = open(Phase::Learning, 500);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || (0..1000).for_each(|_| pass(site, thread + 1)));
        }
    });
    let recorded = samples(site).unwrap();
    assert!(recorded > 0 && recorded <= 500);
    assert_eq!(site.budget(), 500 - recorded);
}

#[test]
fn slices_are_named_after_this_version() {
    // Sections of one name are one slice: another version's must have another.
    let version = env!("CARGO_PKG_VERSION").replace('.', "_");
    for (source, slice) in [
        (include_str!("mod.rs"), "SITES"),
        (include_str!("../registry/mod.rs"), "DECLARATIONS"),
        (include_str!("../registry/mod.rs"), "IMPLEMENTATIONS"),
    ] {
        let name = format!("pub static STATIC_CALL_{slice}_{version}:");
        assert!(source.contains(&name), "{name} is missing");
    }
}
