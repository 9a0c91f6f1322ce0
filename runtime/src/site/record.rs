//! What calls leave behind in an open window.

use super::{Ordering, Route, Site};
use crate::registry::Table;

/// Whether calls of this site that nothing has caught are to be recorded: asked by every
/// fallback before it makes the plain call. One relaxed load.
#[inline(always)]
pub fn counts_calls(site: &'static Site) -> bool {
    site.budget.load(Ordering::Relaxed) != 0
}

/// Notes a call in the site's window and takes one from its budget. Without allocation,
/// and without waiting: if the site's try-lock is taken, the note is dropped.
pub(crate) fn record(
    site: &'static Site,
    vtable: usize,
    table: &'static Table,
    route: &'static Route,
) {
    // A closed window is not worth the lock, which a pass may be waiting for.
    if site.budget.load(Ordering::Relaxed) == 0 || !site.try_lock() {
        return;
    }
    let budget = site.budget.load(Ordering::Acquire);
    if budget != 0 {
        note(site, vtable, table, route);
        site.budget.store(budget - 1, Ordering::Release);
    }
    site.busy.store(false, Ordering::Release);
}

/// Notes a call in the window's profile, if it has one. The site's lock is held.
fn note(site: &Site, vtable: usize, table: &'static Table, route: &'static Route) {
    if site.route.load(Ordering::Relaxed).is_null() {
        let route = core::ptr::from_ref(route).cast_mut();
        site.route.store(route, Ordering::Release);
    }
    // SAFETY: windows are in profiles that are never freed.
    let Some(profile) = (unsafe { site.profile.load(Ordering::Acquire).as_ref() }) else {
        return;
    };
    // SAFETY: the caller holds the site's lock, and a profile belongs to one site.
    let notes = unsafe { profile.notes() };
    // Any local variable lies where the stack ends.
    let here = 0_u8;
    let stack = core::ptr::from_ref(&here).addr();
    notes.note(vtable, table, stack, crate::os::ticks());
}
