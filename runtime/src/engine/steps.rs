//! The few things that can be done to a site, each whole under its lock.

use super::state::{Details, Resting, Status};
use crate::os::objects;
use crate::plan::Guard;
use crate::profile::Profile;
use crate::site::{Phase, Site};
use crate::window::{Block, Way};

/// Takes a window away from a site.
pub(super) fn close(site: &Site) -> Option<&'static Profile> {
    let lock = site.lock()?;
    let profile = lock.close()?;
    // SAFETY: the site's lock is held.
    unsafe { profile.notes() }.clear();
    Some(profile)
}

/// Nothing is compared or recorded from here on, also while the key is still on.
pub(super) fn rest(site: &Site, details: &mut Details, why: Resting) {
    site.switch(false);
    guards_off(site, details);
    if let Some(lock) = site.lock() {
        lock.close();
        lock.open(Phase::Resting, Block::PLAIN, None);
    }
    for one in &mut details.last_seen {
        one.in_chain = false;
        one.guard = None;
    }
    details.status = Status::Resting(why);
    details.wait = details.interval;
}

/// Guards on, and misses counted.
pub(super) fn watch(site: &Site, details: &Details) {
    guards_on(site, details, details.guards());
    if let Some(lock) = site.lock() {
        let misses = i32::try_from(details.miss_budget).unwrap_or(i32::MAX);
        lock.open(Phase::Watching, Block::simple(Way::On, misses), None);
    }
    site.switch(true);
}

/// These guards on, and no others.
pub(super) fn guards_on(site: &Site, details: &Details, on: impl IntoIterator<Item = Guard>) {
    let on = on.into_iter();
    let on: Vec<_> = on.map(|guard| (guard.key, guard.target.vtable)).collect();
    if let Some(guards) = details.listed() {
        // SAFETY: `listed` are the guards of the site's route; `evidence::candidates` has
        // taken the positions from `Guards::key_of` for the tables of these vtables, which
        // lie in the site's own object.
        unsafe { site.guard(guards, &on) };
    }
}

pub(super) fn guards_off(site: &Site, details: &Details) {
    guards_on(site, details, []);
}

/// An empty profile.
pub(super) fn fresh(spare: &mut Vec<&'static Profile>) -> &'static Profile {
    spare
        .pop()
        .unwrap_or_else(|| Box::leak(Box::new(Profile::new())))
}

/// A new learning window. The heads are at rest, or hits of a chain would be missing.
pub(super) fn learn(
    site: &Site,
    details: &mut Details,
    window: u32,
    spare: &mut Vec<&'static Profile>,
) {
    let Some(lock) = site.lock() else { return };
    if let Some(open) = lock.close() {
        // SAFETY: the site's lock is held.
        unsafe { open.notes() }.clear();
        spare.push(open);
    }
    let profile = fresh(spare);
    details.opened = details.opened.saturating_add(1);
    details.unloads_at_opening = objects::unload_count();
    // What a guard knows would be missing in the window.
    guards_off(site, details);
    let calls = i32::try_from(window).unwrap_or(i32::MAX);
    lock.open(
        Phase::Learning,
        Block::simple(Way::Burst, calls),
        Some(profile),
    );
    site.switch(true);
}
