//! What was on before something else was tried, to go on with it.

use std::ops::Range;

use super::Engine;
use super::places::Place;
use super::state::{Published, Status};
use crate::life::{Offer, Past};
use crate::plan::auto::Offered;
use crate::plan::{Candidate, Figures};

/// One site's plan.
pub(super) struct Resumed {
    pub(super) place: Place,
    pub(super) what: Resumption,
}

/// By mode.
pub(super) enum Resumption {
    /// A site that lives.
    Lives {
        offered: Offered,
        offer: Offer,
        known: Vec<(Candidate, &'static str)>,
        past: Box<Past>,
    },
    /// One that does not.
    Published {
        targets: Vec<Published>,
        figures: Figures,
    },
}

impl Resumed {
    /// Whether it is of this plugin, or names something in it.
    pub(super) fn leads_into(&self, plugin: u64, range: &Range<usize>) -> bool {
        let names = |target: &crate::arch::Target| {
            range.contains(&target.vtable) || range.contains(&target.shim)
        };
        self.place.plugin == Some(plugin)
            || match &self.what {
                Resumption::Lives { known, .. } => known.iter().any(|one| names(&one.0.target)),
                Resumption::Published { targets, .. } => {
                    targets.iter().any(|one| names(&one.target))
                }
            }
    }
}

impl Engine {
    /// What is on. Where a given plan decides there is nothing to remember: it stays given.
    pub(super) fn running_plans(&self) -> Vec<Resumed> {
        let mut running = Vec::new();
        if self.follows.is_some() {
            return running;
        }
        for object in &self.objects {
            let details = object.details.iter().enumerate();
            for (index, details) in details.filter_map(|(at, one)| Some((at, one.as_deref()?))) {
                let what = if let Some(number) = details.life {
                    self.living(number, details)
                } else if let Status::Published(figures) = details.status {
                    Some(Resumption::Published {
                        targets: details.last_seen.clone(),
                        figures,
                    })
                } else {
                    None
                };
                let place = Place {
                    plugin: object.plugin,
                    index,
                };
                running.extend(what.map(|what| Resumed { place, what }));
            }
        }
        running
    }
}
