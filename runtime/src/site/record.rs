//! What calls that nothing has caught leave behind.

use super::{Ordering, Phase, Route, Site, Way};
use crate::registry::Table;
use crate::window::{Block, Taken};

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
        if (crate::host::in_charge().emptied)(site) {
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
