//! What the engine remembers of a site.

use super::auto::Given;
use crate::arch::Target;
use crate::key::Key;
use crate::plan::auto::{Offered, Plain};
use crate::plan::{Candidate, Figures, Guard, Plan, Rest};
use crate::profile::Notes;
use crate::publish::{CommitError, Head, Trampoline};
use crate::registry::Table;
use crate::site::{Guards, Path, Route, Site, TRAMPOLINES};

/// Passes that a resting site waits at first before it learns again; doubled
/// each time nothing changes.
pub(super) const FIRST_INTERVAL: u32 = 8;
/// Passes that a published plan is left alone at first, misses or not: what it knows
/// is not looked at meanwhile, neither in which mix nor in which order it comes by.
/// Doubled in the same way.
pub(super) const FIRST_REVIEW: u32 = 64;
/// The longest that either ever waits, in passes.
pub(super) const LONGEST_INTERVAL: u32 = 8192;

/// The state of one site.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each comes and goes by itself"
)]
pub(crate) struct Details {
    /// Where its calls lead; of several, the first. [`None`] until a call has told, where
    /// there are no trampolines.
    pub(crate) route: Option<&'static Route>,
    pub(crate) trampolines: Vec<Trampoline>,
    pub(super) keys: Vec<Key>,
    /// The keys are on, or may be after a step was refused.
    pub(crate) on: bool,
    pub(crate) status: Status,
    /// What the last window saw, most frequent first, whatever was decided.
    pub(crate) last_seen: Vec<Published>,
    /// What the published plan rests on.
    pub(super) figures: Figures,
    /// Windows planned from.
    pub(crate) windows: u32,
    /// Windows opened.
    pub(crate) opened: u32,
    /// The weight of what was met, in calls, as of the last pass or report.
    pub(crate) weight: f32,
    /// The shortest time between calls that was seen of late, in nanoseconds.
    pub(crate) every: Option<f32>,
    /// How often the receiver was that of the call before.
    pub(crate) receivers: Receivers,
    /// The number of its life, in the default mode.
    pub(crate) life: Option<usize>,
    /// What it has met, with the types' names.
    pub(super) known: Vec<(Candidate, &'static str)>,
    /// What it is to do by a plan that is given; and whether that was asked.
    pub(super) given: Option<Box<Given>>,
    pub(super) is_asked: bool,
    /// The plan that was offered last, and the one that is on.
    pub(super) offered: Option<Offered>,
    pub(super) published: Option<Offered>,
    /// Misses of published chains, as far as they were counted: a budget of
    /// misses is counted, and then no more until the next window.
    pub(crate) misses: u64,
    /// Misses that the current chain may have before the site learns anew.
    pub(super) miss_budget: u32,
    /// The published chain is to be looked at again, misses or not.
    pub(super) review: bool,
    /// Times that another chain was published or taken away.
    pub(crate) retargets: u32,
    /// The planner had left calls to the vtable before the window was opened.
    pub(super) rested: bool,
    /// Passes until a site that is resting or published learns again.
    pub(super) wait: u32,
    /// What `wait` was to begin with.
    pub(super) interval: u32,
    /// Windows in a row that could not be believed.
    pub(super) doubts: u8,
    /// Objects that the loader had unloaded when the window opened.
    pub(super) unloads_at_opening: u64,
    /// What was told of it last.
    #[cfg(feature = "tracing")]
    pub(super) said: super::said::Said,
}

/// Of calls that windows have recorded one after another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Receivers {
    /// Calls of which the one before is known.
    pub(crate) pairs: u32,
    /// Those of them on the same object.
    pub(crate) again: u32,
}

impl Receivers {
    /// What is older than so many counts for half.
    const ENOUGH: u32 = 4096;

    /// Takes what a window has noted.
    pub(super) fn add(&mut self, notes: &Notes) {
        if self.pairs >= Self::ENOUGH {
            self.pairs /= 2;
            self.again /= 2;
        }
        self.pairs = self.pairs.saturating_add(notes.pairs);
        self.again = self.again.saturating_add(notes.again);
    }
}

/// What a site is doing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Status {
    /// A window is open, or nothing was decided yet.
    Learning,
    /// Guards or a chain are on.
    Published(Figures),
    /// Calls are left to the vtable.
    Resting(Resting),
}

impl Status {
    /// Plain for what the last window saw, so that another one may change that.
    pub(super) fn is_for_the_mix(&self) -> bool {
        matches!(
            self,
            Status::Resting(Resting::Planned(_) | Resting::Portable)
        )
    }
}

/// Why a site rests.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Resting {
    /// The planner said so.
    Planned(Rest),
    /// No pass has opened a window yet.
    New,
    /// Its code is not in this program, or in an object that the runtime does not know.
    Absent,
    /// The default mode left it plain.
    Lives(Plain),
    /// A plan that is given decides, and says so.
    Given(&'static str),
    /// `STATIC_CALL=off`, or so configured.
    Off,
    /// Code cannot be patched; the backend says why.
    Portable,
    /// A key or a trampoline could not be patched.
    Unpatchable(String),
}

/// A target by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Published {
    pub(crate) target: Target,
    /// Lies in the object that the target lies in, and is forgotten with it.
    pub(crate) type_name: &'static str,
    /// Share of the window's calls, 0 to 1; [`None`] for one that was registered
    /// and published unseen.
    pub(crate) share: Option<f32>,
    /// Whether it is in the published chain.
    pub(crate) in_chain: bool,
    /// The key that holds it, if a guard is on for it.
    pub(crate) guard: Option<usize>,
}

impl Details {
    pub(super) fn new(
        site: &Site,
        paths: impl Iterator<Item = Path>,
        keys: impl Iterator<Item = Key>,
    ) -> Self {
        let trampolines: Vec<_> = paths.map(Trampoline::new).collect();
        let keys: Vec<_> = keys.collect();
        let is_absent = TRAMPOLINES && (keys.is_empty() || trampolines.is_empty());
        let first = trampolines.first();
        Details {
            route: first.map(|one| one.path.route).or_else(|| site.route()),
            status: Status::Resting(if is_absent {
                Resting::Absent
            } else {
                Resting::New
            }),
            trampolines,
            keys,
            on: false,
            last_seen: Vec::new(),
            figures: Figures::default(),
            windows: 0,
            opened: 0,
            weight: 0.0,
            every: None,
            receivers: Receivers::default(),
            life: None,
            known: Vec::new(),
            given: None,
            is_asked: false,
            offered: None,
            published: None,
            misses: 0,
            miss_budget: 0,
            review: false,
            retargets: 0,
            rested: false,
            wait: 0,
            interval: FIRST_INTERVAL,
            doubts: 0,
            unloads_at_opening: 0,
            #[cfg(feature = "tracing")]
            said: super::said::Said::Nothing,
        }
    }

    /// Misses of the present chain that were counted so far.
    pub(crate) fn counted_misses(&self, site: &Site) -> u32 {
        let left = u32::try_from(site.block().left).unwrap_or(0);
        self.miss_budget.saturating_sub(left)
    }

    /// A window that is planned from.
    pub(super) fn plan_from(&mut self, notes: &Notes) {
        self.windows += 1;
        self.receivers.add(notes);
        #[allow(
            clippy::cast_precision_loss,
            reason = "windows are far below 2^24 calls"
        )]
        let weight = notes.samples as f32;
        self.weight = weight;
    }

    /// What is published.
    pub(super) fn current(&self) -> Plan {
        let published = self.last_seen.iter();
        Plan {
            guards: self.guards().collect(),
            chain: published
                .filter(|published| published.in_chain)
                .map(|published| published.target)
                .collect(),
        }
    }

    /// The guards that are on.
    pub(super) fn guards(&self) -> impl Iterator<Item = Guard> {
        let published = self.last_seen.iter();
        published.filter_map(|published| {
            Some(Guard {
                key: published.guard?,
                target: published.target,
            })
        })
    }

    /// Notes where the heads lead that a batch was to flip, as far as it got.
    pub(super) fn lead(&mut self, heads: Vec<Head>, committed: &Result<(), CommitError>) {
        let flipped_below = committed
            .as_ref()
            .map_or_else(|error| error.flipped_below, |()| usize::MAX);
        for (trampoline, head) in self.trampolines.iter_mut().zip(heads) {
            if trampoline.at() < flipped_below {
                trampoline.head = head;
            }
            if committed.is_err() {
                trampoline.spoil_unless_entered();
            }
        }
    }

    /// The published plan is kept on what another window saw.
    pub(super) fn see_again(&mut self, targets: Vec<Published>) {
        let share = |of: &dyn Fn(&Published) -> bool| {
            let these = targets.iter().filter(|one| of(one));
            // Not `sum`, which is -0 for nothing.
            these
                .filter_map(|one| one.share)
                .fold(0.0, |sum, share| sum + share)
        };
        self.figures.guarded = share(&|one| one.guard.is_some());
        self.figures.chained = share(&|one| one.in_chain);
        self.last_seen = targets;
    }

    /// The types that were ever met, by a vtable of each.
    pub(crate) fn known_types(&self) -> impl Iterator<Item = (usize, &'static str)> {
        let known = self.known.iter();
        known.map(|(candidate, name)| (candidate.target.vtable, *name))
    }

    /// The position in the site's list of the type with this table, if it is listed, and
    /// the trait is declared by the very static that the list's route names: then both were
    /// linked together, and agree about layouts.
    ///
    /// A site in generic code has a route for each instantiation, and the list's types
    /// another identity in each.
    pub(super) fn position_of(&self, table: &Table) -> Option<usize> {
        let routes = self.trampolines.iter().map(|one| one.path.route);
        let routes = self.route.into_iter().chain(routes);
        routes
            .filter(|route| std::ptr::eq(route.declaration, table.declaration()))
            .find_map(|route| route.guards?.key_of(table))
    }

    /// The guards in its arm.
    pub(crate) fn listed(&self) -> Option<&'static Guards> {
        self.route?.guards
    }

    /// Nothing changed: twice as long until the next look.
    pub(super) fn back_off(&mut self) {
        self.interval = (self.interval * 2).min(LONGEST_INTERVAL);
        self.wait = self.interval;
    }
}
