//! Plans that are given: by a file, or by `tune`. Where one is, it decides: no windows are
//! opened, nothing is calibrated, and what it does not name stays plain.

use std::collections::HashMap;

use super::given::Given;
use crate::config::Mode;
use crate::costs::Calibration;
use crate::engine::outcome::{ApplyError, Retarget};
use crate::engine::places::{Place, find, numbers};
use crate::engine::resumed::Resumption;
use crate::engine::state::{Details, Resting, Status};
use crate::engine::steps::{close, rest};
use crate::engine::{Engine, LoadedObject};
use crate::life::State;
use crate::measured::{Plan, short_path};
use crate::publish::Batch;
use crate::site::{Site, TRAMPOLINES};
use crate::words::count;

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
        let sites = count(self.entries, "site", "sites");
        write!(formatter, "plan: {source}: {sites}")?;
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

impl Engine {
    /// Lets this plan decide from the next pass on.
    pub(crate) fn follow(&mut self, plan: Plan, source: Option<String>) {
        self.go_by(Follows::new(plan, source));
    }

    fn go_by(&mut self, follows: Follows) {
        #[cfg(feature = "tracing")]
        self.tell(crate::events::Event::Followed {
            source: follows.source.clone(),
            program: follows.plan.program.clone(),
            entries: follows.plan.entries.len(),
        });
        self.leave_auto();
        self.follows = Some(Box::new(follows));
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
        self.go_by(follows);
        Ok(())
    }

    /// Lets windows decide again.
    pub(crate) fn unfollow(&mut self) {
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
                .any(|one| one.as_ref().is_none_or(|one| !one.is_asked));
            if !is_new {
                continue;
            }
            let numbers = numbers(object.sites);
            for (index, number) in numbers.into_iter().enumerate() {
                let site = &object.sites[index];
                let details = object.details_of(index);
                if std::mem::replace(&mut details.is_asked, true) {
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
            if let Some((_, details)) = find(&mut self.objects, place) {
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
            if let Some((_, details)) = find(objects, one.place)
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
