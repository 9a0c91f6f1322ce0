//! The few things that can be done to a site, each whole under its lock.

use super::state::{Details, Resting, Status};
use crate::os::objects;
use crate::profile::Profile;
use crate::site::{Phase, Site, Way};

/// Takes a window away from a site.
pub(super) fn close(site: &Site) -> Option<&'static Profile> {
    let lock = site.lock()?;
    let profile = lock.close()?;
    // SAFETY: the site's lock is held.
    unsafe { profile.notes() }.clear();
    Some(profile)
}

/// Plain calls from here on.
pub(super) fn rest(site: &Site, details: &mut Details, why: Resting) {
    site.send(Way::Plain);
    if let Some(lock) = site.lock() {
        lock.close();
        lock.open(Phase::Resting, 0, None);
    }
    for one in &mut details.last_seen {
        one.in_chain = false;
    }
    details.status = Status::Resting(why);
    details.wait = details.interval;
}

/// Calls by the trampoline from here on, misses counted.
pub(super) fn watch(site: &Site, details: &Details) {
    if let Some(lock) = site.lock() {
        lock.open(Phase::Watching, details.miss_budget, None);
    }
    site.send(Way::Patched);
}

/// A new learning window.
pub(super) fn learn(
    site: &Site,
    details: &mut Details,
    window: u32,
    spare: &mut Vec<&'static Profile>,
) {
    let Some(lock) = site.lock() else { return };
    let profile = spare
        .pop()
        .unwrap_or_else(|| Box::leak(Box::new(Profile::new())));
    details.unloads_at_opening = objects::unload_count();
    lock.open(Phase::Learning, window, Some(profile));
    // Before the lock is released: who fills the window makes the site plain.
    site.send(Way::Learning);
}
