//! What a site's life does there: windows, guards, chains, and rows of the report.

use crate::costs::Calibration;
use crate::engine::evidence::{Names, shown};
use crate::engine::outcome::Retarget;
use crate::engine::state::{Details, Published, Resting, Status};
use crate::engine::steps::{fresh, guards_off, guards_on};
use crate::life::{Evidence, NS, Ps};
use crate::os;
use crate::plan::Candidate;
use crate::plan::auto::{self, Offered};
use crate::profile::Profile;
use crate::publish::{Batch, Head, PrepareError, Publisher};
use crate::registry::MethodDeclaration;
use crate::site::{Site, TRAMPOLINES};

impl Details {
    /// How many targets a chain may have.
    pub(in crate::engine) fn capacity(&self) -> usize {
        if !TRAMPOLINES {
            return 0;
        }
        let method = self.route.and_then(|route| {
            let methods = route.declaration.methods();
            methods.get(route.method)
        });
        method.map_or(0, MethodDeclaration::targets)
    }

    /// A window: nothing is caught, and all is noted.
    pub(super) fn open(&mut self, site: &'static Site, spare: &mut Vec<&'static Profile>) {
        self.published = None;
        self.opened = self.opened.saturating_add(1);
        guards_off(site, self);
        self.unloads_at_opening = os::objects::unload_count();
        let profile = fresh(spare);
        if let Some(lock) = site.lock() {
            lock.live();
            spare.extend(lock.replace(Some(profile)));
        }
    }

    /// Switches the guards of the plan on that was offered, and has its misses noted.
    pub(super) fn guard(&mut self, site: &'static Site, spare: &mut Vec<&'static Profile>) {
        let Some(offered) = &self.offered else { return };
        guards_on(site, self, offered.plan.guards.clone());
        self.unloads_at_opening = os::objects::unload_count();
        if let Some(lock) = site.lock() {
            lock.live();
            match lock.profile() {
                // What it holds is of the last time, before objects were unloaded, perhaps.
                // SAFETY: the site's lock is held.
                Some(profile) => unsafe { profile.notes() }.clear(),
                None => {
                    lock.replace(Some(fresh(spare)));
                }
            }
        }
        self.published = Some(offered.clone());
    }

    /// Adds to the batch what leads the trampolines to the offered plan's chain.
    pub(super) fn prepare_plan(
        &mut self,
        publisher: &mut Publisher,
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

    /// Adds to the batch what flips the keys, if they are not so.
    pub(super) fn prepare_key(
        &mut self,
        publisher: &mut Publisher,
        on: bool,
        batch: &mut Batch,
    ) -> Result<(), PrepareError> {
        if self.on != on {
            publisher.prepare_keys(&self.keys, on, batch)?;
        }
        self.on = on;
        Ok(())
    }

    /// Adds to the batch what puts the heads to rest, if they are not.
    pub(super) fn prepare_rest(
        &mut self,
        publisher: &mut Publisher,
        batch: &mut Batch,
    ) -> Result<Option<Vec<Head>>, PrepareError> {
        if self.trampolines.iter().all(|one| one.head == Head::Rest) {
            return Ok(None);
        }
        publisher
            .prepare_all(&mut self.trampolines, &[], batch)
            .map(Some)
    }

    pub(super) fn went_off(&mut self, outcome: &mut Retarget) {
        if self.published.take().is_some() {
            outcome.switched_off += 1;
            self.retargets += 1;
        }
    }

    pub(super) fn forget_life(&mut self) {
        self.offered = None;
        self.published = None;
        self.opened = 0;
        self.every = None;
        self.status = Status::Resting(Resting::New);
        self.wait = 0;
    }

    /// Of how many calls it is known what they met, and how soon they follow each other.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "some thousands of calls, and times that are shown"
    )]
    pub(super) fn see(&mut self, evidence: &Evidence, every: Option<Ps>) {
        self.weight = evidence.weight() as f32;
        self.every = every.map(|every| every as f32 / NS as f32);
    }

    /// What is on.
    pub(super) fn show(&mut self, evidence: &Evidence) {
        let Some(published) = &self.published else {
            return;
        };
        self.status = Status::Published(published.figures(evidence));
        self.last_seen = self.seen(evidence, Some(published));
    }

    /// What was met while nothing is on.
    pub(super) fn show_plain(&mut self, evidence: &Evidence, costs: &Calibration) {
        self.last_seen = self.seen(evidence, None);
        if evidence.weight() == 0.0 {
            return;
        }
        let known = self.known.iter().map(|(one, _)| one);
        let why = auto::why_plain(known, evidence, self.listed().is_some(), costs);
        self.status = Status::Resting(Resting::Lives(why));
    }

    fn seen(&self, evidence: &Evidence, offered: Option<&Offered>) -> Vec<Published> {
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
            Some(Candidate { count, ..*one })
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
