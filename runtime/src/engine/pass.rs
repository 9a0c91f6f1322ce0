//! One pass over all call sites: collect, decide, publish.

use std::collections::HashMap;
use std::fmt;

use super::state::{Details, Published, Resting, Status};
use super::trust::Trust;
use super::{Engine, LoadedObject};
use crate::arch::Target;
use crate::config::{Config, Mode};
use crate::os::{PatchError, objects};
use crate::plan::{self, Candidate, Decision, Evidence, Policy};
use crate::profile::{Notes, Profile};
use crate::publish::{Batch, Head, PrepareError, Publisher};
use crate::registry::{Table, TraitDeclaration};
use crate::site::{Phase, Site, Way};

/// What a call of `runtime::retarget()` did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Retarget {
    /// Call sites looked at, plugins' included.
    pub sites: usize,
    /// Sites whose calls now go another way.
    pub changed: usize,
    /// Of these: a new chain was published.
    pub published: usize,
    /// Of these: a window was opened, to learn anew.
    pub reopened: usize,
    /// Of these: switched off, to plain calls.
    pub switched_off: usize,
    /// Sites about which there was nothing to decide, or nothing new.
    pub unchanged: usize,
    /// Sites about which nothing could be decided yet.
    pub skipped: Skipped,
}

/// Sites that a pass skipped, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Skipped {
    /// No call was recorded there yet.
    pub never_called: usize,
    /// The window has seen too little.
    pub learning: usize,
    /// A thread was recording and did not finish.
    pub busy: usize,
}

impl Skipped {
    /// All of them.
    pub fn total(&self) -> usize {
        self.never_called + self.learning + self.busy
    }
}

impl fmt::Display for Retarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Retarget { skipped, .. } = self;
        write!(
            formatter,
            "{} sites: {} changed ({} published, {} learning anew, {} switched off), {} unchanged, \
             {} skipped ({} never called, {} still learning, {} busy)",
            self.sites,
            self.changed,
            self.published,
            self.reopened,
            self.switched_off,
            self.unchanged,
            skipped.total(),
            skipped.never_called,
            skipped.learning,
            skipped.busy,
        )
    }
}

/// Why chains could not be published. Every call still reaches the right code:
/// what was published before stays, and nothing new will be; `runtime::backend()`
/// keeps the reason.
#[derive(Debug)]
#[non_exhaustive]
pub enum RetargetError {
    /// The system refused a step of patching.
    Refused {
        /// The step, a system call's name.
        step: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl fmt::Display for RetargetError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RetargetError::Refused { step, source } => write!(
                formatter,
                "the system refused {step} ({source}), so no chain was published; calls go on as \
                 before, and `runtime::backend()` keeps the reason"
            ),
        }
    }
}

impl std::error::Error for RetargetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RetargetError::Refused { source, .. } => Some(source),
        }
    }
}

/// A site whose heads are about to be flipped.
struct Change {
    object: usize,
    site: usize,
    heads: Vec<Head>,
    kind: Kind,
}

enum Kind {
    Publish {
        coverage: f32,
        targets: Vec<Published>,
    },
    /// The chain from before the window, again.
    Republish {
        coverage: f32,
        targets: Vec<Published>,
    },
}

/// Windows in a row that may be thrown away as not to be believed.
const MOST_DOUBTS: u8 = 8;

/// Types' names by vtable; a site has a handful.
type Names = Vec<(usize, &'static str)>;

/// What visiting one site may use.
struct Visit<'a> {
    mode: Mode,
    config: &'a Config,
    policy: &'a Policy,
    publisher: Option<&'a mut Publisher>,
    trust: &'a mut Trust,
    spare: &'a mut Vec<&'static Profile>,
    registered: &'a HashMap<*const TraitDeclaration, Vec<(Target, &'static Table)>>,
    batch: &'a mut Batch,
    outcome: &'a mut Retarget,
    /// The system would not give memory for chains.
    refused: Option<PatchError>,
}

/// What becomes of a visited site at once; what needs a flip waits for the batch.
enum Verdict {
    Nothing,
    Flip(Vec<Head>, Kind),
}

impl Engine {
    /// Re-plans every call site.
    pub(crate) fn retarget(&mut self) -> Result<Retarget, RetargetError> {
        self.passes += 1;
        let mode = self.mode();
        let calibration = match mode {
            Mode::Auto => self.calibrated(),
            Mode::Always | Mode::Off => None,
        };
        let policy = self.config.policy(calibration);
        let registered = registered_shims(&self.objects);
        let mut batch = Batch::default();
        let mut changes = Vec::new();
        let mut outcome = Retarget::default();
        let mut visit = Visit {
            mode,
            config: &self.config,
            policy: &policy,
            publisher: self.patching.publisher(),
            trust: &mut self.trust,
            spare: &mut self.spare,
            registered: &registered,
            batch: &mut batch,
            outcome: &mut outcome,
            refused: None,
        };
        for (object_index, object) in self.objects.iter_mut().enumerate() {
            for (index, site) in object.sites.iter().enumerate() {
                visit.outcome.sites += 1;
                match visit.site(site, &mut object.details[index]) {
                    Verdict::Nothing => {}
                    Verdict::Flip(heads, kind) => changes.push(Change {
                        object: object_index,
                        site: index,
                        heads,
                        kind,
                    }),
                }
            }
        }
        let refused = visit.refused.take();
        self.publish(&batch, changes, &mut outcome)?;
        if let Some(error) = refused {
            return Err(self.fail(error));
        }
        outcome.unchanged = outcome.sites - outcome.changed - outcome.skipped.total();
        Ok(outcome)
    }

    /// Commits the batch and lets the changed sites go on with it.
    fn publish(
        &mut self,
        batch: &Batch,
        changes: Vec<Change>,
        outcome: &mut Retarget,
    ) -> Result<(), RetargetError> {
        let committed = match self.patching.publisher() {
            // SAFETY: the engine's lock is held; plugins are unloaded under it,
            // after their shims have been retargeted away.
            Some(publisher) if !batch.is_empty() => unsafe { publisher.commit(batch) },
            _ => Ok(()),
        };
        let flipped_below = committed
            .as_ref()
            .map_or_else(|error| error.flipped_below, |()| usize::MAX);
        let failed = committed.is_err();
        for change in changes {
            let object = &mut self.objects[change.object];
            let site = &object.sites[change.site];
            let Some(details) = &mut object.details[change.site] else {
                continue;
            };
            for (trampoline, head) in details.trampolines.iter_mut().zip(change.heads) {
                if trampoline.at() < flipped_below {
                    trampoline.head = head;
                }
                if failed {
                    trampoline.spoil_unless_entered();
                }
            }
            if failed {
                rest(site, details, Resting::Portable);
                continue;
            }
            match change.kind {
                Kind::Publish { coverage, targets } => {
                    outcome.changed += 1;
                    outcome.published += 1;
                    details.retargets += 1;
                    details.last_seen = targets;
                    details.status = Status::Published { coverage };
                    details.miss_budget = self.config.misses;
                    details.interval = super::state::FIRST_INTERVAL;
                    watch(site, details);
                }
                Kind::Republish { coverage, targets } => {
                    details.last_seen = targets;
                    details.status = Status::Published { coverage };
                    // Twice the misses before the next look.
                    details.miss_budget = details.miss_budget.saturating_mul(2).min(1 << 24);
                    watch(site, details);
                }
            }
        }
        committed.map_err(|error| self.fail(error.source))
    }

    /// From here on nothing new is published.
    fn fail(&mut self, error: PatchError) -> RetargetError {
        self.patching.fail(error.to_string());
        RetargetError::Refused {
            step: error.step,
            source: error.source,
        }
    }
}

impl Visit<'_> {
    fn site(&mut self, site: &'static Site, slot: &mut Option<Box<Details>>) -> Verdict {
        let Some(first) = site.first_path() else {
            self.outcome.skipped.never_called += 1;
            return Verdict::Nothing;
        };
        let details = slot.get_or_insert_with(|| Box::new(Details::new(first)));
        if self.mode == Mode::Off {
            if details.status == Status::Resting(Resting::Off) {
                return Verdict::Nothing;
            }
            return self.rest(site, details, Resting::Off);
        }
        let review = std::mem::take(&mut details.review);
        match site.phase() {
            Phase::Learning => self.learning(site, details),
            Phase::Watching if site.budget() > 0 && !review => Verdict::Nothing,
            Phase::Watching => {
                // The misses have used up their budget, or the rules have changed.
                details.misses += u64::from(details.counted_misses(site));
                self.relearn(site, details)
            }
            Phase::Resting => self.resting(site, details),
        }
    }

    fn resting(&mut self, site: &'static Site, details: &mut Details) -> Verdict {
        match details.status {
            Status::Resting(Resting::Portable) if self.publisher.is_none() => Verdict::Nothing,
            // Switched off by configuration, and now on again.
            Status::Resting(Resting::Off) => self.relearn(site, details),
            Status::Resting(Resting::TooManyTrampolines | Resting::Unpatchable(_)) => {
                Verdict::Nothing
            }
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
            // The pool of first profiles was used up; hand one out.
            drop(lock);
            return self.relearn(site, details);
        };
        // SAFETY: the site's lock is held until the last use of `notes`.
        let notes = unsafe { profile.notes() };
        for path in notes.paths() {
            details.add_path(path);
        }
        if notes.too_many_paths {
            drop(lock);
            return self.rest(site, details, Resting::TooManyTrampolines);
        }
        let method = details.trampolines[0].path.route.method;
        let declaration = details.trampolines[0].path.route.declaration;
        let capacity = declaration
            .methods()
            .get(method)
            .map_or(0, |method| method.targets());
        let mut names = Names::new();
        let unloads = details.unloads_at_opening;
        let seen = candidates(notes, declaration, method, unloads, self.trust, &mut names);
        let trusted = notes.others + seen.iter().map(|one| one.count).sum::<u32>();
        let few = notes.samples < self.policy.minimum_samples;
        if !few && trusted < self.policy.minimum_samples && details.doubts < MOST_DOUBTS {
            // Something was unloaded since the window opened, so that hardly any
            // address in it can be believed. That says nothing about the mix.
            details.doubts += 1;
            drop(lock);
            if let Some(profile) = close(site) {
                self.trust.recycle(profile, self.spare);
            }
            return self.relearn(site, details);
        }
        details.doubts = 0;
        let of_trait = self.registered.get(&core::ptr::from_ref(declaration));
        let registered: Vec<Target> = of_trait
            .filter(|_| few)
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .filter_map(|(target, table)| {
                names.push((target.vtable, table.type_name()));
                Some(Target {
                    shim: table.shim(method)?,
                    ..*target
                })
            })
            .collect();
        let current = details.current();
        let samples = notes.samples;
        let decision = plan::decide(
            &Evidence {
                seen: &seen,
                samples,
                registered: &registered,
                current: &current,
                capacity,
            },
            self.policy,
        );
        if decision == Decision::Wait {
            self.outcome.skipped.learning += 1;
            return Verdict::Nothing;
        }
        notes.clear();
        lock.close();
        self.trust.recycle(profile, self.spare);
        drop(lock);
        details.windows += 1;
        let chain = match &decision {
            Decision::Publish { targets, .. } => targets.clone(),
            Decision::Keep => current,
            _ => Vec::new(),
        };
        let shown = shown(&seen, samples, &chain, &names);
        if self.publisher.is_none() {
            details.last_seen = without_chain(shown);
            return self.rest(site, details, Resting::Portable);
        }
        match decision {
            Decision::Publish { coverage, .. } => {
                let kind = Kind::Publish {
                    coverage,
                    targets: shown,
                };
                self.flip(site, details, &chain, kind)
            }
            Decision::Keep => {
                let in_chain = shown.iter().filter(|one| one.in_chain);
                let kind = Kind::Republish {
                    coverage: in_chain.filter_map(|one| one.share).sum(),
                    targets: shown,
                };
                self.flip(site, details, &chain, kind)
            }
            Decision::Rest(why) => {
                details.last_seen = without_chain(shown);
                self.rest(site, details, Resting::Planned(why))
            }
            Decision::Wait => Verdict::Nothing,
        }
    }

    /// A new window. The heads stay: learning calls go past the trampoline.
    fn relearn(&mut self, site: &'static Site, details: &mut Details) -> Verdict {
        if self.publisher.is_none() {
            return self.rest(site, details, Resting::Portable);
        }
        self.outcome.changed += 1;
        self.outcome.reopened += 1;
        details.status = Status::Learning;
        learn(site, details, self.config.window, self.spare);
        Verdict::Nothing
    }

    fn flip(
        &mut self,
        site: &'static Site,
        details: &mut Details,
        chain: &[Target],
        kind: Kind,
    ) -> Verdict {
        let Some(publisher) = self.publisher.as_mut() else {
            return Verdict::Nothing;
        };
        match publisher.prepare_all(&mut details.trampolines, chain, self.batch) {
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
        let same = details.status == why
            || matches!(
                (&details.status, &why),
                (
                    Status::Resting(Resting::Planned(_)),
                    Status::Resting(Resting::Planned(_))
                )
            );
        let was_on = matches!(details.status, Status::Published { .. });
        if let Some(profile) = close(site) {
            self.trust.recycle(profile, self.spare);
        }
        let Status::Resting(why) = why else {
            return Verdict::Nothing;
        };
        rest(site, details, why);
        if same {
            details.back_off();
        } else {
            self.outcome.changed += 1;
            self.outcome.switched_off += 1;
            details.retargets += u32::from(was_on);
        }
        Verdict::Nothing
    }
}

fn describe(error: &PrepareError) -> String {
    match error {
        PrepareError::Encode(error) => error.to_string(),
        PrepareError::Patch(error) => error.to_string(),
        PrepareError::Foreign { at } => {
            format!("there is no trampoline of this version at {at:#x}")
        }
    }
}

/// Takes a window away from a site.
pub(super) fn close(site: &Site) -> Option<&'static Profile> {
    let lock = site.lock()?;
    let profile = lock.close()?;
    // SAFETY: the site's lock is held.
    unsafe { profile.notes() }.clear();
    Some(profile)
}

fn rest(site: &Site, details: &mut Details, why: Resting) {
    site.send(Way::Plain);
    if let Some(lock) = site.lock() {
        lock.close();
        lock.open(Phase::Resting, 0, None);
    }
    details
        .last_seen
        .iter_mut()
        .for_each(|one| one.in_chain = false);
    details.status = Status::Resting(why);
    details.wait = details.interval;
}

fn watch(site: &Site, details: &Details) {
    if let Some(lock) = site.lock() {
        lock.open(Phase::Watching, details.miss_budget, None);
    }
    site.send(Way::Patched);
}

pub(super) fn learn(
    site: &Site,
    details: &mut Details,
    window: u32,
    spare: &mut Vec<&'static Profile>,
) {
    let Some(lock) = site.lock() else { return };
    let profile = spare
        .pop()
        .unwrap_or_else(|| Box::leak(Box::new(Profile::new())));
    details.unloads_at_opening = objects::unload_count();
    lock.open(Phase::Learning, window, Some(profile));
    // Before the lock is released: who fills the window makes the site plain.
    site.send(Way::Learning);
}

/// All registered implementations by trait, each with a target whose shim is
/// still to be chosen.
fn registered_shims(
    objects: &[LoadedObject],
) -> HashMap<*const TraitDeclaration, Vec<(Target, &'static Table)>> {
    let declarations = objects.iter().flat_map(|object| object.declarations);
    declarations
        .map(|declaration| {
            let implementations = objects.iter().flat_map(|object| &object.implementations);
            let of_trait = implementations
                .filter(|implementation| implementation.table().declaration().is_same(declaration))
                .map(|implementation| {
                    let target = Target {
                        vtable: implementation.vtable(),
                        shim: 0,
                    };
                    (target, implementation.table())
                })
                .collect();
            (core::ptr::from_ref(declaration), of_trait)
        })
        .collect()
}

/// What a window saw, as far as it may be learned, with the types' names.
fn candidates(
    notes: &Notes,
    declaration: &TraitDeclaration,
    method: usize,
    unloads: u64,
    trust: &mut Trust,
    names: &mut Names,
) -> Vec<Candidate> {
    let mut found = Vec::new();
    for seen in notes.seen() {
        if !trust.stays(seen.vtable, unloads) || !trust.stays(seen.table.addr(), unloads) {
            continue;
        }
        // SAFETY: the table's object is loaded and stays: `trust` has just said so.
        let table: &'static Table = unsafe { &*seen.table };
        if !table.declaration().is_same(declaration) {
            continue;
        }
        if let Some(shim) = table.shim(method) {
            names.push((seen.vtable, table.type_name()));
            found.push(Candidate {
                target: Target {
                    vtable: seen.vtable,
                    shim,
                },
                count: seen.count,
            });
        }
    }
    found
}

/// The chain first, then what else was seen, for the report.
fn shown(seen: &[Candidate], samples: u32, chain: &[Target], names: &Names) -> Vec<Published> {
    let name = |vtable| {
        let mut known = names.iter().filter(|(known, _)| *known == vtable);
        known.next().map_or("?", |(_, name)| *name)
    };
    let mut rest: Vec<_> = seen
        .iter()
        .filter(|candidate| !chain.contains(&candidate.target))
        .collect();
    rest.sort_by_key(|candidate| std::cmp::Reverse(candidate.count));
    #[allow(
        clippy::cast_precision_loss,
        reason = "windows are far below 2^24 calls"
    )]
    let share = |count: u32| Some(count as f32 / samples.max(1) as f32);
    let in_chain = chain.iter().map(|target| Published {
        target: *target,
        type_name: name(target.vtable),
        share: seen
            .iter()
            .find(|candidate| candidate.target == *target)
            .and_then(|candidate| share(candidate.count)),
        in_chain: true,
    });
    let others = rest.into_iter().map(|candidate| Published {
        target: candidate.target,
        type_name: name(candidate.target.vtable),
        share: share(candidate.count),
        in_chain: false,
    });
    in_chain.chain(others).collect()
}

fn without_chain(mut shown: Vec<Published>) -> Vec<Published> {
    shown.iter_mut().for_each(|one| one.in_chain = false);
    shown
}
