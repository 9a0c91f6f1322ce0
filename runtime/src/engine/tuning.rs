//! What `runtime::tune` does to call sites: calls are counted, windows opened, and plans
//! switched on and off in turns. Meanwhile passes decide nothing.

#![allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]

use super::Engine;
use super::evidence::{Names, candidates};
use super::outcome::RetargetError;
use super::resumed::Resumed;
use super::state::{Details, Resting, Status};
use super::steps::{fresh, guards_off, guards_on};
use crate::arch::Target;
use crate::config::Mode;
use crate::engine::LoadedObject;
use crate::life::{BURSTS, Block, GAPS, Way};
use crate::os::objects;
use crate::plan::{Candidate, Guard};
use crate::publish::{Batch, PrepareError};
use crate::registry::MethodDeclaration;
use crate::site::{Phase, Site, VTABLES};
use crate::tune::Plan;

/// Which site it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) plugin: Option<u64>,
    pub(crate) index: usize,
}

/// One thing that is switched on and off.
#[derive(Clone, Debug)]
pub(crate) struct Switch {
    pub(crate) place: Place,
    /// The guards of one listed type; or none.
    pub(crate) guards: Vec<Guard>,
    /// Or a chain.
    pub(crate) chain: Vec<Target>,
    /// The types' names, each with its share of the site's calls.
    pub(crate) types: Vec<(String, f32)>,
}

/// A site that was called.
#[derive(Clone, Debug)]
pub(crate) struct Met {
    pub(crate) place: Place,
    /// File, line, column, and a number where several stand there.
    pub(crate) location: (&'static str, u32, u32, Option<u32>),
    pub(crate) method: &'static str,
    pub(crate) trait_name: String,
    /// Calls while they were counted.
    pub(crate) calls: u64,
    /// The types that were met with their shares, the most frequent first.
    pub(crate) types: Vec<(String, f32)>,
    /// Why there is nothing to try.
    pub(crate) untried: Option<Untried>,
}

/// Why nothing is tried at a site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Untried {
    /// All its calls together take too little of the time.
    Seldom,
    /// No type is frequent enough for a chain.
    Mixed,
    /// It lists nothing that is met, and code is not patched.
    Portable,
    /// There are hotter ones, as many as are tried at once.
    TooMany,
    /// Its key or trampoline cannot be patched.
    Unpatchable,
}

/// Why `tune` cannot begin.
#[derive(Debug)]
pub(crate) enum CannotTune {
    Off,
    Busy,
    Refused(RetargetError),
}

/// A share of the calls that is worth a guard.
const LEAST_GUARDED: f32 = 0.02;
/// And a place in a chain; and what that must cover.
const LEAST_CHAINED: f32 = 0.1;
const LEAST_COVERED: f32 = 0.45;
/// Nanoseconds that a call can save; what takes less than a thousandth of the time that way
/// is not tried.
const SAVED: f64 = 2.0;
const LEAST_TIME: f64 = 0.001;
/// Switches that are tried together.
const MOST_SWITCHES: usize = 24;

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

    /// What there is to try, from what the windows have noted. `seconds` is what the time
    /// took in which calls were counted.
    pub(crate) fn switches(&mut self, counted: &[(Place, u64)], seconds: f64) -> Vec<Met> {
        let mut met = Vec::new();
        let mut switches: Vec<(u64, Switch)> = Vec::new();
        let can_patch = self.patching.publisher().is_some();
        let Engine { objects, trust, .. } = self;
        for object in objects.iter_mut() {
            let plugin = object.plugin;
            let numbers = numbers(object.sites);
            for (index, details) in object.details.iter_mut().enumerate() {
                let (site, place) = (&object.sites[index], Place { plugin, index });
                let calls = counted.iter().find(|(one, _)| *one == place);
                let (Some(&(_, calls)), Some(details)) = (calls, details) else {
                    continue;
                };
                let mut names = Names::new();
                let (seen, samples) = noted(site, details, trust, &mut names);
                let tried = switches_of(details, place, &seen, samples, &names, can_patch);
                let is_seldom = calls as f64 * SAVED * 1e-9 < LEAST_TIME * seconds;
                let untried = match tried {
                    _ if is_seldom => Some(Untried::Seldom),
                    Ok(tried) => {
                        switches.extend(tried.into_iter().map(|one| (calls, one)));
                        None
                    }
                    Err(why) => Some(why),
                };
                let mut types = Vec::new();
                for one in &seen {
                    let name = name_of(&names, one.target.vtable);
                    let share = share(one.count, samples);
                    // Several vtables of one type are one.
                    match types.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, of)) => *of += share,
                        None => types.push((name, share)),
                    }
                }
                types.sort_by(|a: &(String, f32), b| b.1.total_cmp(&a.1));
                let route = details.route;
                met.push(Met {
                    place,
                    location: (site.file(), site.line(), site.column(), numbers[index]),
                    method: site.method(),
                    trait_name: route.map_or_else(String::new, |route| {
                        let of = route.declaration;
                        format!("{}::{}", of.module(), of.name())
                    }),
                    calls,
                    types,
                    untried,
                });
            }
        }
        switches.sort_by_key(|(calls, _)| std::cmp::Reverse(*calls));
        for (_, dropped) in switches.split_off(switches.len().min(MOST_SWITCHES)) {
            let of = met.iter_mut().filter(|one| one.place == dropped.place);
            of.for_each(|one| one.untried = Some(Untried::TooMany));
        }
        let mut switches: Vec<_> = switches.into_iter().map(|(_, one)| one).collect();
        // Those of one site that is tried in part are not tried at all.
        switches.retain(|one| {
            let is_left = |met: &Met| met.place == one.place && met.untried.is_some();
            !met.iter().any(is_left)
        });
        met.sort_by_key(|one| std::cmp::Reverse(one.calls));
        if let Some(tuning) = &mut self.tuning {
            tuning.switches = switches;
        }
        met
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

/// The site, and what is known of it.
pub(super) fn find(
    objects: &mut [LoadedObject],
    place: Place,
) -> Option<(&'static Site, &mut Details)> {
    let mut objects = objects.iter_mut();
    let object = objects.find(|object| object.plugin == place.plugin)?;
    let details = object.details.get_mut(place.index)?.as_deref_mut()?;
    Some((&object.sites[place.index], details))
}

/// The number of each site among those at the same line and column, where there are several,
/// as the report counts them.
pub(super) fn numbers(sites: &'static [Site]) -> Vec<Option<u32>> {
    let place = |site: &Site| (site.file(), site.line(), site.column());
    let mut order: Vec<usize> = (0..sites.len()).collect();
    order.sort_by_key(|index| (place(&sites[*index]), *index));
    let mut numbers = vec![None; sites.len()];
    for together in order.chunk_by(|one, other| place(&sites[*one]) == place(&sites[*other])) {
        if together.len() > 1 {
            for (number, index) in (1..).zip(together) {
                numbers[*index] = Some(number);
            }
        }
    }
    numbers
}

/// Takes what a site's windows have noted.
fn noted(
    site: &Site,
    details: &mut Details,
    trust: &super::trust::Trust,
    names: &mut Names,
) -> (Vec<Candidate>, u32) {
    let nothing = (Vec::new(), 0);
    let Some(lock) = site.lock() else {
        return nothing;
    };
    let Some(profile) = lock.profile() else {
        return nothing;
    };
    // SAFETY: the site's lock is held until the last use of `notes`.
    let notes = unsafe { profile.notes() };
    if details.route.is_none() {
        details.route = site.route();
    }
    let Some(route) = details.route else {
        return nothing;
    };
    let unloads = details.unloads_at_opening;
    let seen = candidates(notes, route, details, unloads, trust, names).unwrap_or_default();
    let samples = notes.samples;
    notes.clear();
    (seen, samples)
}

/// What can be tried at a site: the guards of each listed type that is met, or a chain where
/// none is.
fn switches_of(
    details: &Details,
    place: Place,
    seen: &[Candidate],
    samples: u32,
    names: &Names,
    can_patch: bool,
) -> Result<Vec<Switch>, Untried> {
    let mut switches: Vec<Switch> = Vec::new();
    let mut seen = seen.to_vec();
    seen.sort_by_key(|one| (std::cmp::Reverse(one.count), one.target.vtable));
    for one in &seen {
        let Some(key) = one.key else { continue };
        let guard = Guard {
            key,
            target: one.target,
        };
        let share = share(one.count, samples);
        let known = switches
            .iter_mut()
            .find(|switch| switch.guards[0].key == key);
        match known {
            Some(known) if known.guards.len() < VTABLES => {
                known.guards.push(guard);
                known.types[0].1 += share;
            }
            Some(_) => {}
            None => switches.push(Switch {
                place,
                guards: vec![guard],
                chain: Vec::new(),
                types: vec![(name_of(names, one.target.vtable), share)],
            }),
        }
    }
    switches.retain(|one| one.types[0].1 >= LEAST_GUARDED);
    if !switches.is_empty() {
        return Ok(switches);
    }
    let method = details.route.and_then(|route| {
        let methods = route.declaration.methods();
        methods.get(route.method)
    });
    let capacity = method.map_or(0, MethodDeclaration::targets);
    if !can_patch || capacity == 0 {
        return Err(Untried::Portable);
    }
    seen.truncate(capacity);
    seen.retain(|one| share(one.count, samples) >= LEAST_CHAINED);
    let covered: f32 = seen.iter().map(|one| share(one.count, samples)).sum();
    if seen.is_empty() || covered < LEAST_COVERED {
        return Err(Untried::Mixed);
    }
    let of_type = |one: &Candidate| (name_of(names, one.target.vtable), share(one.count, samples));
    Ok(vec![Switch {
        place,
        guards: Vec::new(),
        chain: seen.iter().map(|one| one.target).collect(),
        types: seen.iter().map(of_type).collect(),
    }])
}

fn name_of(names: &Names, vtable: usize) -> String {
    let name = names.iter().find(|(of, _)| *of == vtable);
    name.map_or("?", |(_, name)| *name).to_owned()
}

fn share(count: u32, samples: u32) -> f32 {
    count as f32 / samples.max(1) as f32
}
