//! One pass over the sites' lives: what the machine asks for is prepared, committed in one
//! batch, and noted as far as it was done.

use super::Auto;
use super::scene::get;
use crate::engine::Engine;
use crate::engine::outcome::{Retarget, RetargetError};
use crate::engine::places::Place;
use crate::engine::state::{Details, Resting, Status};
use crate::engine::visit::describe;
use crate::life::{Act, By, Rules, State};
use crate::os::PatchError;
use crate::plan::auto;
use crate::publish::{Batch, CommitError, Head, PrepareError};
use crate::site::TRAMPOLINES;
use crate::window::Block;

/// Windows that a site gets which nothing can be switched on for: its types are in the
/// report then, and there is enough of them for advice.
const CURIOUS: u32 = 8;

/// What is to be done at once, and for whom.
#[derive(Default)]
struct Prepared {
    batch: Batch,
    /// Where the heads of these sites, by the machine's numbers, lead once it is done.
    heads: Vec<(usize, Vec<Head>)>,
    /// Sites whose keys were on without a life that wants them so.
    stuck: Vec<(usize, usize)>,
    /// Sites, by the machine's numbers, whose code cannot be prepared.
    unpatchable: Vec<(usize, String)>,
    /// What the system refused first.
    refused: Option<PatchError>,
}

impl Engine {
    /// A pass over the sites' lives.
    pub(in crate::engine) fn retarget_auto(&mut self, by: By) -> Result<Retarget, RetargetError> {
        let mut outcome = Retarget::default();
        let costs = self.costs();
        if self.auto.as_ref().is_some_and(|auto| auto.clock.is_late()) {
            self.leave_auto();
        }
        let can_patch = self.patching.publisher().is_some();
        let auto = (self.auto).get_or_insert_with(|| Box::new(Auto::new(costs, Rules::STANDARD)));
        if self.follows.is_some() {
            self.settle_by_plan(&mut outcome, can_patch);
            self.meet_planned();
        } else {
            for object in &mut self.objects {
                let plugin = object.plugin;
                for index in 0..object.sites.len() {
                    outcome.sites += 1;
                    let details = object.details_of(index);
                    settle(auto, Place { plugin, index }, details, can_patch);
                }
            }
            self.resume_lives();
        }
        let acts = self.lives().map(|(life, clock, mut scene)| {
            let now = clock.now();
            life.pass(by, now, &mut scene).to_vec()
        });
        let acts = acts.unwrap_or_default();
        let mut prepared = self.prepare(&acts, &mut outcome);
        self.prepare_stuck(&mut prepared);
        let committed = self.commit(&prepared.batch);
        let refused = prepared.refused.take();
        self.note(&acts, prepared, &committed);
        self.lives_flipped();
        let at_rest = committed.err().map(|error| error.source);
        if let Some(error) = &at_rest {
            self.see_at_rest(&error.at_rest);
        }
        if let Some(error) = refused.or(at_rest) {
            self.leave_auto();
            return Err(self.fail(error));
        }
        self.count(&mut outcome);
        Ok(outcome)
    }

    /// Switches what needs no code to be written, and prepares the rest.
    fn prepare(&mut self, acts: &[Act], outcome: &mut Retarget) -> Prepared {
        let mut prepared = Prepared::default();
        let Some(auto) = self.auto.as_deref() else {
            return prepared;
        };
        for act in acts {
            let number = number_of(*act);
            let Some((site, details)) = get(&mut self.objects, &auto.places, number) else {
                continue;
            };
            let publisher = self.patching.publisher();
            let batch = &mut prepared.batch;
            let leads = match act {
                Act::Publish(_) => {
                    // While the key is off nobody looks there.
                    details.guard(site, &mut self.spare);
                    publisher.map_or(Ok(None), |publisher| details.prepare_plan(publisher, batch))
                }
                Act::KeyOn(_) => {
                    let opens = matches!(auto.life.state(number), State::Open { .. });
                    if opens {
                        details.open(site, &mut self.spare);
                        outcome.reopened += 1;
                    } else {
                        outcome.published += 1;
                    }
                    site.switch(true);
                    publisher.map_or(Ok(None), |publisher| {
                        // What a chain knows would be missing in a window.
                        let rest = if opens {
                            details.prepare_rest(publisher, batch)?
                        } else {
                            None
                        };
                        details.prepare_key(publisher, true, batch)?;
                        Ok(rest)
                    })
                }
                Act::KeyOff(_) => {
                    site.switch(false);
                    details.went_off(outcome);
                    publisher.map_or(Ok(None), |publisher| {
                        details.prepare_key(publisher, false, batch)?;
                        Ok(None)
                    })
                }
            };
            match leads {
                Ok(Some(leads)) => prepared.heads.push((number, leads)),
                Ok(None) => {}
                Err(PrepareError::Patch(error)) if error.is_refusal() => {
                    prepared.refused.get_or_insert(error);
                }
                Err(error) => prepared.unpatchable.push((number, describe(&error))),
            }
        }
        prepared
    }

    /// Prepares to flip the keys back that a calling thread could not.
    fn prepare_stuck(&mut self, prepared: &mut Prepared) {
        let Some(auto) = self.auto.as_deref() else {
            return;
        };
        let Some(publisher) = self.patching.publisher() else {
            return;
        };
        for (object, of) in self.objects.iter_mut().enumerate() {
            for (index, details) in of.details.iter_mut().enumerate() {
                let Some(details) = details else { continue };
                let is_off = details
                    .life
                    .is_none_or(|life| matches!(auto.life.state(life), State::Off | State::Gone));
                if details.on
                    && is_off
                    && details
                        .prepare_key(publisher, false, &mut prepared.batch)
                        .is_ok()
                {
                    prepared.stuck.push((object, index));
                }
            }
        }
    }

    /// Notes what of it is done.
    fn note(&mut self, acts: &[Act], prepared: Prepared, committed: &Result<(), CommitError>) {
        let Some(auto) = self.auto.as_deref_mut() else {
            return;
        };
        for (number, heads) in prepared.heads {
            if let Some((_, details)) = get(&mut self.objects, &auto.places, number) {
                details.lead(heads, committed);
            }
        }
        if committed.is_err() {
            // Which keys were flipped is not worth asking: on or off, calls are right.
            for act in acts {
                if let Some((_, details)) = get(&mut self.objects, &auto.places, number_of(*act)) {
                    details.on = true;
                }
            }
            for (object, index) in prepared.stuck {
                self.objects[object].details_of(index).on = true;
            }
        }
        for (number, why) in prepared.unpatchable {
            if let Some((site, details)) = get(&mut self.objects, &auto.places, number) {
                site.switch(false);
                site.put(Block::PLAIN);
                details.status = Status::Resting(Resting::Unpatchable(why));
                auto.remove(details);
            }
        }
    }

    /// What sites are at after the pass.
    fn count(&self, outcome: &mut Retarget) {
        let Some(auto) = self.auto.as_deref() else {
            return;
        };
        for object in &self.objects {
            for details in object.details.iter().flatten() {
                let Some(number) = details.life else {
                    let is_absent = details.status == Status::Resting(Resting::Absent);
                    outcome.skipped.never_called += usize::from(is_absent);
                    continue;
                };
                match auto.life.state(number) {
                    State::Open { .. } => outcome.skipped.learning += 1,
                    State::Off if details.opened == 0 => outcome.waiting += 1,
                    _ => {}
                }
            }
        }
        outcome.learning = outcome.skipped.learning;
        let counted = outcome.skipped.total() + outcome.published + outcome.switched_off;
        outcome.unchanged = outcome.sites.saturating_sub(counted);
        // Where windows were opened, sites are learning.
        outcome.changed = outcome.published + outcome.switched_off;
    }
}

fn number_of(act: Act) -> usize {
    match act {
        Act::Publish(number) | Act::KeyOn(number) | Act::KeyOff(number) => number,
    }
}

/// Gives a site a life, or takes it, by whether anything could be switched on there.
fn settle(auto: &mut Auto, place: Place, details: &mut Details, can_patch: bool) {
    let may_live = !matches!(
        details.status,
        Status::Resting(Resting::Absent | Resting::Unpatchable(_))
    ) && (can_patch || !TRAMPOLINES);
    if !may_live {
        if TRAMPOLINES && !can_patch && details.status == Status::Resting(Resting::New) {
            details.status = Status::Resting(Resting::Portable);
        }
        return;
    }
    let can_gain = details.route.is_none()
        || details.listed().is_some()
        || auto::chains_pay(&auto.costs, details.capacity());
    let is_known = !can_gain && details.windows >= CURIOUS;
    match details.life {
        None if !is_known => auto.add(place, details),
        Some(number) if is_known && auto.life.state(number) == State::Off => {
            auto.describe(details);
            auto.remove(details);
        }
        _ => {}
    }
}
