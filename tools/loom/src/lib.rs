//! What calls write without a lock, in every interleaving of a few threads: run by
//! `tools/sanitize loom`. The sources are the library's own, on loom's atomics.
#![cfg(loom)]
#![allow(dead_code, unused_imports, unreachable_pub, missing_docs)]

#[path = "../../../runtime/src/bound/cell.rs"]
mod cell;
#[path = "../../../runtime/src/profile/mod.rs"]
mod profile;
#[path = "../../../runtime/src/registry/mod.rs"]
mod registry;
#[path = "../../../runtime/src/site/mod.rs"]
mod site;
#[path = "../../../runtime/src/slices.rs"]
mod slices;
#[path = "../../../runtime/src/sync.rs"]
mod sync;
#[path = "../../../runtime/src/vtable.rs"]
mod vtable;
#[path = "../../../runtime/src/window/mod.rs"]
mod window;

/// What routes name.
mod arch {
    #[derive(Clone, Copy)]
    pub enum Receiver {
        First,
    }
}

/// What methods name for bindings; the models have none.
mod bound {
    pub trait Kind: 'static {}
    pub enum Always {}
    impl Kind for Always {}

    pub struct Binding<D: ?Sized + 'static, K>(&'static D, std::marker::PhantomData<K>);
    pub struct BindingRecord;

    pub enum Unbound {
        Never,
    }
}

mod os {
    pub(crate) fn pause() {
        loom::thread::yield_now();
    }
}

use cell::Cell;
use profile::Profile;
use registry::{MethodDeclaration, Table, TraitDeclaration};
use site::{Phase, Place, Route, Site};
use window::{BURST, Block, RETRY, Script, Way};

static METHODS: [MethodDeclaration; 1] = [MethodDeclaration::new("run", 2, 0)];
// SAFETY: of no trait, and in no slice.
static DECLARATION: TraitDeclaration =
    unsafe { TraitDeclaration::new("Run", "tests", None, 0, &METHODS) };
static TABLE: Table = Table::new(
    &DECLARATION,
    || "T",
    std::any::TypeId::of::<u8>,
    std::any::TypeId::of::<u8>,
    &[],
);
static ROUTE: Route = Route::without_guards(&DECLARATION, 0, std::ptr::null(), std::ptr::null());
static PLACE: Place = Place::new("run", "loom.rs", 1, 1);

fn fresh() -> &'static Site {
    Box::leak(Box::new(Site::new(&PLACE)))
}

/// A site that does with calls what the block says.
fn with(phase: Phase, block: Block) -> &'static Site {
    let site = fresh();
    let notes = matches!(phase, Phase::Learning | Phase::Living);
    let profile = notes.then(|| &*Box::leak(Box::new(Profile::new())));
    site.lock().unwrap().open(phase, block, profile);
    site
}

/// A site with an open window of so many calls.
fn open(calls: i32) -> &'static Site {
    with(Phase::Learning, Block::simple(Way::Burst, calls))
}

fn call(site: &'static Site, vtable: usize) {
    if site::counts_calls(site) {
        site::record_for_loom(site, (0, vtable), &TABLE, &ROUTE);
    }
}

/// What the engine does: the profile is taken under the lock, and read without it.
fn take(site: &Site) -> Option<(u32, u32)> {
    let lock = site.lock()?;
    let profile = lock.close();
    drop(lock);
    // SAFETY: taken away from its site.
    let notes = unsafe { profile?.notes() };
    let counted = notes.seen().map(|seen| seen.count).sum();
    Some((notes.samples, counted))
}

#[test]
fn calls_and_the_close_of_their_window_never_have_the_profile_at_once() {
    loom::model(|| {
        let site = open(3);
        let calls = [1, 2].map(|vtable| loom::thread::spawn(move || call(site, vtable)));
        let noted = take(site);
        for call in calls {
            call.join().unwrap();
        }
        if let Some((samples, counted)) = noted {
            assert!(samples <= 2 && samples == counted);
            // The window is closed: whoever came late has noted nothing.
            assert_eq!(site.block().way, Way::Plain);
            assert_eq!(take(site), None);
        }
    });
}

#[test]
fn of_calls_that_count_one_is_the_last_and_ends_the_window() {
    loom::model(|| {
        let site = open(2);
        let calls = [1, 2, 3].map(|vtable| loom::thread::spawn(move || call(site, vtable)));
        for call in calls {
            call.join().unwrap();
        }
        // It ends itself, unless somebody had the lock at that moment: then calls are plain
        // and counted, and another tries.
        let block = site.block();
        let is_over = block == Block::PLAIN || (block.way, block.script.extra) == (Way::Gap, 1);
        // Whoever came after the end has counted nothing, or beyond what counts.
        assert!(
            is_over || (block.way == Way::Plain && block.left <= 0),
            "{block:?}"
        );
        let noted = take(site).map_or(0, |(samples, _)| samples);
        assert!(noted <= 3);
    });
}

#[test]
fn what_is_put_while_calls_count_keeps_its_own_count() {
    loom::model(|| {
        let site = with(Phase::Watching, Block::simple(Way::On, 1));
        let miss = loom::thread::spawn(move || call(site, 1));
        let next = Block::simple(Way::Burst, 1000);
        let put = site.lock().map(|lock| lock.put(next)).is_some();
        miss.join().unwrap();
        let block = site.block();
        // The miss was before it, or is counted by it, or has had the lock after it. One that
        // gives up meanwhile may make a gap of the window, whose calls count all the same.
        let counts = [Way::Burst, Way::Gap].contains(&block.way);
        let kept = counts && (999..=1000).contains(&block.left);
        assert!(!put || kept || block == Block::PLAIN, "{block:?}");
    });
}

#[test]
fn a_burst_that_ends_goes_on_with_its_gap_or_is_tried_again() {
    loom::model(|| {
        let script = Script {
            bursts: 3,
            gaps: 50,
            seed: 7,
            extra: 0,
        };
        let site = with(
            Phase::Living,
            Block {
                way: Way::Burst,
                left: 1,
                script,
            },
        );
        let calls = [1, 2].map(|vtable| loom::thread::spawn(move || call(site, vtable)));
        for call in calls {
            call.join().unwrap();
        }
        let block = site.block();
        assert_eq!(block.script.bursts, 2, "{block:?}");
        assert!([Way::Gap, Way::Burst].contains(&block.way), "{block:?}");
        assert!(block.left <= RETRY.max(BURST), "{block:?}");
    });
}

#[test]
fn a_first_route_that_is_seen_is_seen_whole() {
    loom::model(|| {
        let site = open(10);
        let call = loom::thread::spawn(move || call(site, 2));
        let report = loom::thread::spawn(move || {
            if let Some(route) = site.route() {
                assert!(std::ptr::eq(route, &raw const ROUTE));
                assert_eq!(route.method, 0);
            }
        });
        call.join().unwrap();
        report.join().unwrap();
    });
}

/// A binding that leads nowhere, and an object.
fn unbound() -> (&'static Cell, &'static sync::Exclusive<u64>) {
    let cell = Box::leak(Box::new(Cell::new(std::ptr::null_mut())));
    (cell, Box::leak(Box::new(sync::Exclusive::new(0))))
}

/// Writes the object, and returns where it is.
fn made(object: &'static sync::Exclusive<u64>) -> *const () {
    // SAFETY: nobody else knows of it yet.
    *unsafe { object.get() } = 5;
    std::ptr::from_ref(object).cast()
}

/// What a call reads by a binding's way at rest.
fn read(cell: &Cell) -> Option<u64> {
    let current = cell.current()?;
    // SAFETY: a cell leads to such an object, or nowhere. It is read by one thread; loom
    // says so if that may still be written.
    Some(unsafe { *current.cast::<sync::Exclusive<u64>>().as_ref().get() })
}

#[test]
fn what_a_binding_leads_to_is_seen_as_it_was_made() {
    loom::model(|| {
        let (cell, object) = unbound();
        let other = loom::thread::spawn(move || read(cell));
        // SAFETY: an object that stays.
        unsafe { cell.set(made(object)) };
        assert!([None, Some(5)].contains(&other.join().unwrap()));
    });
}

#[test]
fn what_is_made_on_first_use_is_bound_once_and_seen_as_it_was_made() {
    loom::model(|| {
        let (cell, object) = unbound();
        let other = loom::thread::spawn(move || read(cell));
        // SAFETY: objects that stay.
        let (first, second) = unsafe {
            (
                cell.set_first(made(object)),
                cell.set_first(made(unbound().1)),
            )
        };
        assert_eq!((first, second), (true, false));
        assert!([None, Some(5)].contains(&other.join().unwrap()));
    });
}

#[test]
fn a_copy_follows_a_binding_that_is_there() {
    loom::model(|| {
        let (leader, object) = unbound();
        let (copy, _) = unbound();
        let call = loom::thread::spawn(move || {
            // SAFETY: what was followed, or nothing.
            unsafe { copy.leader().as_ref() }.map(read)
        });
        // SAFETY: objects that stay.
        unsafe {
            leader.set(made(object));
            copy.follow(leader);
        }
        assert!([None, Some(Some(5))].contains(&call.join().unwrap()));
    });
}
