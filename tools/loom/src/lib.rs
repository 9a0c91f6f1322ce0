//! What calls write without a lock, in every interleaving of a few threads: run by
//! `tools/sanitize loom`. The sources are the library's own, on loom's atomics.
#![cfg(loom)]
#![allow(dead_code, unused_imports, unreachable_pub, missing_docs)]

#[path = "../../../runtime/src/binding/cell.rs"]
mod cell;
#[path = "../../../runtime/src/profile/mod.rs"]
mod profile;
#[path = "../../../runtime/src/registry/mod.rs"]
mod registry;
#[path = "../../../runtime/src/site/mod.rs"]
mod site;
#[path = "../../../runtime/src/sync.rs"]
mod sync;

/// What routes name.
mod arch {
    #[derive(Clone, Copy)]
    pub enum Receiver {
        First,
    }
}

/// What the keys of methods name; the models have none.
mod binding {
    pub trait BindingSite: 'static {
        type Object: ?Sized + 'static;
    }

    pub enum Unbound {
        Never,
    }
}

mod os {
    pub(crate) fn pause() {
        loom::thread::yield_now();
    }

    pub(crate) fn ticks() -> u64 {
        0
    }
}

mod private {
    pub(crate) fn vtable_of<T: ?Sized>(_: &T) -> usize {
        unreachable!("the tests name vtables themselves")
    }
}

use cell::Cell;
use profile::Profile;
use registry::{MethodDeclaration, Table, TraitDeclaration};
use site::{Path, Phase, Place, Route, Site};

static METHODS: [MethodDeclaration; 1] = [MethodDeclaration::new("run", 2)];
static DECLARATION: TraitDeclaration = TraitDeclaration::new("Run", "tests", None, 0, &METHODS);
static TABLE: Table = Table::new(
    &DECLARATION,
    || "T",
    std::any::TypeId::of::<u8>,
    std::any::TypeId::of::<u8>,
    &[],
);
static ROUTE: Route = Route::without_guards(&DECLARATION, 0, std::ptr::null(), std::ptr::null());
static PLACE: Place = Place::new("run", "loom.rs", 1, 1);

fn path(trampoline: usize) -> Path {
    Path {
        route: &ROUTE,
        trampoline,
    }
}

fn fresh() -> &'static Site {
    Box::leak(Box::new(Site::new(&PLACE)))
}

/// A site with an open window of `budget` records.
fn open(phase: Phase, budget: u32) -> &'static Site {
    let site = fresh();
    let profile = (phase == Phase::Learning).then(|| &*Box::leak(Box::new(Profile::new())));
    site.lock().unwrap().open(phase, budget, profile);
    site
}

fn call(site: &'static Site, vtable: usize) {
    site::record_for_loom(site, vtable, &TABLE, path(64 * vtable));
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
        let site = open(Phase::Learning, 3);
        let calls = [1, 2].map(|vtable| loom::thread::spawn(move || call(site, vtable)));
        let noted = take(site);
        for call in calls {
            call.join().unwrap();
        }
        if let Some((samples, counted)) = noted {
            assert!(samples <= 2 && samples == counted);
            // The window is closed: whoever came late has noted nothing.
            assert_eq!(site.budget(), 0);
            assert_eq!(take(site), None);
        }
    });
}

#[test]
fn a_window_takes_no_more_than_its_budget() {
    loom::model(|| {
        let site = open(Phase::Learning, 1);
        let calls = [1, 2].map(|vtable| loom::thread::spawn(move || call(site, vtable)));
        for call in calls {
            call.join().unwrap();
        }
        assert_eq!(site.budget(), 0);
        assert_eq!(take(site), Some((1, 1)));
    });
}

#[test]
fn misses_are_counted_once_each_or_dropped_and_a_new_window_is_not_charged_for_old_ones() {
    loom::model(|| {
        let site = open(Phase::Watching, 2);
        let misses = [(); 2].map(|()| loom::thread::spawn(move || site::count_miss(site)));
        if let Some(lock) = site.lock() {
            lock.close();
            lock.open(Phase::Learning, 5, None);
        }
        for miss in misses {
            miss.join().unwrap();
        }
        assert!(site.budget() == 5 || site.phase() == Phase::Watching);
    });
}

#[test]
fn a_first_path_that_is_seen_is_seen_whole() {
    loom::model(|| {
        let site = fresh();
        let call = loom::thread::spawn(move || call(site, 2));
        let report = loom::thread::spawn(move || {
            if let Some(path) = site.first_path() {
                assert_eq!(path.trampoline, 128);
            }
        });
        call.join().unwrap();
        report.join().unwrap();
    });
}

#[test]
fn two_sites_never_claim_one_profile() {
    loom::model(|| {
        let sites = [fresh(), fresh()];
        let calls = sites.map(|site| loom::thread::spawn(move || call(site, 1)));
        for call in calls {
            call.join().unwrap();
        }
        let noted: Vec<_> = sites.into_iter().filter_map(take).collect();
        assert_eq!(noted, [(1, 1), (1, 1)]);
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
