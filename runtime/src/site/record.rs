//! What calls leave behind: a note in an open learning window, a count of misses.

use super::{AtomicPtr, Ordering, Path, Phase, Site, Way};
use crate::profile;
use crate::registry::Table;

/// Notes a call in the site's learning window, or counts it as a miss of the guards
/// if those are all that is published. Without allocation, and without waiting: if
/// the site's try-lock is taken, the note is dropped.
pub(crate) fn record(site: &'static Site, vtable: usize, table: &'static Table, path: Path) {
    if site.phase() == Phase::Watching {
        watch(site);
        return;
    }
    count(site, Phase::Learning, || {
        if note(site, vtable, table, path) && site.budget.load(Ordering::Relaxed) > 1 {
            return true;
        }
        // The window is full: back to the plain price until someone plans.
        site.send(Way::Plain);
        false
    });
}

/// Counts a miss of guards that have no chain behind them. After as many as there may
/// be before the next look, such calls are plain and no longer counted.
fn watch(site: &Site) {
    count(site, Phase::Watching, || {
        if site.budget.load(Ordering::Relaxed) == 1 {
            // Unless a pass has sent the calls another way since this one read the
            // switch.
            let _ = site.switch.compare_exchange(
                Way::Learning as i8,
                Way::Guarded as i8,
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
        }
        true
    });
}

/// Whether misses of this site are still to be counted: asked by every fallback shim
/// before it makes the plain call. One relaxed load.
#[inline(always)]
pub fn counts_misses(site: &'static Site) -> bool {
    site.budget.load(Ordering::Relaxed) != 0
}

/// Counts one miss, under the site's try-lock, or none if that is taken.
///
/// Called by a shim beside the fallback and not by the fallback itself, which ends
/// in two tail calls that way: a call in it would have it save registers first,
/// whether there is something to count or not.
#[inline]
pub fn count_miss(site: &'static Site) {
    count(site, Phase::Watching, || true);
}

/// Takes one from the budget of `phase`, or all if `work` says so.
fn count(site: &Site, phase: Phase, work: impl FnOnce() -> bool) {
    // A closed window is not worth the lock, which a pass may be waiting for.
    if site.budget.load(Ordering::Relaxed) == 0 {
        return;
    }
    if !site.try_lock() {
        return;
    }
    let budget = site.budget.load(Ordering::Acquire);
    if budget != 0 && site.phase() == phase {
        let left = if work() { budget - 1 } else { 0 };
        site.budget.store(left, Ordering::Release);
    }
    site.busy.store(false, Ordering::Release);
}

/// Notes a call in the window's profile; false if there is no profile to be had.
fn note(site: &Site, vtable: usize, table: &'static Table, path: Path) -> bool {
    if site.route.load(Ordering::Relaxed).is_null() {
        site.trampoline.store(path.trampoline, Ordering::Relaxed);
        let route = core::ptr::from_ref(path.route).cast_mut();
        site.route.store(route, Ordering::Release);
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
    // Any local variable lies where the stack ends.
    let here = 0_u8;
    let stack = core::ptr::from_ref(&here).addr();
    notes.note(vtable, table, stack, crate::os::ticks());
    if site.trampoline.load(Ordering::Relaxed) != path.trampoline {
        notes.note_path(path);
    }
    true
}

fn load<T>(pointer: &AtomicPtr<T>) -> Option<&'static T> {
    // SAFETY: sites point to profiles in statics or to leaked boxes only.
    unsafe { pointer.load(Ordering::Acquire).as_ref() }
}
