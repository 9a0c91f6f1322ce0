//! The default mode: each site has a [life](crate::life), which says when windows are
//! opened, which plans are entered and when they are left; here it is done.
//!
//! Passes do all of it. A calling thread that has used up what its site was given asks the
//! machine as well, and flips keys back by itself: no site stays in its arm until the next
//! pass. It may be anywhere, in an allocator for one, so it waits for nobody and allocates
//! nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use self::clock::Clock;
use self::scene::{Scene, get};
use super::places::Place;
use super::state::{Details, Resting, Status};
use super::{Engine, LoadedObject};
use crate::costs::Calibration;
use crate::life::{Act, Life, NS, Prices, Ps, Rules, State, US};
use crate::os;
use crate::plan::auto;
use crate::publish::Batch;
use crate::site::{Phase, Site};
use crate::window::Block;

mod clock;
mod details;
mod follows;
mod given;
mod pass;
mod scene;

pub use follows::FollowedPlan;
pub(super) use follows::Follows;
pub(super) use given::Given;

/// Counts what calling threads have done that the worker should know of.
pub(crate) static WAKE: AtomicU32 = AtomicU32::new(0);

/// The sites' lives.
pub(super) struct Auto {
    pub(super) life: Life,
    /// By the machine's numbers.
    places: Vec<Option<Place>>,
    /// Small numbers of pages, by address.
    pages: HashMap<usize, u32>,
    costs: Calibration,
    clock: Clock,
}

impl Auto {
    fn new(costs: Calibration, rules: Rules) -> Self {
        let seed = u64::try_from(os::clocks().0).unwrap_or(1);
        Auto {
            life: Life::new(rules, prices(&costs), seed),
            places: Vec::new(),
            pages: HashMap::new(),
            costs,
            clock: Clock::new(),
        }
    }

    /// One with more to spend, so that what a test waits for comes soon; and no more than
    /// a storm of misses uses up.
    #[cfg(test)]
    pub(super) fn generous(costs: Calibration) -> Self {
        let rules = Rules {
            ppm: 50_000,
            ..Rules::STANDARD
        };
        Auto::new(costs, rules)
    }

    /// One site more.
    fn add(&mut self, place: Place, details: &mut Details) {
        let next = u32::try_from(self.pages.len()).unwrap_or(u32::MAX);
        let at = details.keys.first().map_or(0, |key| key.at >> 12);
        let page = *self.pages.entry(at).or_insert(next);
        let number = self.life.add(page);
        if self.places.len() <= number {
            self.places.resize(number + 1, None);
        }
        self.places[number] = Some(place);
        details.life = Some(number);
        details.opened = 0;
        // Whatever another mode has left on goes off with this pass.
        details.status = Status::Resting(Resting::New);
        for one in &mut details.last_seen {
            one.in_chain = false;
            one.guard = None;
        }
    }

    /// What a site's life is at, for the report.
    pub(super) fn describe(&self, details: &mut Details) {
        let Some(number) = details.life else { return };
        let evidence = self.life.evidence(number);
        details.see(evidence, self.life.every(number));
        match self.life.state(number) {
            state if details.given.is_some() => details.show_given(state == State::On),
            State::Open { .. } => details.status = Status::Learning,
            State::On => details.show(evidence),
            _ => details.show_plain(evidence, &self.costs),
        }
    }

    /// Whether a site goes by its plan.
    #[cfg(feature = "tracing")]
    pub(super) fn is_on(&self, number: usize) -> bool {
        self.life.state(number) == State::On
    }

    /// What a site has met, and what things cost.
    #[cfg(feature = "tracing")]
    pub(super) fn knows(&self, number: usize) -> (&crate::life::Evidence, &Calibration) {
        (self.life.evidence(number), &self.costs)
    }

    fn remove(&mut self, details: &mut Details) {
        if let Some(number) = details.life.take() {
            self.life.remove(number);
            self.places[number] = None;
        }
    }
}

/// What things cost, from what was measured; what was not is what it costs at most on the
/// machines that were looked at.
fn prices(costs: &Calibration) -> Prices {
    #[allow(clippy::cast_possible_truncation, reason = "some thousands")]
    let plain = ((costs.plain * 1000.0) as Ps).max(NS / 4);
    Prices {
        plain,
        gain: auto::best_gain(costs),
        book: 20 * NS,
        record: 120 * NS,
        skip: 15 * NS,
        clock: US,
        page: 60 * US,
        key: US / 2,
        pass: 20 * US,
    }
}

impl Engine {
    /// The machine, its clock, and what it steers; [`None`] in other modes.
    fn lives(&mut self) -> Option<(&mut Life, &mut Clock, Scene<'_>)> {
        let auto = self.auto.as_deref_mut()?;
        let scene = Scene {
            objects: &mut self.objects,
            places: &auto.places,
            trust: &self.trust,
            spare: &mut self.spare,
            costs: &auto.costs,
        };
        Some((&mut auto.life, &mut auto.clock, scene))
    }

    /// Tells the machine that what it asked for is done.
    fn lives_flipped(&mut self) {
        if let Some((life, clock, mut scene)) = self.lives() {
            life.flipped(clock.now(), &mut scene);
        }
    }

    /// When the next pass is wanted, in nanoseconds from now; [`None`] if no life asks.
    pub(crate) fn next_pass(&mut self) -> Option<u64> {
        let auto = self.auto.as_mut()?;
        u64::try_from(auto.life.wanted() / NS).ok()
    }

    /// What the sites' lives are at, for the report.
    pub(crate) fn describe_lives(&mut self) {
        let Some(auto) = &self.auto else { return };
        for object in &mut self.objects {
            let details = object.details.iter_mut().flatten();
            details.for_each(|details| auto.describe(details));
        }
    }

    /// Ends all lives: every site is plain, with its key off as far as that can be.
    pub(super) fn leave_auto(&mut self) {
        if self.auto.take().is_none() {
            return;
        }
        let mut batch = Batch::default();
        let mut off = Vec::new();
        for (index, object) in self.objects.iter_mut().enumerate() {
            let sites = object.sites.iter().zip(&mut object.details);
            for (number, (site, details)) in sites.enumerate() {
                let Some(details) = details.as_deref_mut() else {
                    continue;
                };
                details.given = None;
                details.is_asked = false;
                if matches!(details.status, Status::Resting(Resting::Given(_))) {
                    details.status = Status::Resting(Resting::New);
                }
                if details.life.take().is_none() {
                    continue;
                }
                site.switch(false);
                if let Some(lock) = site.lock() {
                    if let Some(profile) = lock.take() {
                        // SAFETY: the site's lock is held.
                        unsafe { profile.notes() }.clear();
                        self.spare.push(profile);
                    }
                    lock.open(Phase::Resting, Block::PLAIN, None);
                }
                details.forget_life();
                if details.on
                    && let Some(publisher) = self.patching.publisher()
                    && publisher
                        .prepare_keys(&details.keys, false, &mut batch)
                        .is_ok()
                {
                    off.push((index, number));
                }
            }
        }
        // A refusal leaves keys on that lead to plain arms.
        if self.commit(&batch).is_ok() {
            for (object, number) in off {
                self.objects[object].details_of(number).on = false;
            }
        }
    }

    /// Forgets what lives have met of a plugin that goes, and its sites' lives.
    pub(super) fn end_lives(&mut self, gone: &mut LoadedObject, range: &std::ops::Range<usize>) {
        let Some(auto) = &mut self.auto else { return };
        for details in gone.details.iter_mut().flatten() {
            auto.remove(details);
        }
        for object in &mut self.objects {
            for details in object.details.iter_mut().flatten() {
                if auto.forget_given(details, range) {
                    continue;
                }
                let met = |one: &(crate::plan::Candidate, &str)| {
                    range.contains(&one.0.target.vtable) || range.contains(&one.0.target.shim)
                };
                if let Some(number) = details.life
                    && details.known.iter().any(met)
                {
                    details.known.retain(|one| !met(one));
                    details.offered = None;
                    auto.life.reset(number);
                }
            }
        }
    }

    /// A call has used up what its site was given.
    pub(super) fn emptied(&mut self, site: &'static Site) -> bool {
        let Some(auto) = self.auto.as_deref_mut() else {
            return false;
        };
        let address = core::ptr::from_ref(site).addr();
        let mut number = None;
        for object in &mut self.objects {
            let distance = address.wrapping_sub(object.sites.as_ptr().addr());
            let index = distance / size_of::<Site>();
            if let Some(Some(details)) = object.details.get_mut(index) {
                number = details.life;
                let is_on = number.is_some_and(|one| auto.life.state(one) == State::On);
                if is_on && details.go_on_meeting(site, &self.trust) {
                    return true;
                }
                break;
            }
        }
        let Some(number) = number else { return false };
        let mut scene = Scene {
            objects: &mut self.objects,
            places: &auto.places,
            trust: &self.trust,
            spare: &mut self.spare,
            costs: &auto.costs,
        };
        let answer = auto.life.emptied(number, auto.clock.now(), &mut scene);
        let wake = answer.wake;
        let mut flipped = false;
        for act in answer.acts {
            let Act::KeyOff(number) = *act else { continue };
            let Some((site, details)) = get(&mut self.objects, &auto.places, number) else {
                continue;
            };
            site.switch(false);
            if let Some(publisher) = self.patching.publisher() {
                // What is refused here is tried again by the next pass.
                // SAFETY: the engine's lock is held, and the objects stay loaded under it.
                let off = unsafe { publisher.switch_off(&details.keys) };
                details.on = !off;
                flipped |= off;
            }
        }
        if flipped && let Some(publisher) = self.patching.publisher() {
            publisher.settle();
        }
        self.lives_flipped();
        if wake {
            WAKE.fetch_add(1, Ordering::SeqCst);
            os::wake_all(&WAKE);
        }
        true
    }
}
