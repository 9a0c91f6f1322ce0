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
    guards_off(site);
    if let Some(lock) = site.lock() {
        lock.close();
        lock.open(Phase::Resting, 0, None);
    }
    for one in &mut details.last_seen {
        one.in_chain = false;
        one.guard = None;
    }
    details.status = Status::Resting(why);
    details.wait = details.interval;
}

/// Guards on, what they do not know by the trampoline if there is a chain, and
/// misses counted.
pub(super) fn watch(site: &Site, details: &Details) {
    let on: Vec<_> = details
        .guards()
        .map(|guard| (guard.key, guard.target.vtable))
        .collect();
    // SAFETY: `evidence::candidates` has taken the keys from `Guards::key_of` for the
    // tables of these vtables, which lie in the site's own object.
    unsafe { site.guard(&on) };
    let has_chain = details.last_seen.iter().any(|one| one.in_chain);
    let lock = site.lock();
    if let Some(lock) = &lock {
        lock.open(Phase::Watching, details.miss_budget, None);
    }
    // Without a chain, what the guards miss is counted on the way of learning calls,
    // and plain once there were enough.
    site.send(if has_chain {
        Way::Patched
    } else {
        Way::Learning
    });
}

fn guards_off(site: &Site) {
    // SAFETY: nothing is switched on.
    unsafe { site.guard(&[]) };
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
    // What a guard knows would be missing in the window.
    guards_off(site);
    lock.open(Phase::Learning, window, Some(profile));
    // Before the lock is released: who fills the window makes the site plain.
    site.send(Way::Learning);
}
