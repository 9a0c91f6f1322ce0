//! One site's turn in a pass.

use super::evidence::{Names, Registered, candidates, registered_targets, shown};
use super::outcome::Retarget;
use super::state::{Details, FIRST_INTERVAL, Published, Resting, Status};
use super::steps::{close, rest};
use super::trust::Trust;
use crate::config::Mode;
use crate::os::PatchError;
use crate::plan::{self, Decision, Evidence, Figures, Plan, Policy};
use crate::profile::Profile;
use crate::publish::{Batch, Head, PrepareError, Publisher, Trampoline};
use crate::registry::MethodDeclaration;
use crate::site::{Phase, Site, TRAMPOLINES};
use crate::window::{Block, Way};

/// Windows in a row that may be thrown away as not to be believed.
const MOST_DOUBTS: u8 = 8;

/// What visiting one site may use.
pub(super) struct Visit<'a> {
    pub(super) mode: Mode,
    pub(super) policy: &'a Policy,
    pub(super) publisher: Option<&'a mut Publisher>,
    pub(super) trust: &'a Trust,
    pub(super) spare: &'a mut Vec<&'static Profile>,
    pub(super) registered: &'a Registered,
    pub(super) batch: &'a mut Batch,
    pub(super) outcome: &'a mut Retarget,
    /// The system would not give memory for chains.
    pub(super) refused: Option<PatchError>,
}

/// What becomes of a visited site at once; what needs a flip waits for the batch.
pub(super) enum Verdict {
    Nothing,
    /// Where its heads will lead, if they are flipped, and what for.
    Flip(Vec<Head>, Kind),
}

/// What is flipped for.
pub(super) enum Kind {
    /// The plain call.
    Off,
    /// A learning window.
    Open,
    Publish {
        figures: Figures,
        targets: Vec<Published>,
    },
    /// What was published before the window, again.
    Republish { targets: Vec<Published> },
}

impl Visit<'_> {
    /// Looks at a site, and decides about it if there is something to decide.
    pub(super) fn site(&mut self, site: &'static Site, details: &mut Details) -> Verdict {
        if details.route.is_none() {
            details.route = site.route();
        }
        if self.mode == Mode::Off {
            if details.status == Status::Resting(Resting::Off) {
                return Verdict::Nothing;
            }
            return self.rest(site, details, Resting::Off);
        }
        let review = std::mem::take(&mut details.review);
        match site.phase() {
            Phase::Learning => self.learning(site, details),
            Phase::Watching if site.block().left > 0 && !review && details.wait > 0 => {
                details.wait -= 1;
                Verdict::Nothing
            }
            Phase::Watching => {
                // The misses have used up their budget, the rules have changed, or what
                // makes no misses has not been looked at for long.
                details.misses += u64::from(details.counted_misses(site));
                self.relearn(site, details)
            }
            Phase::Resting | Phase::Living => self.resting(site, details),
        }
    }

    fn resting(&mut self, site: &'static Site, details: &mut Details) -> Verdict {
        match details.status {
            Status::Resting(Resting::Absent) => {
                self.outcome.skipped.never_called += 1;
                Verdict::Nothing
            }
            Status::Resting(Resting::Portable) if !self.can_gain(details) => Verdict::Nothing,
            // Switched off by configuration, and now on again.
            Status::Resting(Resting::Off | Resting::New) => self.relearn(site, details),
            Status::Resting(Resting::Unpatchable(_)) => Verdict::Nothing,
            _ if details.wait > 0 => {
                details.wait -= 1;
                Verdict::Nothing
            }
            _ => self.relearn(site, details),
        }
    }

    /// Plans from the open or full window.
    fn learning(&mut self, site: &'static Site, details: &mut Details) -> Verdict {
        let Some(lock) = site.lock() else {
            self.outcome.skipped.busy += 1;
            return Verdict::Nothing;
        };
        let Some(profile) = lock.profile() else {
            drop(lock);
            return self.relearn(site, details);
        };
        // SAFETY: the site's lock is held until the last use of `notes`.
        let notes = unsafe { profile.notes() };
        // Notes of calls that found the lock taken were dropped. Of a full window too few may
        // be left, and nobody would ever add to them: it goes on.
        let minimum = self.policy.minimum_samples;
        let go_on = || {
            if site.block().way == Way::Plain {
                let calls = i32::try_from(minimum).unwrap_or(i32::MAX);
                lock.put(Block::simple(Way::Burst, calls));
            }
        };
        let Some(route) = details.route.filter(|_| notes.samples > 0) else {
            go_on();
            self.outcome.skipped.never_called += 1;
            return Verdict::Nothing;
        };
        let methods = route.declaration.methods();
        let mut capacity = methods
            .get(route.method)
            .map_or(0, MethodDeclaration::targets);
        if self.publisher.is_none() {
            capacity = 0;
        }
        let mut names = Names::new();
        let unloads = details.unloads_at_opening;
        let Some(seen) = candidates(notes, route, details, unloads, self.trust, &mut names) else {
            self.outcome.skipped.learning += 1;
            return Verdict::Nothing;
        };
        let trusted = notes.others + seen.iter().map(|one| one.count).sum::<u32>();
        let few = notes.samples < self.policy.minimum_samples;
        if !few && trusted < self.policy.minimum_samples && details.doubts < MOST_DOUBTS {
            // Something was unloaded since the window opened, so that hardly any
            // address in it can be believed. That says nothing about the mix.
            details.doubts += 1;
            drop(lock);
            if let Some(profile) = close(site) {
                self.spare.push(profile);
            }
            return self.relearn(site, details);
        }
        details.doubts = 0;
        let registered = if few {
            registered_targets(self.registered, route, &mut names)
        } else {
            Vec::new()
        };
        let current = details.current();
        let samples = notes.samples;
        let decision = plan::decide(
            &Evidence {
                seen: &seen,
                samples,
                registered: &registered,
                current: &current,
                capacity,
                has_guards: route.guards.is_some(),
            },
            self.policy,
        );
        if decision == Decision::Wait {
            go_on();
            self.outcome.skipped.learning += 1;
            return Verdict::Nothing;
        }
        details.plan_from(notes);
        notes.clear();
        lock.close();
        self.spare.push(profile);
        drop(lock);
        let plan = match &decision {
            Decision::Publish { plan, .. } => plan.clone(),
            Decision::Keep => current.ranked(&seen),
            Decision::Wait | Decision::Rest(_) => Plan::default(),
        };
        let targets = shown(&seen, samples, &plan, &names);
        if self.publisher.is_none() && plan.guards.is_empty() {
            details.last_seen = targets;
            return self.rest(site, details, Resting::Portable);
        }
        match decision {
            Decision::Publish { figures, .. } => {
                self.flip(site, details, &plan, Kind::Publish { figures, targets })
            }
            Decision::Keep => self.flip(site, details, &plan, Kind::Republish { targets }),
            Decision::Rest(why) => {
                details.last_seen = targets;
                self.rest(site, details, Resting::Planned(why))
            }
            Decision::Wait => Verdict::Nothing,
        }
    }

    /// Whether anything could be switched on: guards where there is a list, chains where
    /// code is patched.
    fn can_gain(&self, details: &Details) -> bool {
        if TRAMPOLINES {
            // After a refused step keys and heads stay as they are, and what a chain knows
            // would be missing in a window.
            let at_rest = |one: &Trampoline| one.head == Head::Rest;
            self.publisher.is_some()
                || (details.on
                    && details.listed().is_some()
                    && details.trampolines.iter().all(at_rest))
        } else {
            details.route.is_none() || details.listed().is_some()
        }
    }

    /// A new window, with the heads at rest: what a chain knows would be missing in it.
    fn relearn(&mut self, site: &'static Site, details: &mut Details) -> Verdict {
        if !self.can_gain(details) {
            return self.rest(site, details, Resting::Portable);
        }
        self.outcome.changed += 1;
        self.outcome.reopened += 1;
        details.rested = details.status.is_for_the_mix();
        self.flip(site, details, &Plan::default(), Kind::Open)
    }

    /// Leads the site's heads to what is planned, with its keys on.
    fn flip(
        &mut self,
        site: &'static Site,
        details: &mut Details,
        plan: &Plan,
        kind: Kind,
    ) -> Verdict {
        let Some(publisher) = self.publisher.as_mut() else {
            // Guards need no code to be patched.
            return Verdict::Flip(Vec::new(), kind);
        };
        if !details.on
            && let Err(error) = publisher.prepare_keys(&details.keys, true, self.batch)
        {
            let why = describe(&error);
            return self.rest(site, details, Resting::Unpatchable(why));
        }
        match publisher.prepare_all(&mut details.trampolines, &plan.chain, self.batch) {
            Ok(heads) => Verdict::Flip(heads, kind),
            Err(PrepareError::Patch(error)) if error.is_refusal() => {
                self.refused.get_or_insert(error);
                self.rest(site, details, Resting::Portable)
            }
            Err(error) => {
                let why = describe(&error);
                self.rest(site, details, Resting::Unpatchable(why))
            }
        }
    }

    /// Plain calls from here on. The heads stay as they are: nobody enters them.
    fn rest(&mut self, site: &'static Site, details: &mut Details, why: Resting) -> Verdict {
        let why = Status::Resting(why);
        let before = match details.status {
            Status::Learning => details.rested,
            _ => details.status.is_for_the_mix(),
        };
        let same = details.status == why || (before && why.is_for_the_mix());
        let was_on = matches!(details.status, Status::Published(_));
        if let Some(profile) = close(site) {
            self.spare.push(profile);
        }
        let Status::Resting(why) = why else {
            return Verdict::Nothing;
        };
        if !same {
            details.interval = FIRST_INTERVAL;
        }
        rest(site, details, why);
        if same {
            details.back_off();
        } else {
            self.outcome.changed += 1;
            self.outcome.switched_off += 1;
            details.retargets += u32::from(was_on);
        }
        if details.on
            && let Some(publisher) = self.publisher.as_mut()
            && publisher
                .prepare_keys(&details.keys, false, self.batch)
                .is_ok()
        {
            return Verdict::Flip(Vec::new(), Kind::Off);
        }
        Verdict::Nothing
    }
}

pub(super) fn describe(error: &PrepareError) -> String {
    match error {
        PrepareError::Encode(error) => error.to_string(),
        PrepareError::Patch(error) => error.to_string(),
        PrepareError::Foreign { at } => {
            format!("there is no code of this version at {at:#x}")
        }
        PrepareError::NotCode { at } => {
            format!("{at:#x} is not in the code of a loaded object")
        }
        PrepareError::Unproven => {
            "its calls have the vtable in no register where a chain could compare it".to_owned()
        }
    }
}
