//! What a call leaves behind when it passes through a fallback shim.

use super::{AtomicPtr, Ordering, Phase, Route, Site, Table, profile};

/// Called by every fallback shim before it makes the plain call.
///
/// Costs one relaxed load while no window is open. In an open window it takes
/// the site's try-lock, writes the window's profile and gives the lock back; if
/// the lock is taken, the record is dropped.
#[inline]
pub fn passed(
    site: &'static Site,
    vtable: usize,
    table: impl FnOnce() -> &'static Table,
    route: &'static Route,
) {
    if site.budget.load(Ordering::Relaxed) != 0 {
        record(site, vtable, table(), route);
    }
}

#[cold]
#[inline(never)]
fn record(site: &'static Site, vtable: usize, table: &'static Table, route: &'static Route) {
    if site.busy.swap(true, Ordering::Acquire) {
        return;
    }
    let budget = site.budget.load(Ordering::Acquire);
    if budget != 0 {
        let kept = site.phase() != Phase::Learning || note(site, vtable, table, route);
        let budget = if kept { budget - 1 } else { 0 };
        site.budget.store(budget, Ordering::Release);
        if budget == 0 && site.phase() == Phase::Learning {
            // The window is full: back to the plain price until someone plans.
            site.set_switch(false);
        }
    }
    site.busy.store(false, Ordering::Release);
}

/// Notes a call in the window's profile; false if there is no profile to be had.
fn note(site: &Site, vtable: usize, table: &'static Table, route: &'static Route) -> bool {
    let route_pointer = core::ptr::from_ref(route).cast_mut();
    if site.route.load(Ordering::Relaxed).is_null() {
        site.route.store(route_pointer, Ordering::Release);
    }
    let known = load(&site.profile).or_else(|| {
        let fresh = profile::claim()?;
        site.profile
            .store(core::ptr::from_ref(fresh).cast_mut(), Ordering::Release);
        Some(fresh)
    });
    let Some(profile) = known else { return false };
    // SAFETY: the caller holds the site's lock, and a profile belongs to one site.
    let notes = unsafe { profile.notes() };
    notes.note(vtable, table);
    if site.route.load(Ordering::Relaxed) != route_pointer {
        notes.note_route(route);
    }
    true
}

fn load<T>(pointer: &AtomicPtr<T>) -> Option<&'static T> {
    // SAFETY: sites point to profiles in statics or to leaked boxes only.
    unsafe { pointer.load(Ordering::Acquire).as_ref() }
}
