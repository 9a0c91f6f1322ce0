//! One pass over all call sites: visit, publish, go on with it.

use super::Engine;
use super::evidence::registered_shims;
use super::lock::with;
use super::outcome::{Retarget, RetargetError};
use super::resumed::Resumption;
use super::state::{FIRST_REVIEW, Resting, Status};
use super::steps::{learn, rest, watch};
use super::trust::Stranger;
use super::visit::{Kind, Verdict, Visit};
use crate::config::Mode;
use crate::life::By;
use crate::os::PatchError;
use crate::publish::{Batch, CommitError, Head};
use crate::site::Phase;

/// A site whose heads are about to be flipped.
struct Change {
    object: usize,
    site: usize,
    heads: Vec<Head>,
    kind: Kind,
}

/// Finds out what windows have noted of objects that nothing is known of.
pub(crate) fn meet_strangers() {
    let strangers = with(|engine| engine.strangers());
    // Between two turns of the lock: see `trust`.
    let met: Vec<_> = strangers
        .into_iter()
        .map(|stranger| (stranger, stranger.keep()))
        .collect();
    with(|engine| engine.trust.meet(met));
}

impl Engine {
    /// What windows have noted of objects that nothing is known of.
    fn strangers(&self) -> Vec<Stranger> {
        let mut strangers = Vec::new();
        if self.mode() == Mode::Off {
            return strangers;
        }
        for object in &self.objects {
            for (site, details) in object.sites.iter().zip(&object.details) {
                if site.phase() == Phase::Resting || site.route().is_none() {
                    continue;
                }
                let Some(lock) = site.lock() else { continue };
                let Some(profile) = lock.profile() else {
                    continue;
                };
                let unloads = details.as_ref().map_or(0, |one| one.unloads_at_opening);
                // SAFETY: the site's lock is held.
                for seen in unsafe { profile.notes() }.seen() {
                    self.trust.ask(seen.vtable, unloads, &mut strangers);
                    self.trust.ask(seen.table.addr(), unloads, &mut strangers);
                }
            }
        }
        strangers
    }

    /// Re-plans every call site.
    pub(crate) fn retarget(&mut self, by: By) -> Result<Retarget, RetargetError> {
        if self.is_tuning() {
            let sites = self.objects.iter().map(|object| object.sites.len()).sum();
            return Ok(Retarget {
                sites,
                unchanged: sites,
                ..Retarget::default()
            });
        }
        self.passes += 1;
        let mode = self.mode();
        if mode == Mode::Auto || (self.follows.is_some() && mode != Mode::Off) {
            let mut outcome = self.retarget_auto(by)?;
            if let Err(error) = self.retarget_bindings(&mut outcome) {
                return Err(self.fail(error));
            }
            return Ok(outcome);
        }
        self.leave_auto();
        self.resume_published(&mut Retarget::default())?;
        let policy = self.config.policy();
        let registered = registered_shims(&self.objects);
        let mut batch = Batch::default();
        let mut changes = Vec::new();
        let mut outcome = Retarget::default();
        let mut visit = Visit {
            mode,
            policy: &policy,
            publisher: self.patching.publisher(),
            trust: &self.trust,
            spare: &mut self.spare,
            registered: &registered,
            batch: &mut batch,
            outcome: &mut outcome,
            refused: None,
        };
        for (object_index, object) in self.objects.iter_mut().enumerate() {
            let sites = object.sites;
            for (index, site) in sites.iter().enumerate() {
                visit.outcome.sites += 1;
                match visit.site(site, object.details_of(index)) {
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
        if let Err(error) = self.retarget_bindings(&mut outcome) {
            return Err(self.fail(error));
        }
        outcome.unchanged = outcome.sites - outcome.changed - outcome.skipped.total();
        let details = self.objects.iter().flat_map(|object| &object.details);
        let open = details
            .flatten()
            .filter(|one| one.status == Status::Learning);
        outcome.learning = open.count();
        Ok(outcome)
    }

    /// Publishes again what was published before something else was tried.
    fn resume_published(&mut self, outcome: &mut Retarget) -> Result<(), RetargetError> {
        let mut batch = Batch::default();
        let mut changes = Vec::new();
        let Engine {
            resumed,
            objects,
            patching,
            ..
        } = self;
        for one in resumed.drain(..) {
            let Resumption::Published { targets, figures } = one.what else {
                continue;
            };
            let mut of = objects.iter_mut().enumerate();
            let of = of.find(|(_, object)| object.plugin == one.place.plugin);
            let Some((object, of)) = of else { continue };
            let details = of.details_of(one.place.index);
            let chain = targets.iter().filter(|one| one.in_chain);
            let chain: Vec<_> = chain.map(|one| one.target).collect();
            let mut heads = Vec::new();
            if let Some(publisher) = patching.publisher() {
                let prepared = publisher.prepare_all(&mut details.trampolines, &chain, &mut batch);
                // What cannot be any more is learned anew.
                let Ok(prepared) = prepared else { continue };
                heads = prepared;
                if !details.on
                    && publisher
                        .prepare_keys(&details.keys, true, &mut batch)
                        .is_err()
                {
                    continue;
                }
            }
            changes.push(Change {
                object,
                site: one.place.index,
                heads,
                kind: Kind::Publish { figures, targets },
            });
        }
        self.publish(&batch, changes, outcome)
    }

    /// Commits the batch, if there is anything in it and code can be written.
    pub(super) fn commit(&mut self, batch: &Batch) -> Result<(), CommitError> {
        match self.patching.publisher() {
            // SAFETY: batches are prepared under the engine's lock, which is still held;
            // plugins are unloaded under it, after their shims have been retargeted away.
            Some(publisher) if !batch.is_empty() => unsafe { publisher.commit(batch) },
            _ => Ok(()),
        }
    }

    /// Commits the batch and lets the changed sites go on with it.
    fn publish(
        &mut self,
        batch: &Batch,
        changes: Vec<Change>,
        outcome: &mut Retarget,
    ) -> Result<(), RetargetError> {
        let committed = self.commit(batch);
        let failed = committed.is_err();
        for change in changes {
            let object = &mut self.objects[change.object];
            let site = &object.sites[change.site];
            let Some(details) = &mut object.details[change.site] else {
                continue;
            };
            details.lead(change.heads, &committed);
            if failed {
                // Which keys were flipped is not worth asking: on or off, calls are right.
                details.on = true;
                rest(site, details, Resting::Portable);
                continue;
            }
            details.on = !matches!(change.kind, Kind::Off);
            match change.kind {
                Kind::Off => {}
                Kind::Open => {
                    details.status = Status::Learning;
                    learn(site, details, self.config.window, &mut self.spare);
                }
                Kind::Publish { figures, targets } => {
                    outcome.changed += 1;
                    outcome.published += 1;
                    details.retargets += 1;
                    details.last_seen = targets;
                    details.figures = figures;
                    details.status = Status::Published(figures);
                    details.miss_budget = self.config.misses;
                    details.rested = false;
                    details.interval = FIRST_REVIEW;
                    details.wait = FIRST_REVIEW;
                    watch(site, details);
                }
                Kind::Republish { targets } => {
                    details.see_again(targets);
                    details.status = Status::Published(details.figures);
                    // Twice the misses before the next look.
                    details.miss_budget = details.miss_budget.saturating_mul(2).min(1 << 24);
                    details.back_off();
                    watch(site, details);
                }
            }
        }
        committed.map_err(|error| {
            self.see_at_rest(&error.source.at_rest);
            self.fail(error.source)
        })
    }

    /// Takes note of pages that hold nothing of ours any more: heads there are at rest.
    pub(super) fn see_at_rest(&mut self, pages: &std::ops::Range<usize>) {
        let sites = self
            .objects
            .iter_mut()
            .flat_map(|object| &mut object.details);
        let of_sites = sites.flatten().flat_map(|details| &mut details.trampolines);
        let bindings = self
            .bindings
            .iter_mut()
            .flat_map(|binding| &mut binding.trampolines);
        for trampoline in of_sites.chain(bindings.map(|one| &mut one.trampoline)) {
            if pages.contains(&trampoline.at()) {
                trampoline.head = Head::Rest;
            }
        }
    }

    /// The system has refused a step.
    pub(super) fn refuse(&mut self, why: String) {
        #[cfg(feature = "tracing")]
        if matches!(self.patching, super::Patching::Works(_)) {
            self.tell(crate::events::Event::Refused { why: why.clone() });
        }
        self.patching.fail(why);
    }

    /// From here on nothing new is published.
    pub(super) fn fail(&mut self, error: PatchError) -> RetargetError {
        self.refuse(error.to_string());
        RetargetError::Refused {
            step: error.step,
            source: error.source,
        }
    }
}
