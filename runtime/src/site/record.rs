//! What calls that nothing has caught leave behind.

use std::sync::OnceLock;

use super::{Ordering, Phase, Route, Site};
use crate::registry::Table;
use crate::window::{Block, Taken, Way};

/// Acts where a call has used up what a site's life had given it. Whether anybody has acted:
/// not while the runtime is busy.
pub(crate) type Acts = fn(&'static Site) -> bool;

/// The engine of this loaded object, once it was set up; and its host's, in a plugin.
static OWN: OnceLock<Acts> = OnceLock::new();
static HOSTS: OnceLock<Acts> = OnceLock::new();

/// The engine says that it acts, unless a host's does.
pub(crate) fn act_by(own: Acts) {
    let _ = OWN.set(own);
}

/// From here on the host's engine acts.
#[cfg(plugins)]
pub(crate) fn leave_to(hosts: Acts) {
    let _ = HOSTS.set(hosts);
}

fn in_charge() -> Option<Acts> {
    HOSTS.get().or_else(|| OWN.get()).copied()
}

/// Whether calls of this site that nothing has caught count: asked by every fallback
/// before it makes the plain call. One relaxed load.
#[inline(always)]
pub fn counts_calls(site: &'static Site) -> bool {
    site.way.load(Ordering::Relaxed) != Way::Plain as u8
}

/// Counts a call, and notes it in the site's window if one is open. Without allocation,
/// and without waiting: where a lock is taken, the note is dropped.
pub(crate) fn record(
    site: &'static Site,
    (receiver, vtable): (usize, usize),
    table: &'static Table,
    route: &'static Route,
) {
    let way = Way::from(site.way.load(Ordering::Acquire));
    if way == Way::Plain {
        return;
    }
    if way != Way::Gap {
        note(site, way, (receiver, vtable), table, route);
    }
    if Taken::of(site.left.fetch_sub(1, Ordering::AcqRel)) == Taken::Last {
        emptied(site);
    }
}

/// The call that has counted last acts: see `window::Block`.
#[cold]
fn emptied(site: &'static Site) {
    if let Some(lock) = site.lock_now() {
        let block = Block {
            left: 0,
            ..site.block()
        };
        if let Some(next) = block.next() {
            if let (Way::Burst, Some(profile)) = (block.way, lock.profile()) {
                // SAFETY: the site's lock is held, and a profile belongs to one site.
                unsafe { profile.notes() }.pause();
            }
            lock.put(next);
            return;
        }
        if site.phase() != Phase::Living {
            // Full, or enough of misses: plain until a pass comes.
            lock.put(Block::PLAIN);
            return;
        }
        drop(lock);
        if in_charge().is_some_and(|acts| acts(site)) {
            return;
        }
    }
    // Whoever holds the lock may be what this call has interrupted. Somebody else comes
    // again: a call, soon, or a pass.
    site.retry();
}

/// Notes a call in the window's profile, if it has one.
fn note(
    site: &'static Site,
    way: Way,
    (receiver, vtable): (usize, usize),
    table: &'static Table,
    route: &'static Route,
) {
    let Some(_lock) = site.lock_now() else { return };
    if site.route.load(Ordering::Relaxed).is_null() {
        let route = core::ptr::from_ref(route).cast_mut();
        site.route.store(route, Ordering::Release);
    }
    // SAFETY: windows are in profiles that are never freed.
    let Some(profile) = (unsafe { site.profile.load(Ordering::Acquire).as_ref() }) else {
        return;
    };
    // SAFETY: the site's lock is held, and a profile belongs to one site.
    let notes = unsafe { profile.notes() };
    notes.note(vtable, table);
    // Of misses nobody knows how many calls lie between them.
    if way == Way::Burst {
        notes.follow(receiver, vtable);
    }
}
