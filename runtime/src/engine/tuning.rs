//! What `runtime::tune` does to call sites: calls are counted, windows opened, and plans
//! switched on and off in turns. Meanwhile passes decide nothing.

#![allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]

use super::Engine;
use super::outcome::RetargetError;
use super::places::{Place, find};
use super::resumed::Resumed;
use super::state::{Details, Resting, Status};
use super::steps::{fresh, guards_off, guards_on};
use crate::arch::Target;
use crate::config::Mode;
use crate::measured::Plan;
use crate::os::objects;
use crate::publish::{Batch, PrepareError};
use crate::site::{Phase, Site};
use crate::window::{BURSTS, Block, GAPS, Way};

mod tried;

pub(crate) use tried::{Met, Switch, Untried};

/// Why `tune` cannot begin.
#[derive(Debug)]
pub(crate) enum CannotTune {
    Off,
    Busy,
    Refused(RetargetError),
}

/// The state of a run of `tune`.
pub(super) struct Tuning {
    /// A child of `fork` has no such run.
    process: u32,
    switches: Vec<Switch>,
    /// What was on before, to be resumed.
    resumed: Vec<Resumed>,
}

impl Engine {
    /// Whether passes leave everything alone. In a child of `fork`, where nobody goes on with
    /// it, the run is over.
    pub(super) fn is_tuning(&mut self) -> bool {
        match &self.tuning {
            Some(tuning) if tuning.process == std::process::id() => true,
            Some(_) => {
                self.stop_tuning();
                false
            }
            None => false,
        }
    }

    /// Every site plain, its key off.
    pub(crate) fn begin_tuning(&mut self) -> Result<(), CannotTune> {
        if self.is_tuning() {
            return Err(CannotTune::Busy);
        }
        let mode = self.mode();
        if mode == Mode::Off {
            return Err(CannotTune::Off);
        }
        let resumed = self.running_plans();
        self.leave_auto();
        self.tuning = Some(Box::new(Tuning {
            process: std::process::id(),
            switches: Vec::new(),
            resumed,
        }));
        self.each(|_, _, details| {
            if matches!(details.status, Status::Published(_) | Status::Learning) {
                details.status = Status::Resting(Resting::New);
            }
            for one in &mut details.last_seen {
                one.in_chain = false;
                one.guard = None;
            }
        });
        self.put_all(|_| false, &mut |_| Block::PLAIN)
            .map_err(|error| {
                self.stop_tuning();
                CannotTune::Refused(error)
            })
    }

    /// Counts the calls of all sites from here on.
    pub(crate) fn count_calls(&mut self) -> Result<(), RetargetError> {
        let count = Block::simple(Way::Gap, i32::MAX);
        self.put_all(|_| true, &mut |_| count)
    }

    /// How many calls came by at each, since they are counted.
    pub(crate) fn counted(&mut self) -> Vec<(Place, u64)> {
        let mut counted = Vec::new();
        self.each(|place, site, _| {
            let block = site.block();
            let calls = match block.way {
                Way::Gap => i64::from(i32::MAX) - i64::from(block.left),
                // All of them were made.
                _ if site.is_on() => i64::from(i32::MAX),
                _ => 0,
            };
            if calls > 0 {
                counted.push((place, calls.unsigned_abs()));
            }
        });
        counted
    }

    /// Windows at these sites, and nowhere else.
    pub(crate) fn open_windows(&mut self, at: &[Place], seed: u16) -> Result<(), RetargetError> {
        let mut seed = seed | 1;
        let mut window = |place| {
            if !at.contains(&place) {
                return Block::PLAIN;
            }
            seed = seed.wrapping_mul(25_173).wrapping_add(13_849) | 1;
            Block::window(BURSTS, GAPS, seed)
        };
        let unloads = objects::unload_count();
        let mut opened = Vec::new();
        self.each(|place, site, details| {
            if at.contains(&place) && site.lock().is_some_and(|lock| lock.profile().is_none()) {
                details.unloads_at_opening = unloads;
                opened.push(site);
            }
        });
        for site in opened {
            let profile = fresh(&mut self.spare);
            if let Some(lock) = site.lock() {
                self.spare.extend(lock.replace(Some(profile)));
            }
        }
        self.put_all(|place| at.contains(&place), &mut window)
    }

    /// What is switched, once that is known.
    pub(crate) fn tried(&self) -> &[Switch] {
        self.tuning.as_ref().map_or(&[], |tuning| &tuning.switches)
    }

    /// Leaves out switches that cannot be switched, and has misses noted as they are by
    /// plans that are on. Returns the places of those left out.
    pub(crate) fn ready(&mut self) -> Result<Vec<Place>, RetargetError> {
        let all = self.tried().to_vec();
        let mut unpatchable = Vec::new();
        for one in &all {
            let mut batch = Batch::default();
            let place = one.place;
            let prepared = self.prepare_plan(place, Some(&[one]), &mut batch);
            match prepared {
                // Committed, or a trampoline would be thought filled.
                Ok(change) => self.commit_prepared(change, &batch)?,
                Err(PrepareError::Patch(error)) if error.is_refusal() => {
                    return Err(self.fail(error));
                }
                Err(_) => unpatchable.push(place),
            }
        }
        if let Some(tuning) = &mut self.tuning {
            let works = |one: &Switch| !unpatchable.contains(&one.place);
            tuning.switches.retain(works);
        }
        let places: Vec<_> = self.tried().iter().map(|one| one.place).collect();
        let misses = Block::simple(Way::On, i32::MAX);
        self.put_all(|_| false, &mut |place| {
            if places.contains(&place) {
                misses
            } else {
                Block::PLAIN
            }
        })?;
        Ok(unpatchable)
    }

    /// Switches these on, and all others off, in one batch.
    pub(crate) fn set_switches(&mut self, on: &[bool]) -> Result<(), RetargetError> {
        let Some(tuning) = self.tuning.as_deref_mut() else {
            return Ok(());
        };
        let switches = std::mem::take(&mut tuning.switches);
        let result = self.set(&switches, on);
        if let Some(tuning) = self.tuning.as_deref_mut() {
            tuning.switches = switches;
        }
        result
    }

    fn set(&mut self, switches: &[Switch], on: &[bool]) -> Result<(), RetargetError> {
        let mut batch = Batch::default();
        let mut changes = Vec::new();
        let of = |place: Place| {
            let these = switches.iter().zip(on);
            these.filter(move |(one, _)| one.place == place)
        };
        for (at, switch) in switches.iter().enumerate() {
            let place = switch.place;
            if switches[..at].iter().any(|one| one.place == place) {
                continue;
            }
            let these: Vec<_> = of(place)
                .filter(|(_, on)| **on)
                .map(|(one, _)| one)
                .collect();
            let wanted = (!these.is_empty()).then_some(&these[..]);
            match self.prepare_plan(place, wanted, &mut batch) {
                Ok(change) => changes.extend(change),
                Err(PrepareError::Patch(error)) if error.is_refusal() => {
                    return Err(self.fail(error));
                }
                // It was possible before. Whatever has changed, the call is right.
                Err(_) => {}
            }
        }
        self.commit_prepared(changes, &batch)
    }

    /// Switches a site's guards, and adds to the batch what its code needs.
    fn prepare_plan(
        &mut self,
        place: Place,
        wanted: Option<&[&Switch]>,
        batch: &mut Batch,
    ) -> Result<Option<Change>, PrepareError> {
        let Engine {
            objects, patching, ..
        } = self;
        let Some((site, details)) = find(objects, place) else {
            return Ok(None);
        };
        let on = wanted.is_some();
        site.switch(on);
        let mut heads = None;
        let mut publisher = patching.publisher();
        if let Some(wanted) = wanted {
            let guards = wanted.iter().flat_map(|one| one.guards.iter().copied());
            guards_on(site, details, guards);
            let chain: Vec<_> = wanted.iter().flat_map(|one| one.chain.clone()).collect();
            if let Some(publisher) = &mut publisher {
                let all = &mut details.trampolines;
                heads = Some(publisher.prepare_all(all, &chain, batch)?);
            }
        }
        if let Some(publisher) = publisher
            && details.on != on
        {
            publisher.prepare_keys(&details.keys, on, batch)?;
        }
        Ok(Some(Change { place, heads, on }))
    }

    fn commit_prepared(
        &mut self,
        changes: impl IntoIterator<Item = Change>,
        batch: &Batch,
    ) -> Result<(), RetargetError> {
        let committed = self.commit(batch);
        let patches = self.patching.publisher().is_some();
        for change in changes {
            let Some((_, details)) = find(&mut self.objects, change.place) else {
                continue;
            };
            details.lead(change.heads.unwrap_or_default(), &committed);
            // Which keys were flipped is not worth asking: on or off, calls are right.
            if patches {
                details.on = change.on || committed.is_err();
            }
        }
        committed.map_err(|error| {
            self.see_at_rest(&error.source.at_rest);
            self.fail(error.source)
        })
    }

    /// All sites, with nothing to compare with: these on, the others off.
    fn put_all(
        &mut self,
        on: impl Fn(Place) -> bool,
        block: &mut dyn FnMut(Place) -> Block,
    ) -> Result<(), RetargetError> {
        let mut batch = Batch::default();
        let mut changes = Vec::new();
        let mut all = Vec::new();
        self.each(|place, site, details| {
            let is_absent = details.status == Status::Resting(Resting::Absent);
            if !is_absent {
                guards_off(site, details);
                all.push((place, site));
            }
        });
        for (place, site) in all {
            let nothing: &[&Switch] = &[];
            match self.prepare_plan(place, on(place).then_some(nothing), &mut batch) {
                Ok(change) => changes.extend(change),
                Err(PrepareError::Patch(error)) if error.is_refusal() => {
                    return Err(self.fail(error));
                }
                Err(_) => site.switch(false),
            }
            if let Some(lock) = site.lock() {
                let profile = lock.profile();
                lock.open(Phase::Watching, block(place), profile);
            }
        }
        self.commit_prepared(changes, &batch)
    }

    /// All sites.
    fn each(&mut self, mut of: impl FnMut(Place, &'static Site, &mut Details)) {
        for object in &mut self.objects {
            let plugin = object.plugin;
            for index in 0..object.sites.len() {
                let site = &object.sites[index];
                of(Place { plugin, index }, site, object.details_of(index));
            }
        }
    }

    /// A plugin goes while this runs.
    pub(super) fn forget_switches(&mut self, plugin: u64, range: &std::ops::Range<usize>) {
        self.resumed.retain(|one| !one.leads_into(plugin, range));
        let Some(tuning) = self.tuning.as_deref_mut() else {
            return;
        };
        for one in &mut tuning.switches {
            let stays =
                |target: &Target| !range.contains(&target.vtable) && !range.contains(&target.shim);
            one.guards.retain(|guard| stays(&guard.target));
            one.chain.retain(stays);
            if one.place.plugin == Some(plugin) {
                one.guards.clear();
                one.chain.clear();
            }
        }
        tuning.resumed.retain(|one| !one.leads_into(plugin, range));
    }

    /// Ends the run: everything is plain, and the next pass goes on with what was on before.
    fn stop_tuning(&mut self) -> Option<Box<Tuning>> {
        let tuning = self.tuning.take()?;
        // A refusal leaves keys on that lead to plain arms.
        let _ = self.put_all(|_| false, &mut |_| Block::PLAIN);
        let mut profiles = Vec::new();
        self.each(|_, site, details| {
            if let Some(lock) = site.lock() {
                profiles.extend(lock.close());
                lock.open(Phase::Resting, Block::PLAIN, None);
            }
            details.wait = 0;
        });
        for profile in profiles {
            // SAFETY: it was taken away from its site just now.
            unsafe { profile.notes() }.clear();
            self.spare.push(profile);
        }
        Some(tuning)
    }

    /// Ends the run, and goes on with the plan; or with what was on before.
    pub(crate) fn end_tuning(&mut self, plan: Option<Plan>) -> Result<(), RetargetError> {
        let Some(tuning) = self.stop_tuning() else {
            return Ok(());
        };
        match plan {
            Some(plan) => self.follow(plan, None),
            None => self.resumed = tuning.resumed,
        }
        self.retarget(crate::life::By::Program).map(|_| ())
    }
}

/// A site that is about to be switched.
struct Change {
    place: Place,
    heads: Option<Vec<crate::publish::Head>>,
    on: bool,
}
