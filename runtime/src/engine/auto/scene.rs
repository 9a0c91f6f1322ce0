//! What the machine asks of sites, and does to them by itself: blocks are swapped, windows
//! read, plans offered.

use crate::costs::Calibration;
use crate::engine::LoadedObject;
use crate::engine::evidence::{Names, candidates};
use crate::engine::places::{Place, find};
use crate::engine::state::Details;
use crate::engine::trust::Trust;
use crate::life::{Evidence, Offer, Sites, US, Window};
use crate::plan::auto;
use crate::profile::Profile;
use crate::site::{Locked, Site};
use crate::window::{Block, LEASE, Way};

/// What the machine steers.
pub(super) struct Scene<'a> {
    pub(super) objects: &'a mut [LoadedObject],
    pub(super) places: &'a [Option<Place>],
    pub(super) trust: &'a Trust,
    pub(super) spare: &'a mut Vec<&'static Profile>,
    pub(super) costs: &'a Calibration,
}

impl Scene<'_> {
    fn get(&mut self, number: usize) -> Option<(&'static Site, &mut Details)> {
        get(self.objects, self.places, number)
    }
}

/// What is known of the site with this number.
pub(super) fn get<'a>(
    objects: &'a mut [LoadedObject],
    places: &[Option<Place>],
    number: usize,
) -> Option<(&'static Site, &'a mut Details)> {
    find(objects, (*places.get(number)?)?)
}

impl Sites for Scene<'_> {
    fn swap(&mut self, number: usize, to: Block) -> Block {
        let Some((site, details)) = self.get(number) else {
            return Block::PLAIN;
        };
        // Whoever holds the lock notes a call, at most; in a signal handler it may be the
        // thread that was interrupted, and then its note is dropped.
        let lock = site.lock();
        let mut to = to;
        let (mut rest, mut counted) = (0, 0);
        if let Some(given) = &mut details.given {
            (rest, counted) = given.end_lease();
            if to.way == Way::On && given.waits() {
                to = given.divide();
            }
        }
        let mut before = site.put(to);
        drop(lock);
        before.left = before.left.saturating_add(rest);
        if before.way == Way::On {
            details.misses += u64::try_from(LEASE - before.left - counted).unwrap_or(0);
        }
        before
    }

    fn recorded(&mut self, number: usize) -> Window {
        let (trust, spare) = (self.trust, &mut *self.spare);
        let mut window = Window::default();
        let Some((site, details)) = get(self.objects, self.places, number) else {
            return window;
        };
        let Some(lock) = site.lock() else {
            return window;
        };
        // What misses a plan is noted as long as that is on.
        let is_on = details.published.is_some();
        let profile = if is_on { lock.profile() } else { lock.take() };
        let Some(profile) = profile else {
            return window;
        };
        // SAFETY: the site's lock is held.
        let notes = unsafe { profile.notes() };
        if details.route.is_none() {
            details.route = site.route();
        }
        if let Some(route) = details.route.filter(|_| notes.samples > 0) {
            details.windows += u32::from(!is_on);
            details.receivers.add(notes);
            let mut names = Names::new();
            let unloads = details.unloads_at_opening;
            let seen = candidates(notes, route, details, unloads, trust, &mut names);
            for one in seen.unwrap_or_default() {
                window.note(one.target.vtable, one.count);
                if !details.known.iter().any(|known| known.0 == one) {
                    let name = names.iter().find(|(of, _)| *of == one.target.vtable);
                    let name = name.map_or("?", |(_, name)| *name);
                    details
                        .known
                        .retain(|(known, _)| known.target != one.target);
                    details.known.push((one, name));
                }
            }
            window.others = notes.samples.saturating_sub(window.samples());
        }
        notes.clear();
        if !is_on {
            spare.push(profile);
        }
        drop(lock);
        window
    }

    fn offer(&mut self, number: usize, evidence: &Evidence) -> Option<Offer> {
        let costs = *self.costs;
        let (_, details) = self.get(number)?;
        let capacity = details.capacity();
        let known = details.known.iter().map(|(one, _)| one);
        let (offered, mut offer) = auto::offer(known, evidence, capacity, &costs)?;
        let published = details.published.as_ref().map(|published| &published.plan);
        let is_published = published == Some(&offered.plan);
        offer.publish = if is_published || offered.plan.chain.is_empty() {
            0
        } else {
            60 * US
        };
        details.offered = Some(offered);
        Some(offer)
    }

    fn hits(&self, number: usize, evidence: &Evidence) -> f64 {
        let place = self.places.get(number).copied().flatten();
        let details = place.and_then(|place| {
            let mut objects = self.objects.iter();
            let object = objects.find(|object| object.plugin == place.plugin)?;
            object.details[place.index].as_deref()
        });
        let offered = details.and_then(|details| details.offered.as_ref());
        offered.map_or(0.0, |offered| auto::hits(&offered.plan, evidence))
    }
}

impl Locked<'_> {
    /// Takes the window's profile away, whatever calls do.
    pub(super) fn take(&self) -> Option<&'static Profile> {
        self.replace(None)
    }
}
