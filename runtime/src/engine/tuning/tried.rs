//! What there is to try: one switch for each listed type that a site meets, or a chain.

use super::super::Engine;
use super::super::evidence::{Names, candidates};
use super::super::places::{Place, numbers};
use super::super::state::Details;
use super::super::trust::Trust;
use crate::arch::Target;
use crate::plan::{Candidate, Guard};
use crate::site::{Site, VTABLES};

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

impl Engine {
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
}

/// Takes what a site's windows have noted.
fn noted(
    site: &Site,
    details: &mut Details,
    trust: &Trust,
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
    let capacity = details.capacity();
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
