//! The default mode: each site has a [life](crate::life), which says when windows are
//! opened, which plans are entered and when they are left; here it is done.
//!
//! Passes do all of it. A calling thread that has used up what its site was given asks the
//! machine as well, and flips keys back by itself: no site stays in its arm until the next
//! pass. It may be anywhere, in an allocator for one, so it waits for nobody and allocates
//! nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use super::evidence::{Names, candidates, shown};
use super::outcome::{Retarget, RetargetError};
use super::state::{Details, Resting, Status};
use super::visit::describe;
use super::{Engine, LoadedObject, Patching};
use crate::calibrate::Calibration;
use crate::life::{Act, Block, By, Evidence, Life, NS, Now, Offer, Prices, Ps, Rules, State, US};
use crate::life::{LEASE, SEC, Sites, Way, Window};
use crate::os;
use crate::plan::auto::{self, Offered};
use crate::profile::Profile;
use crate::publish::{Batch, Head, PrepareError};
use crate::site::{Locked, Phase, Site, TRAMPOLINES};

/// Counts what calling threads have done that the worker should know of.
pub(crate) static WAKE: AtomicU32 = AtomicU32::new(0);

/// Windows that a site gets which nothing can be switched on for: its types are in the
/// report then.
const CURIOUS: u32 = 4;

/// The sites' lives.
pub(super) struct Auto {
    life: Life,
    /// By the machine's numbers.
    places: Vec<Option<Place>>,
    /// Small numbers of pages, by address.
    pages: HashMap<usize, u32>,
    costs: Calibration,
    clock: Clock,
}

/// Which site it is.
#[derive(Clone, Copy)]
struct Place {
    plugin: Option<u64>,
    index: usize,
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
        // Whatever another mode has left on goes off with this pass.
        details.status = Status::Resting(Resting::New);
        for one in &mut details.last_seen {
            one.in_chain = false;
            one.guard = None;
        }
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

/// What lives are told of time.
struct Clock {
    /// What both clocks said last, in nanoseconds.
    last: (i64, i64),
    /// What lives were told last.
    told: Now,
}

/// What they are told fits into picoseconds for 106 days; before that they begin anew.
const LONGEST: Ps = 90 * 24 * 3600 * SEC;

impl Clock {
    /// A clock of a life that begins now: what has gone by before is nothing to it.
    fn new() -> Self {
        Clock {
            last: os::clocks(),
            told: Now::default(),
        }
    }

    fn now(&mut self) -> Now {
        self.read(os::clocks())
    }

    fn read(&mut self, (wall, cpu): (i64, i64)) -> Now {
        let wall_since = wall.saturating_sub(self.last.0).max(0);
        // In a child of `fork` it begins at zero.
        let cpu_since = if cpu < self.last.1 {
            cpu
        } else {
            cpu - self.last.1
        };
        self.last = (wall, cpu);
        let wall_since = wall_since.saturating_mul(NS);
        self.told.wall = self.told.wall.saturating_add(wall_since);
        // Of many threads together it is far ahead, which nobody wants to know.
        let cpu_since = cpu_since.max(0).saturating_mul(NS).min(wall_since);
        self.told.cpu = self.told.cpu.saturating_add(cpu_since);
        self.told
    }

    fn is_late(&self) -> bool {
        self.told.wall >= LONGEST
    }
}

/// What the machine steers.
struct Scene<'a> {
    objects: &'a mut [LoadedObject],
    places: &'a [Option<Place>],
    trust: &'a super::trust::Trust,
    spare: &'a mut Vec<&'static Profile>,
    costs: &'a Calibration,
}

impl Scene<'_> {
    fn get(&mut self, number: usize) -> Option<(&'static Site, &mut Details)> {
        get(self.objects, self.places, number)
    }
}

fn get<'a>(
    objects: &'a mut [LoadedObject],
    places: &[Option<Place>],
    number: usize,
) -> Option<(&'static Site, &'a mut Details)> {
    let place = (*places.get(number)?)?;
    let object = objects.iter_mut();
    let mut object = object.filter(|object| object.plugin == place.plugin);
    let object = object.next()?;
    let details = object.details[place.index].as_deref_mut()?;
    Some((&object.sites[place.index], details))
}

impl Sites for Scene<'_> {
    fn swap(&mut self, number: usize, to: Block) -> Block {
        let Some((site, details)) = self.get(number) else {
            return Block::PLAIN;
        };
        // Whoever holds the lock notes a call, at most; in a signal handler it may be the
        // thread that was interrupted, and then its note is dropped.
        let lock = site.lock();
        let before = site.put(to);
        drop(lock);
        if before.way == Way::On {
            details.misses += u64::try_from(LEASE - before.left).unwrap_or(0);
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
    fn take(&self) -> Option<&'static Profile> {
        self.replace(None)
    }
}

impl Engine {
    /// A pass over the sites' lives.
    #[allow(
        clippy::too_many_lines,
        reason = "one batch, from what is asked to what came of it"
    )]
    pub(super) fn retarget_auto(&mut self, by: By) -> Result<Retarget, RetargetError> {
        let mut outcome = Retarget::default();
        let costs = self.calibrated();
        if self.auto.as_ref().is_some_and(|auto| auto.clock.is_late()) {
            self.leave_auto();
        }
        let auto = (self.auto).get_or_insert_with(|| Box::new(Auto::new(costs, Rules::STANDARD)));
        let can_patch = matches!(self.patching, Patching::Works(_));
        let mut batch = Batch::default();
        // Whose code could not be prepared.
        let mut unpatchable = Vec::new();
        for object in &mut self.objects {
            let plugin = object.plugin;
            for index in 0..object.sites.len() {
                outcome.sites += 1;
                let details = object.details_of(index);
                settle(auto, Place { plugin, index }, details, can_patch);
            }
        }
        let mut scene = Scene {
            objects: &mut self.objects,
            places: &auto.places,
            trust: &self.trust,
            spare: &mut self.spare,
            costs: &auto.costs,
        };
        let acts = auto.life.pass(by, auto.clock.now(), &mut scene).to_vec();
        let mut heads: Vec<(usize, Vec<Head>)> = Vec::new();
        let mut failed: Option<crate::os::PatchError> = None;
        for act in &acts {
            let number = number_of(*act);
            let is_open = matches!(auto.life.state(number), State::Open { .. });
            let Some((site, details)) = get(&mut self.objects, &auto.places, number) else {
                continue;
            };
            let publisher = match &mut self.patching {
                Patching::Works(publisher) => Some(publisher),
                Patching::Failed { .. } | Patching::Unavailable { .. } => None,
            };
            let prepared = match act {
                Act::Publish(_) => {
                    // While the key is off nobody looks there.
                    details.guard(site, &mut self.spare);
                    publisher.map_or(Ok(None), |publisher| {
                        details.prepare_plan(publisher, &mut batch)
                    })
                }
                Act::KeyOn(_) => {
                    let opened = if is_open {
                        details.open(site, &mut self.spare);
                        outcome.reopened += 1;
                        Some(())
                    } else {
                        outcome.published += 1;
                        None
                    };
                    site.switch(true);
                    publisher.map_or(Ok(None), |publisher| {
                        let rest = match opened {
                            // What a chain knows would be missing in a window.
                            Some(()) => details.prepare_rest(publisher, &mut batch)?,
                            None => None,
                        };
                        if !details.on {
                            publisher.prepare_keys(&details.keys, true, &mut batch)?;
                        }
                        details.on = true;
                        Ok(rest)
                    })
                }
                Act::KeyOff(_) => {
                    site.switch(false);
                    details.went_off(&mut outcome);
                    publisher.map_or(Ok(None), |publisher| {
                        if details.on {
                            publisher.prepare_keys(&details.keys, false, &mut batch)?;
                        }
                        details.on = false;
                        Ok(None)
                    })
                }
            };
            match prepared {
                Ok(Some(leads)) => heads.push((number, leads)),
                Ok(None) => {}
                Err(PrepareError::Patch(error)) if error.is_refusal() => {
                    failed.get_or_insert(error);
                }
                Err(error) => unpatchable.push((Some(describe(&error)), None, number)),
            }
        }
        // A calling thread could not flip these back.
        for object in &mut self.objects {
            let plugin = object.plugin;
            for (index, details) in object.details.iter().enumerate() {
                let Some(details) = details else { continue };
                let is_off = details.life.is_none_or(|number| {
                    matches!(auto.life.state(number), State::Off | State::Gone)
                });
                if details.on
                    && is_off
                    && let Patching::Works(publisher) = &mut self.patching
                    && publisher
                        .prepare_keys(&details.keys, false, &mut batch)
                        .is_ok()
                {
                    unpatchable.push((None, plugin, index));
                }
            }
        }
        let committed = match &mut self.patching {
            // SAFETY: the engine's lock is held; plugins are unloaded under it, after their
            // shims have been retargeted away.
            Patching::Works(publisher) if !batch.is_empty() => unsafe { publisher.commit(&batch) },
            _ => Ok(()),
        };
        let flipped_below = committed
            .as_ref()
            .map_or_else(|error| error.flipped_below, |()| usize::MAX);
        for (number, leads) in heads {
            let Some((_, details)) = get(&mut self.objects, &auto.places, number) else {
                continue;
            };
            for (trampoline, head) in details.trampolines.iter_mut().zip(leads) {
                if trampoline.at() < flipped_below {
                    trampoline.head = head;
                }
                if committed.is_err() {
                    trampoline.spoil_unless_entered();
                }
            }
        }
        if committed.is_err() {
            // Which keys were flipped is not worth asking: on or off, calls are right.
            for act in &acts {
                if let Some((_, details)) = get(&mut self.objects, &auto.places, number_of(*act)) {
                    details.on = true;
                }
            }
        }
        for (why, plugin, number) in unpatchable {
            match why {
                None if committed.is_err() => {}
                None => {
                    let mut objects = self.objects.iter_mut();
                    if let Some(object) = objects.find(|object| object.plugin == plugin) {
                        object.details_of(number).on = false;
                    }
                }
                Some(why) => {
                    if let Some((site, details)) = get(&mut self.objects, &auto.places, number) {
                        site.switch(false);
                        site.put(Block::PLAIN);
                        details.status = Status::Resting(Resting::Unpatchable(why));
                        auto.life.remove(number);
                        details.life = None;
                        auto.places[number] = None;
                    }
                }
            }
        }
        let at_rest = committed.err().map(|error| {
            let at_rest = error.source.at_rest.clone();
            failed.get_or_insert(error.source);
            at_rest
        });
        let mut scene = Scene {
            objects: &mut self.objects,
            places: &auto.places,
            trust: &self.trust,
            spare: &mut self.spare,
            costs: &auto.costs,
        };
        auto.life.flipped(auto.clock.now(), &mut scene);
        if let Some(error) = failed {
            if let Some(at_rest) = at_rest {
                self.see_at_rest(&at_rest);
            }
            self.leave_auto();
            return Err(self.fail(error));
        }
        for object in &self.objects {
            for details in object.details.iter().flatten() {
                let Some(number) = details.life else {
                    let is_absent = details.status == Status::Resting(Resting::Absent);
                    outcome.skipped.never_called += usize::from(is_absent);
                    continue;
                };
                if matches!(auto.life.state(number), State::Open { .. }) {
                    outcome.skipped.learning += 1;
                }
            }
        }
        let counted = outcome.skipped.total() + outcome.published + outcome.switched_off;
        outcome.unchanged = outcome.sites.saturating_sub(counted);
        // Where windows were opened, sites are learning.
        outcome.changed = outcome.published + outcome.switched_off;
        Ok(outcome)
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
            for details in object.details.iter_mut().flatten() {
                let Some(number) = details.life else {
                    continue;
                };
                let evidence = auto.life.evidence(number);
                match auto.life.state(number) {
                    State::Open { .. } => details.status = Status::Learning,
                    State::On => details.show(evidence),
                    _ => details.show_plain(evidence, &auto.costs),
                }
            }
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
                if details.life.take().is_none() {
                    continue;
                }
                site.switch(false);
                if let Some(lock) = site.lock() {
                    self.spare.extend(lock.take());
                    lock.open(Phase::Resting, Block::PLAIN, None);
                }
                details.forget_life();
                if details.on
                    && let Patching::Works(publisher) = &mut self.patching
                    && publisher
                        .prepare_keys(&details.keys, false, &mut batch)
                        .is_ok()
                {
                    off.push((index, number));
                }
            }
        }
        if let Patching::Works(publisher) = &mut self.patching
            && !batch.is_empty()
        {
            // A refusal leaves keys on that lead to plain arms.
            // SAFETY: the engine's lock is held, and nothing is led anywhere.
            if unsafe { publisher.commit(&batch) }.is_err() {
                return;
            }
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
        for object in &self.objects {
            let distance = address.wrapping_sub(object.sites.as_ptr().addr());
            let index = distance / size_of::<Site>();
            if let Some(Some(details)) = object.details.get(index) {
                number = details.life;
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
            if let Patching::Works(publisher) = &mut self.patching {
                // What is refused here is tried again by the next pass.
                // SAFETY: the engine's lock is held, and the objects stay loaded under it.
                let off = unsafe { publisher.switch_off(&details.keys) };
                details.on = !off;
                flipped |= off;
            }
        }
        if flipped && let Patching::Works(publisher) = &mut self.patching {
            publisher.settle();
        }
        let mut scene = Scene {
            objects: &mut self.objects,
            places: &auto.places,
            trust: &self.trust,
            spare: &mut self.spare,
            costs: &auto.costs,
        };
        auto.life.flipped(auto.clock.now(), &mut scene);
        if wake {
            WAKE.fetch_add(1, Ordering::SeqCst);
            os::wake_all(&WAKE);
        }
        true
    }
}

fn number_of(act: Act) -> usize {
    match act {
        Act::Publish(number) | Act::KeyOn(number) | Act::KeyOff(number) => number,
    }
}

/// Gives a site a life, or takes it, by whether anything could be switched on there.
fn settle(auto: &mut Auto, place: Place, details: &mut Details, can_patch: bool) {
    let may_live = !matches!(
        details.status,
        Status::Resting(Resting::Absent | Resting::Unpatchable(_))
    ) && (can_patch || !TRAMPOLINES);
    if !may_live {
        if TRAMPOLINES && !can_patch && details.status == Status::Resting(Resting::New) {
            details.status = Status::Resting(Resting::Portable);
        }
        return;
    }
    let can_gain = details.route.is_none()
        || details.listed().is_some()
        || auto::chains_pay(&auto.costs, details.capacity());
    let is_known = !can_gain && details.windows >= CURIOUS;
    match details.life {
        None if !is_known => auto.add(place, details),
        Some(number) if is_known && auto.life.state(number) == State::Off => auto.remove(details),
        _ => {}
    }
}

/// An empty profile.
fn fresh(spare: &mut Vec<&'static Profile>) -> &'static Profile {
    spare
        .pop()
        .unwrap_or_else(|| Box::leak(Box::new(Profile::new())))
}

impl Details {
    /// How many targets a chain may have.
    fn capacity(&self) -> usize {
        if !TRAMPOLINES {
            return 0;
        }
        let method = self.route.and_then(|route| {
            let methods = route.declaration.methods();
            methods.get(route.method)
        });
        method.map_or(0, crate::registry::MethodDeclaration::targets)
    }

    /// A window: nothing is caught, and all is noted.
    fn open(&mut self, site: &'static Site, spare: &mut Vec<&'static Profile>) {
        self.published = None;
        if let Some(guards) = self.listed() {
            // SAFETY: nothing is switched on.
            unsafe { site.guard(guards, &[]) };
        }
        self.unloads_at_opening = os::objects::unload_count();
        let profile = fresh(spare);
        if let Some(lock) = site.lock() {
            lock.live();
            spare.extend(lock.replace(Some(profile)));
        }
    }

    /// Switches the guards of the plan on that was offered, and has its misses noted.
    fn guard(&mut self, site: &'static Site, spare: &mut Vec<&'static Profile>) {
        let Some(offered) = &self.offered else { return };
        let on: Vec<_> = offered
            .plan
            .guards
            .iter()
            .map(|guard| (guard.key, guard.target.vtable))
            .collect();
        if let Some(guards) = self.listed() {
            // SAFETY: `evidence::candidates` has taken the positions from `Guards::key_of`
            // for the tables of these vtables, which lie in the site's own object.
            unsafe { site.guard(guards, &on) };
        }
        self.unloads_at_opening = os::objects::unload_count();
        if let Some(lock) = site.lock() {
            lock.live();
            if lock.profile().is_none() {
                lock.replace(Some(fresh(spare)));
            }
        }
        self.published = Some(offered.clone());
    }

    /// Adds to the batch what leads the trampolines to the offered plan's chain.
    fn prepare_plan(
        &mut self,
        publisher: &mut crate::publish::Publisher,
        batch: &mut Batch,
    ) -> Result<Option<Vec<Head>>, PrepareError> {
        let chain = match &self.offered {
            Some(offered) => &offered.plan.chain,
            None => return Ok(None),
        };
        if chain.is_empty() {
            return self.prepare_rest(publisher, batch);
        }
        publisher
            .prepare_all(&mut self.trampolines, chain, batch)
            .map(Some)
    }

    /// Adds to the batch what puts the heads to rest, if they are not.
    fn prepare_rest(
        &mut self,
        publisher: &mut crate::publish::Publisher,
        batch: &mut Batch,
    ) -> Result<Option<Vec<Head>>, PrepareError> {
        if self.trampolines.iter().all(|one| one.head == Head::Rest) {
            return Ok(None);
        }
        publisher
            .prepare_all(&mut self.trampolines, &[], batch)
            .map(Some)
    }

    fn went_off(&mut self, outcome: &mut Retarget) {
        if self.published.take().is_some() {
            outcome.switched_off += 1;
            self.retargets += 1;
        }
    }

    fn forget_life(&mut self) {
        self.offered = None;
        self.published = None;
        self.status = Status::Resting(Resting::New);
        self.wait = 0;
    }

    /// What is on.
    fn show(&mut self, evidence: &Evidence) {
        let Some(published) = &self.published else {
            return;
        };
        self.status = Status::Published(published.figures(evidence));
        self.last_seen = self.seen(evidence, Some(published));
    }

    /// What was met while nothing is on.
    fn show_plain(&mut self, evidence: &Evidence, costs: &Calibration) {
        self.last_seen = self.seen(evidence, None);
        if evidence.weight() == 0.0 {
            return;
        }
        let known = self.known.iter().map(|(one, _)| one);
        let why = auto::why_plain(known, evidence, self.listed().is_some(), costs);
        self.status = Status::Resting(Resting::Lives(why));
    }

    fn seen(&self, evidence: &Evidence, offered: Option<&Offered>) -> Vec<super::state::Published> {
        let plan = offered.map_or_else(Default::default, |offered| offered.plan.clone());
        let names: Names = self
            .known
            .iter()
            .map(|(one, name)| (one.target.vtable, *name))
            .collect();
        let all = evidence.weight().max(1.0);
        let known = self.known.iter().filter_map(|(one, _)| {
            let share = evidence.share(one.target.vtable)?;
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of some thousands"
            )]
            let count = (share * all * 8.0).round() as u32;
            Some(crate::plan::Candidate { count, ..*one })
        });
        let known: Vec<_> = known.collect();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some thousands"
        )]
        let samples = (all * 8.0).round() as u32;
        shown(&known, samples, &plan, &names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_tells_what_has_gone_by_and_no_more_of_processors_than_of_the_wall() {
        let mut clock = Clock {
            last: (i64::MAX / 2, 1_000),
            told: Now::default(),
        };
        let mut read = |wall: i64, cpu| {
            let now = clock.read((i64::MAX / 2 + wall, cpu));
            (now.wall / NS, now.cpu / NS)
        };
        assert_eq!(read(500, 1_200), (500, 200));
        // Many threads.
        assert_eq!(read(600, 9_000), (600, 300));
        // A child of `fork`.
        assert_eq!(read(700, 60), (700, 360));
        // Neither goes back.
        assert_eq!(read(650, 61), (700, 360));
        assert!(!clock.is_late());
        clock.read((i64::MAX, 100));
        assert!(clock.is_late());
    }
}
