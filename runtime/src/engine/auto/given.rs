//! Plans that are given: by a file, or by `tune`. Where one is, it decides: no windows are
//! opened, nothing is calibrated, and what it does not name stays plain.
//!
//! A plan names types, and sites compare with vtables. So a site that is planned goes on at
//! once, and whatever misses it is looked at: after the first miss, the third, the seventh,
//! and so on, all within the lease of misses that is paid ahead. The calling thread switches
//! guards on by itself. Chains are written by the next pass.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "shares, and picoseconds far below 2^53"
)]

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::{Auto, Place, WAKE};
use crate::arch::Target;
use crate::calibrate::Calibration;
use crate::config::Mode;
use crate::engine::outcome::{Retarget, RetargetError};
use crate::engine::resumed::Resumption;
use crate::engine::state::{Details, Published, Resting, Status};
use crate::engine::steps::{close, rest};
use crate::engine::trust::{Trust, Trusted};
use crate::engine::tuning::numbers;
use crate::engine::{Engine, LoadedObject};
use crate::life::{Block, By, Evidence, LEASE, Offer, Past, Ps, SEC, State, Way};
use crate::os;
use crate::plan::auto::{self, Offered};
use crate::plan::{Candidate, Figures, Guard, Plan as Compares};
use crate::profile::Notes;
use crate::publish::Batch;
use crate::registry::Table;
use crate::site::{Site, TRAMPOLINES, VTABLES};
use crate::tune::{ApplyError, Plan, PlanEntry, PlanKind, short_path};

/// The plan that decides.
pub(in crate::engine) struct Follows {
    plan: Plan,
    /// Where it is from, if from a file.
    source: Option<String>,
    /// Its entries by place.
    places: HashMap<(String, u32, u32), Vec<usize>>,
    /// Of each, whether a site was found.
    fits: Vec<bool>,
}

impl Follows {
    fn new(plan: Plan, source: Option<String>) -> Self {
        let mut places: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, entry) in plan.entries.iter().enumerate() {
            let at = (short_path(&entry.file).to_owned(), entry.line, entry.column);
            places.entry(at).or_default().push(index);
        }
        Follows {
            fits: vec![false; plan.entries.len()],
            places,
            source,
            plan,
        }
    }

    /// The entry of a site.
    fn entry(&self, site: &Site, number: Option<u32>) -> Option<usize> {
        let at = (
            short_path(site.file()).to_owned(),
            site.line(),
            site.column(),
        );
        let fits = |index: &&usize| {
            let entry = &self.plan.entries[**index];
            entry.method == site.method() && entry.number == number
        };
        self.places.get(&at)?.iter().find(fits).copied()
    }
}

/// What became of a plan that decides.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct FollowedPlan {
    /// The file it is from, if from one.
    pub source: Option<String>,
    /// The program that it was measured in.
    pub program: String,
    /// How many sites it names.
    pub entries: usize,
    /// Where no site was found for an entry: `file:line:column method`. The source has moved,
    /// the site is of a plugin that is not loaded, or the plan is another program's.
    pub misfits: Vec<String>,
    /// Types that were not met yet, each with its site.
    pub waiting: Vec<(String, String)>,
    /// Types that the source does not list any more, each with its site.
    pub unlisted: Vec<(String, String)>,
}

impl std::fmt::Display for FollowedPlan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let source = self.source.as_deref().unwrap_or("tuned in this process");
        write!(formatter, "plan: {source}: {} sites", self.entries)?;
        if !self.program.is_empty() && self.misfits.len() == self.entries && self.entries > 0 {
            write!(formatter, ", measured in `{}`", self.program)?;
        }
        let mut say = |what: &str, all: Vec<String>| {
            if all.is_empty() {
                return Ok(());
            }
            let more = match all.len().saturating_sub(SAID) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let some = all[..all.len().min(SAID)].join(", ");
            write!(formatter, "; {what}: {some}{more}")
        };
        let of = |all: &[(String, String)]| {
            let all = all.iter();
            all.map(|(site, name)| format!("{name} at {site}"))
                .collect()
        };
        say("no site there", self.misfits.clone())?;
        say("not met yet", of(&self.waiting))?;
        say("not listed there", of(&self.unlisted))
    }
}

/// As many are named in a line of the report.
const SAID: usize = 4;

/// Vtables that one site may know by a plan.
const MOST_MET: usize = 16;

/// Whether the plan was asked about a site.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Asked {
    No,
    Yes,
}

/// What a site is to do by the plan, and what it has met of it.
pub(in crate::engine) struct Given {
    entry: usize,
    types: Vec<Named>,
    kind: PlanKind,
    ratio: f64,
    calls_per_second: f64,
    met: [Option<MetType>; MOST_MET],
    /// What is new since a pass has looked.
    news: bool,
    /// What is left of the first lease, and what is put at once.
    split: i32,
    portion: i32,
    /// Misses of it that are in the report already.
    counted: i32,
}

struct Named {
    name: String,
    share: f64,
    met: bool,
    /// The site does not list it.
    unlisted: bool,
}

#[derive(Clone, Copy)]
struct MetType {
    target: Target,
    table: &'static Table,
    key: Option<usize>,
    named: usize,
}

/// Lets a plan decide, at once, if any of it is of this program.
pub(crate) fn apply(plan: Plan, source: Option<String>) -> Result<FollowedPlan, ApplyError> {
    crate::tune::from_environment();
    crate::engine::with(|engine| engine.follow_if_it_fits(plan, source))?;
    crate::engine::retarget(By::Program).map_err(ApplyError::Refused)?;
    Ok(crate::engine::with(|engine| engine.followed()).unwrap_or_default())
}

/// Lets windows decide again.
pub(crate) fn forget_plan() -> Result<Retarget, RetargetError> {
    crate::engine::with(Engine::unfollow);
    crate::engine::retarget(By::Program)
}

impl Given {
    fn new(entry: usize, of: &PlanEntry) -> Self {
        let types = of.types.iter();
        Given {
            entry,
            types: types
                .map(|one| Named {
                    name: one.name.clone(),
                    share: f64::from(one.share),
                    met: false,
                    unlisted: false,
                })
                .collect(),
            kind: of.kind,
            ratio: of.ratio,
            calls_per_second: of.calls_per_second,
            met: [None; MOST_MET],
            news: true,
            split: 0,
            portion: 0,
            counted: 0,
        }
    }

    /// Whether a type is still to come.
    pub(super) fn waits(&self) -> bool {
        self.types.iter().any(|one| !one.met && !one.unlisted)
    }

    /// Takes a vtable, if its type is named. Without allocation.
    fn meet(&mut self, vtable: usize, table: &'static Table, details: &Details) {
        let Some(route) = details.route else { return };
        let known = |one: &&MetType| one.target.vtable == vtable;
        if !table.declaration().is_same(route.declaration)
            || self.met.iter().flatten().any(|one| known(&one))
        {
            return;
        }
        let name = table.type_name();
        let named = self.types.iter().position(|one| one.name == name);
        let (Some(named), Some(shim)) = (named, table.shim(route.method)) else {
            return;
        };
        let key = details.position_of(table);
        let full = match self.kind {
            PlanKind::Inline => {
                if key.is_none() {
                    // What lies in another object cannot be inlined here, listed or not.
                    self.types[named].unlisted = !self.types[named].met;
                    return;
                }
                let same = self.met.iter().flatten().filter(|one| one.key == key);
                same.count() == VTABLES
            }
            PlanKind::Chain => self.met.iter().flatten().count() >= details.capacity(),
        };
        if full {
            return;
        }
        if let Some(free) = self.met.iter_mut().find(|one| one.is_none()) {
            *free = Some(MetType {
                target: Target { vtable, shim },
                table,
                key,
                named,
            });
            self.types[named].met = true;
            self.types[named].unlisted = false;
            self.news = true;
        }
    }

    /// What was noted of misses. Without allocation.
    fn meet_noted(&mut self, notes: &Notes, details: &Details, trust: &Trust) {
        let unloads = details.unloads_at_opening;
        for seen in notes.seen() {
            let stays = |address| trust.stays(address, unloads) == Trusted::Yes;
            if stays(seen.vtable) && stays(seen.table.addr()) {
                // SAFETY: the table's object is loaded and stays: `trust` has just said so.
                let table: &'static Table = unsafe { &*seen.table };
                self.meet(seen.vtable, table, details);
            }
        }
    }

    /// Switches the guards on of what was met. Without allocation.
    fn guard(&self, site: &Site, details: &Details) {
        let (Some(guards), PlanKind::Inline) = (details.listed(), self.kind) else {
            return;
        };
        let mut on = [(0, 0); MOST_MET];
        let mut count = 0;
        for one in self.met.iter().flatten() {
            if let Some(key) = one.key {
                on[count] = (key, one.target.vtable);
                count += 1;
            }
        }
        // SAFETY: `listed` are the guards of the site's route; `meet` has taken the positions
        // from `position_of` for the tables of these vtables, which lie in the site's own
        // object.
        unsafe { site.guard(guards, &on[..count]) };
    }

    /// What is known by now, as a plan.
    fn offered(&self) -> Offered {
        let met = || self.met.iter().flatten();
        let mut plan = Compares::default();
        match self.kind {
            PlanKind::Inline => {
                let guards = met().filter_map(|one| {
                    Some(Guard {
                        key: one.key?,
                        target: one.target,
                    })
                });
                plan.guards = guards.collect();
                let order = |guard: &Guard| (guard.key, guard.target.vtable);
                plan.guards.sort_by_key(order);
            }
            PlanKind::Chain => {
                // In the order of the plan, the most frequent first.
                let mut all: Vec<_> = met().collect();
                all.sort_by_key(|one| (one.named, one.target.vtable));
                plan.chain = all.iter().map(|one| one.target).collect();
            }
        }
        Offered {
            plan,
            guard_ratio: None,
            chain_ratio: None,
        }
    }

    /// The time between calls, as it was measured.
    fn every(&self) -> Ps {
        if self.calls_per_second > 0.0 {
            ((SEC as f64 / self.calls_per_second) as Ps).clamp(100, SEC)
        } else {
            SEC
        }
    }

    fn offer(&self) -> Offer {
        let hits: f64 = self.types.iter().map(|one| one.share).sum();
        let saved = self.every() as f64 * (1.0 - self.ratio).max(0.0);
        auto::given(&self.offered().plan, hits, saved / hits.max(0.01))
    }

    /// More of the lease: once there is none, the machine decides.
    fn next_portion(&mut self) -> Option<Block> {
        self.counted = LEASE - self.split;
        let portion = self.portion.min(self.split);
        self.split -= portion;
        self.portion *= 2;
        (portion > 0).then(|| Block::simple(Way::On, portion))
    }

    /// Before a lease: as long as types are to come, its misses are looked at one by one at
    /// first.
    pub(super) fn divide(&mut self) -> Block {
        self.split = LEASE - 1;
        self.portion = 2;
        self.counted = 0;
        Block::simple(Way::On, 1)
    }

    /// What of a lease was not put yet, and misses of it that were counted: it is over.
    pub(super) fn end_lease(&mut self) -> (i32, i32) {
        let split = std::mem::take(&mut self.split);
        (split, std::mem::take(&mut self.counted))
    }

    /// What lies in a plugin that goes is to be met anew.
    fn forget(&mut self, range: &std::ops::Range<usize>) -> bool {
        let mut gone = false;
        for place in &mut self.met {
            if let Some(one) = place
                && (range.contains(&one.target.vtable) || range.contains(&one.target.shim))
            {
                self.types[one.named].met = false;
                *place = None;
                gone = true;
            }
        }
        self.news |= gone;
        gone
    }
}

impl Details {
    /// A calling thread has used up a portion of the first lease: looks at what it has met.
    /// Whether there is more. Waits for nobody, and allocates nothing.
    pub(super) fn go_on_meeting(&mut self, site: &Site, trust: &Trust) -> bool {
        let Some(mut given) = self.given.take() else {
            return false;
        };
        if self.route.is_none() {
            self.route = site.route();
        }
        let mut goes_on = false;
        if let Some(lock) = site.lock_now() {
            if given.waits()
                && let Some(profile) = lock.profile()
            {
                // SAFETY: the site's lock is held.
                given.meet_noted(unsafe { profile.notes() }, self, trust);
                given.guard(site, self);
            }
            let before = given.counted;
            if let Some(next) = given.next_portion() {
                let more = given.counted - before;
                self.misses += u64::try_from(more).unwrap_or(0);
                lock.put(next);
                goes_on = true;
            }
        }
        if given.news && given.kind == PlanKind::Chain {
            WAKE.fetch_add(1, Ordering::SeqCst);
            os::wake_all(&WAKE);
        }
        self.given = Some(given);
        goes_on
    }

    /// What is on by a given plan.
    pub(super) fn show_given(&mut self, is_on: bool) {
        let Some(given) = &self.given else { return };
        let mut targets = Vec::new();
        let (mut guarded, mut chained) = (0.0, 0.0);
        for (index, named) in given.types.iter().enumerate() {
            let of = given.met.iter().flatten();
            for (nth, one) in of.filter(|one| one.named == index).enumerate() {
                let is_chain = given.kind == PlanKind::Chain;
                if nth == 0 {
                    *(if is_chain { &mut chained } else { &mut guarded }) += named.share;
                }
                targets.push(Published {
                    target: one.target,
                    type_name: one.table.type_name(),
                    share: Some(named.share as f32),
                    in_chain: is_on && is_chain,
                    guard: one.key.filter(|_| is_on && !is_chain),
                });
            }
        }
        let met = !targets.is_empty();
        self.last_seen = targets;
        self.status = if is_on && met {
            Status::Published(Figures {
                guarded: guarded as f32,
                chained: chained as f32,
                guard_ratio: None,
                chain_ratio: None,
            })
        } else if is_on {
            Status::Resting(Resting::Given("by plan: none of its types was met yet"))
        } else {
            Status::Resting(Resting::Given("by plan: left for its misses, for a while"))
        };
    }
}

impl Engine {
    /// Lets this plan decide from the next pass on.
    pub(crate) fn follow(&mut self, plan: Plan, source: Option<String>) {
        self.leave_auto();
        self.follows = Some(Box::new(Follows::new(plan, source)));
        self.resumed.clear();
    }

    pub(crate) fn follow_if_it_fits(
        &mut self,
        plan: Plan,
        source: Option<String>,
    ) -> Result<(), ApplyError> {
        if self.mode() == Mode::Off {
            return Err(ApplyError::Off);
        }
        if self.is_tuning() {
            return Err(ApplyError::Tuning);
        }
        let follows = Follows::new(plan, source);
        let fits = |object: &LoadedObject| {
            let numbers = numbers(object.sites);
            let mut all = object.sites.iter().zip(&numbers);
            all.any(|(site, number)| follows.entry(site, *number).is_some())
        };
        if !follows.plan.entries.is_empty() && !self.objects.iter().any(fits) {
            return Err(ApplyError::NothingFits {
                entries: follows.plan.entries.len(),
                program: follows.plan.program,
            });
        }
        self.follow(follows.plan, follows.source);
        Ok(())
    }

    /// Lets windows decide again.
    pub(in crate::engine) fn unfollow(&mut self) {
        if self.follows.take().is_some() {
            self.leave_auto();
        }
    }

    /// What became of the plan that decides.
    pub(crate) fn followed(&self) -> Option<FollowedPlan> {
        let follows = self.follows.as_deref()?;
        let mut followed = FollowedPlan {
            source: follows.source.clone(),
            program: follows.plan.program.clone(),
            entries: follows.plan.entries.len(),
            ..FollowedPlan::default()
        };
        for (entry, fits) in follows.plan.entries.iter().zip(&follows.fits) {
            if !fits {
                let misfit = format!("{} {}", entry.location(), entry.method);
                followed.misfits.push(misfit);
            }
        }
        let details = self.objects.iter().flat_map(|object| &object.details);
        for given in details.flatten().filter_map(|one| one.given.as_deref()) {
            let at = follows.plan.entries[given.entry].location();
            for named in &given.types {
                let said = (at.clone(), named.name.clone());
                if named.unlisted {
                    followed.unlisted.push(said);
                } else if !named.met {
                    followed.waiting.push(said);
                }
            }
        }
        Some(followed)
    }

    /// Gives sites a life that the plan names, and leaves all others alone.
    pub(super) fn settle_by_plan(&mut self, outcome: &mut Retarget, can_patch: bool) {
        let (Some(follows), Some(auto)) = (self.follows.as_deref_mut(), self.auto.as_deref_mut())
        else {
            return;
        };
        for object in &mut self.objects {
            let plugin = object.plugin;
            outcome.sites += object.sites.len();
            let is_new = object
                .details
                .iter()
                .any(|one| one.as_ref().is_none_or(|one| one.asked == Asked::No));
            if !is_new {
                continue;
            }
            let numbers = numbers(object.sites);
            for (index, number) in numbers.into_iter().enumerate() {
                let site = &object.sites[index];
                let details = object.details_of(index);
                if std::mem::replace(&mut details.asked, Asked::Yes) == Asked::Yes {
                    continue;
                }
                let absent = Status::Resting(Resting::Absent);
                let entry = follows.entry(site, number);
                if let Some(entry) = entry {
                    follows.fits[entry] = true;
                }
                if details.status == absent {
                    continue;
                }
                self.spare.extend(close(site));
                rest(site, details, Resting::Given("not in the plan"));
                let Some(entry) = entry else { continue };
                if !can_patch && TRAMPOLINES {
                    details.status = Status::Resting(Resting::Portable);
                    continue;
                }
                let given = Given::new(entry, &follows.plan.entries[entry]);
                auto.add(Place { plugin, index }, details);
                auto.resume_given(&given, details);
                details.given = Some(Box::new(given));
            }
        }
    }

    /// Takes what registered implementations and misses tell of planned types, and leads sites
    /// that are on to what is new.
    pub(super) fn meet_planned(&mut self) {
        let mut batch = Batch::default();
        let mut led = Vec::new();
        let Engine {
            objects,
            auto,
            trust,
            patching,
            ..
        } = self;
        let Some(auto) = auto.as_deref_mut() else {
            return;
        };
        let registered: Vec<_> = objects
            .iter()
            .flat_map(|object| &object.implementations)
            .map(|one| (one.vtable(), one.table()))
            .collect();
        for object in objects.iter_mut() {
            for (index, details) in object.details.iter_mut().enumerate() {
                let Some(details) = details else { continue };
                let Some(mut given) = details.given.take() else {
                    continue;
                };
                let site = &object.sites[index];
                if details.route.is_none() {
                    details.route = site.route();
                }
                if given.waits() {
                    for (vtable, table) in &registered {
                        given.meet(*vtable, table, details);
                    }
                    if let Some(lock) = site.lock()
                        && let Some(profile) = lock.profile()
                    {
                        // SAFETY: the site's lock is held.
                        given.meet_noted(unsafe { profile.notes() }, details, trust);
                    }
                }
                if std::mem::take(&mut given.news)
                    && let Some(number) = details.life
                {
                    let offered = given.offered();
                    details.known = given.known();
                    details.offered = Some(offered.clone());
                    auto.life.offer_again(number, given.offer());
                    if auto.life.state(number) == State::On {
                        given.guard(site, details);
                        details.published = Some(offered);
                        let publisher = patching.publisher();
                        let heads =
                            publisher.map(|publisher| details.prepare_plan(publisher, &mut batch));
                        // What cannot be led there stays as it is: misses are paid.
                        if let Some(Ok(Some(heads))) = heads {
                            led.push((
                                Place {
                                    plugin: object.plugin,
                                    index,
                                },
                                heads,
                            ));
                        }
                    }
                }
                details.given = Some(given);
            }
        }
        let committed = self.commit(&batch);
        for (place, heads) in led {
            let at = crate::engine::tuning::Place {
                plugin: place.plugin,
                index: place.index,
            };
            if let Some((_, details)) = crate::engine::tuning::find(&mut self.objects, at) {
                details.lead(heads, &committed);
            }
        }
        if let Err(error) = committed {
            self.see_at_rest(&error.source.at_rest);
            self.fail(error.source);
        }
    }

    /// Goes on with what sites were at before something else was tried.
    pub(super) fn resume_lives(&mut self) {
        let Engine {
            objects,
            auto,
            resumed,
            ..
        } = self;
        let Some(auto) = auto.as_deref_mut() else {
            return;
        };
        for one in resumed.drain(..) {
            let Resumption::Lives {
                offered,
                offer,
                known,
                past,
            } = one.what
            else {
                continue;
            };
            if let Some((_, details)) = crate::engine::tuning::find(objects, one.place)
                && let Some(number) = details.life
            {
                details.known = known;
                details.offered = Some(offered);
                auto.life.resume(number, offer, &past, false);
            }
        }
    }

    /// What a life that is on goes by.
    pub(in crate::engine) fn living(&self, number: usize, details: &Details) -> Option<Resumption> {
        let auto = self.auto.as_deref()?;
        if auto.life.state(number) != State::On {
            return None;
        }
        Some(Resumption::Lives {
            offered: details.published.clone()?,
            offer: auto.life.offered(number)?,
            known: details.known.clone(),
            past: Box::new(auto.life.past(number)),
        })
    }

    /// What calls cost is not measured where a plan decides.
    pub(super) fn costs(&mut self) -> Calibration {
        if self.follows.is_some() {
            return self.calibration.unwrap_or(Calibration::UNMEASURED);
        }
        self.calibrated()
    }
}

impl Given {
    /// With their names, for the report.
    fn known(&self) -> Vec<(Candidate, &'static str)> {
        let met = self.met.iter().flatten();
        let known = met.map(|one| {
            let candidate = Candidate {
                target: one.target,
                count: 0,
                key: one.key,
            };
            (candidate, one.table.type_name())
        });
        known.collect()
    }
}

impl Auto {
    fn resume_given(&mut self, given: &Given, details: &mut Details) {
        let Some(number) = details.life else { return };
        details.offered = Some(given.offered());
        let past = Past {
            evidence: Evidence::default(),
            every: Some(given.every()),
        };
        self.life.resume(number, given.offer(), &past, true);
    }

    /// What it has met in a plugin that goes is forgotten. Whether the site goes by a given
    /// plan.
    pub(super) fn forget_given(
        &mut self,
        details: &mut Details,
        range: &std::ops::Range<usize>,
    ) -> bool {
        let Some(mut given) = details.given.take() else {
            return false;
        };
        if given.forget(range)
            && let Some(number) = details.life
        {
            details.known = given.known();
            self.life.reset(number);
            self.resume_given(&given, details);
        }
        details.given = Some(given);
        true
    }
}
