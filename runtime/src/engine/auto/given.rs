//! What one site does by a plan that is given.
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

use std::sync::atomic::Ordering;

use super::{Auto, WAKE};
use crate::arch::Target;
use crate::engine::state::{Details, Published, Resting, Status};
use crate::engine::trust::{Trust, Trusted};
use crate::life::{Evidence, Offer, Past, Ps, SEC};
use crate::measured::{PlanEntry, PlanKind};
use crate::os;
use crate::plan::auto::{self, Offered};
use crate::plan::{Candidate, Figures, Guard, Plan as Compares};
use crate::profile::Notes;
use crate::registry::Table;
use crate::site::{Site, VTABLES};
use crate::window::{Block, LEASE, Way};

/// Vtables that one site may know by a plan.
const MOST_MET: usize = 16;

/// What a site is to do by the plan, and what it has met of it.
pub(in crate::engine) struct Given {
    pub(super) entry: usize,
    pub(super) types: Vec<Named>,
    kind: PlanKind,
    ratio: f64,
    calls_per_second: f64,
    met: [Option<MetType>; MOST_MET],
    /// What is new since a pass has looked.
    pub(super) news: bool,
    /// What is left of the first lease, and what is put at once.
    split: i32,
    portion: i32,
    /// Misses of it that are in the report already.
    counted: i32,
}

pub(super) struct Named {
    pub(super) name: String,
    share: f64,
    pub(super) met: bool,
    /// The site does not list it.
    pub(super) unlisted: bool,
}

#[derive(Clone, Copy)]
struct MetType {
    target: Target,
    table: &'static Table,
    key: Option<usize>,
    named: usize,
}

impl Given {
    pub(super) fn new(entry: usize, of: &PlanEntry) -> Self {
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
    pub(super) fn meet(&mut self, vtable: usize, table: &'static Table, details: &Details) {
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
    pub(super) fn meet_noted(&mut self, notes: &Notes, details: &Details, trust: &Trust) {
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
    pub(super) fn guard(&self, site: &Site, details: &Details) {
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
    pub(super) fn offered(&self) -> Offered {
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
        Offered { plan }
    }

    /// The time between calls, as it was measured.
    fn every(&self) -> Ps {
        if self.calls_per_second > 0.0 {
            ((SEC as f64 / self.calls_per_second) as Ps).clamp(100, SEC)
        } else {
            SEC
        }
    }

    pub(super) fn offer(&self) -> Offer {
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

    /// With their names, for the report.
    pub(super) fn known(&self) -> Vec<(Candidate, &'static str)> {
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
            })
        } else if is_on {
            Status::Resting(Resting::Given("by plan: none of its types was met yet"))
        } else {
            Status::Resting(Resting::Given("by plan: left for its misses, for a while"))
        };
    }
}

impl Auto {
    pub(super) fn resume_given(&mut self, given: &Given, details: &mut Details) {
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
