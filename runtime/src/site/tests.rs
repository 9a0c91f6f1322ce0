//! What calls write: that windows close, that calls wait for nobody, and that nothing is
//! written once a site is plain.

use super::record::{counts_calls, record};
use super::*;
use crate::registry::{MethodDeclaration, Table};
use crate::window::{BURST, BURSTS, RETRY};

static METHODS: [MethodDeclaration; 1] = [MethodDeclaration::new("run", 2, 0)];
// SAFETY: of no trait, and in no slice.
static DECLARATION: TraitDeclaration =
    unsafe { TraitDeclaration::new("Run", "tests", None, 0, &METHODS) };
static TABLE: Table = Table::new(
    &DECLARATION,
    || "T",
    core::any::TypeId::of::<u8>,
    core::any::TypeId::of::<u8>,
    &[],
);
static ROUTE: Route = Route::without_guards(&DECLARATION, 0, core::ptr::null(), core::ptr::null());

/// A site that does with calls what the block says, with a profile if that is for notes.
fn with(phase: Phase, block: Block) -> &'static Site {
    static PLACE: Place = Place::new("run", "tests.rs", 1, 1);
    let site = Box::leak(Box::new(Site::new(&PLACE)));
    let notes = matches!(phase, Phase::Learning | Phase::Living);
    let profile = notes.then(|| &*Box::leak(Box::new(Profile::new())));
    let lock = site.lock().unwrap();
    lock.open(phase, block, profile);
    drop(lock);
    site
}

/// As the engine opens one: of so many calls, or misses.
fn open(phase: Phase, calls: i32) -> &'static Site {
    let way = match phase {
        Phase::Learning => Way::Burst,
        Phase::Watching => Way::On,
        Phase::Resting | Phase::Living => Way::Plain,
    };
    with(phase, Block::simple(way, calls))
}

/// What a call's fallback does.
fn pass(site: &'static Site, vtable: usize) {
    if counts_calls(site) {
        record(site, (0, vtable), &TABLE, &ROUTE);
    }
}

/// What one does that has asked before somebody closed the window.
fn pass_late(site: &'static Site, vtable: usize) {
    record(site, (0, vtable), &TABLE, &ROUTE);
}

fn is_plain(site: &'static Site) -> bool {
    !counts_calls(site)
}

fn samples(site: &Site) -> Option<u32> {
    let lock = site.lock().unwrap();
    // SAFETY: the site's lock is held.
    lock.profile()
        .map(|profile| unsafe { profile.notes() }.samples)
}

/// Calls whose receiver was compared with that of the call before.
fn pairs(site: &Site) -> Option<u32> {
    let lock = site.lock().unwrap();
    // SAFETY: the site's lock is held.
    lock.profile()
        .map(|profile| unsafe { profile.notes() }.pairs)
}

/// All that a site holds.
fn bytes(site: &Site) -> [u8; 64] {
    // SAFETY: a site is 64 bytes without padding, and no other thread has this one.
    unsafe { core::ptr::from_ref(site).cast::<[u8; 64]>().read_volatile() }
}

#[test]
fn a_site_begins_off_and_plain() {
    static PLACE: Place = Place::new("run", "tests.rs", 7, 9);
    static SITE: Site = Site::new(&PLACE);
    assert!(!SITE.is_on() && is_plain(&SITE));
    assert_eq!(SITE.phase(), Phase::Resting);
    assert_eq!(SITE.block(), Block::PLAIN);
    assert_eq!((SITE.line(), SITE.column()), (7, 9));
    SITE.switch(true);
    assert!(SITE.is_on());
    SITE.switch(false);
    assert!(!SITE.is_on());
}

#[test]
fn a_window_records_as_many_calls_as_it_is_open_for_and_ends_itself() {
    let site = open(Phase::Learning, 100);
    for call in 1..=99 {
        pass(site, 1);
        assert_eq!((site.block().left, is_plain(site)), (100 - call, false));
    }
    pass(site, 2);
    assert_eq!((site.block(), is_plain(site)), (Block::PLAIN, true));
    // Calls that were on their way, and calls after them.
    pass_late(site, 2);
    pass(site, 2);
    assert_eq!(samples(site), Some(100));
}

#[test]
fn a_miss_is_counted_and_nothing_else() {
    let site = open(Phase::Watching, 10);
    pass(site, 1);
    assert_eq!(
        (site.block().left, is_plain(site), samples(site)),
        (9, false, None)
    );
}

#[test]
fn misses_are_counted_until_there_were_as_many_as_are_allowed() {
    let site = open(Phase::Watching, 10);
    for left in (1..10).rev() {
        pass(site, 1);
        assert_eq!((site.block().left, is_plain(site)), (left, false));
    }
    pass(site, 1);
    assert!(is_plain(site));
    let before = bytes(site);
    pass(site, 1);
    pass_late(site, 1);
    assert_eq!(bytes(site), before);
}

#[test]
fn after_its_window_a_site_is_not_written_any_more() {
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
fn a_call_that_finds_the_lock_taken_drops_its_record_and_is_counted() {
    let site = open(Phase::Learning, 10);
    pass(site, 1);
    let lock = site.lock().unwrap();
    // As from a signal handler that interrupted the lock's holder.
    for _ in 0..5 {
        pass(site, 1);
    }
    drop(lock);
    assert_eq!((samples(site), site.block().left), (Some(1), 4));
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
    assert_eq!((samples(site), site.block().left), (Some(1), 9));
    std::mem::forget(site.lock().unwrap());
    site.abandon();
    assert!(site.lock().is_some());
    assert_eq!((samples(site), site.block()), (None, Block::PLAIN));
}

#[test]
fn the_first_route_that_was_recorded_is_kept() {
    static OTHER: Route =
        Route::without_guards(&DECLARATION, 1, core::ptr::null(), core::ptr::null());
    let site = open(Phase::Learning, 10);
    assert!(site.route().is_none());
    pass(site, 1);
    record(site, (0, 1), &TABLE, &OTHER);
    let route = site.route().unwrap();
    assert!(core::ptr::eq(route, &raw const ROUTE));
}

#[test]
fn many_threads_record_no_more_than_the_window_has_room_for() {
    let site = open(Phase::Learning, 500);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || (0..1000).for_each(|_| pass(site, thread + 1)));
        }
    });
    let recorded = samples(site).unwrap();
    assert!(recorded > 0 && recorded <= 500);
    assert!(site.block().left <= 0);
}

#[test]
fn what_is_put_is_what_calls_do_and_what_was_there_comes_back() {
    let block = Block {
        way: Way::Gap,
        left: 70_000,
        script: Script {
            bursts: 16,
            gaps: 16_384,
            seed: 0xABCD,
            extra: 3,
        },
    };
    let site = open(Phase::Watching, 10);
    pass(site, 1);
    assert_eq!(site.put(block), Block::simple(Way::On, 9));
    assert_eq!(site.block(), block);
    assert_eq!(site.put(Block::PLAIN), block);
    assert!(is_plain(site));
}

#[test]
fn a_window_of_bursts_records_those_and_counts_what_lies_between() {
    let script = Script {
        bursts: BURSTS,
        gaps: 500,
        seed: 77,
        extra: 0,
    };
    let block = Block {
        way: Way::Burst,
        left: BURST,
        script,
    };
    // One thread, so that every end of a burst finds the lock free. Not living: the
    // process's engine knows nothing of this site.
    let site = with(Phase::Learning, block);
    let mut gaps = 0;
    while counts_calls(site) {
        gaps += u32::from(site.block().way == Way::Gap);
        pass(site, 1);
    }
    let recorded = u32::from(BURSTS) * u32::try_from(BURST).unwrap();
    assert_eq!(samples(site), Some(recorded));
    // Of the first call of each burst it is not known which one came before.
    assert_eq!(pairs(site), Some(recorded - u32::from(BURSTS)));
    assert!(gaps > 0 && gaps <= 500, "{gaps}");
}

#[test]
fn a_call_that_cannot_act_makes_some_more_plain_ones_before_another_tries() {
    // Living, and in no life of the process's engine, which so cannot say what is next.
    let site = with(Phase::Living, Block::simple(Way::On, 2));
    pass(site, 1);
    pass(site, 1);
    let retry = site.block();
    assert_eq!((retry.way, retry.left), (Way::Gap, RETRY));
    assert_eq!(retry.script.extra, 1);
    let before = samples(site);
    for left in (1..RETRY).rev() {
        pass(site, 1);
        assert_eq!(site.block().left, left);
    }
    pass(site, 1);
    let retry = site.block();
    assert_eq!((retry.way, retry.left), (Way::Gap, RETRY));
    assert_eq!(retry.script.extra, 2);
    assert_eq!(samples(site), before, "a gap's calls are not recorded");
}

#[test]
fn misses_of_a_plan_are_not_taken_for_calls_one_after_another() {
    let site = with(Phase::Living, Block::simple(Way::On, 50));
    (0..10).for_each(|_| pass(site, 1));
    assert_eq!((samples(site), pairs(site)), (Some(10), Some(0)));
}

#[test]
fn the_last_call_of_a_burst_that_finds_the_lock_taken_leaves_the_next_step_to_a_later_one() {
    let script = Script {
        bursts: 3,
        gaps: 100,
        seed: 9,
        extra: 0,
    };
    let site = with(
        Phase::Living,
        Block {
            way: Way::Burst,
            left: 2,
            script,
        },
    );
    pass(site, 1);
    let lock = site.lock().unwrap();
    pass(site, 1);
    let block = site.block();
    assert_eq!((block.way, block.left), (Way::Gap, RETRY));
    // The burst is over all the same.
    assert_eq!((block.script.bursts, block.script.extra), (2, 1));
    drop(lock);
    for _ in 0..RETRY {
        pass(site, 1);
    }
    let block = site.block();
    assert_eq!(
        (block.way, block.left, block.script.bursts),
        (Way::Burst, BURST, 2)
    );
}

#[test]
fn who_gives_up_does_not_undo_what_somebody_has_put_meanwhile() {
    let site = with(Phase::Living, Block::simple(Way::On, 1));
    let lock = site.lock().unwrap();
    lock.put(Block::simple(Way::On, 50));
    drop(lock);
    // The call that took the old count's last one, and comes too late.
    site.retry();
    assert_eq!(site.block(), Block::simple(Way::On, 50));
}

#[test]
fn of_two_vtables_of_one_type_both_are_in_its_guard_and_a_third_is_left_out() {
    static KEYS: Keys = Keys::new();
    let listed = inline::Listed {
        about: || (core::any::TypeId::of::<u8>(), "u8"),
    };
    let guards = Guards {
        listed: core::array::from_fn(|at| (at < 4).then_some(listed)),
        keys: || &KEYS,
    };
    let site = open(Phase::Resting, 0);
    let at = |position: usize| {
        let keys = guards.keys_of(site, position);
        keys.map(|key| key.load(Ordering::Relaxed))
    };
    // SAFETY: no call is made through this site.
    unsafe { site.guard(&guards, &[(1, 64), (3, 128), (1, 192), (1, 256)]) };
    assert_eq!([at(0), at(1)], [[0, 0], [64, 192]]);
    assert_eq!([at(2), at(3)], [[0, 0], [128, 0]]);
    // Those in the arm lie in the site, the others do not.
    assert_eq!(site.own_keys(), [0, 64]);
    assert_eq!(KEYS.first(3).load(Ordering::Relaxed), 128);
    // SAFETY: as above.
    unsafe { site.guard(&guards, &[(0, 320)]) };
    assert_eq!(
        (0..4).map(at).collect::<Vec<_>>(),
        [[320, 0], [0, 0], [0, 0], [0, 0]]
    );
}

#[test]
fn slices_and_sections_are_named_after_this_version() {
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
    for (source, section) in [
        (include_str!("../key.rs"), "keys"),
        (include_str!("../key.rs"), "paths"),
        (include_str!("../trampoline.rs"), "paths"),
    ] {
        let names: Vec<_> = source
            .match_indices(&format!("static_call_{section}_"))
            .map(|(at, found)| &source[at + found.len()..at + found.len() + version.len()])
            .collect();
        assert!(!names.is_empty() && names.iter().all(|name| **name == version));
    }
}
