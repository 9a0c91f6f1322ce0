//! What became of sites in a pass, for `tracing`: a site is told of when it does something
//! else than when it was told of last.

use super::auto::Auto;
use super::state::{Details, Resting, Status};
use super::{Engine, Patching, Retarget};
use crate::config::Mode;
use crate::costs::Calibration;
use crate::events::{Event, SiteName, listens};
use crate::plan::auto::{Plain, name_of, why_plain};
use crate::report::{Backend, SiteReport};

/// What was told of a site last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Said {
    #[default]
    Nothing,
    /// This plan is on.
    On(u64),
    /// It is off, and another one may come.
    Off,
    /// Nothing will be on, as far as is known.
    Plain,
    Unpatchable,
}

impl Details {
    /// What is to be told, if that is not what was.
    fn says(&self, auto: Option<&Auto>) -> Said {
        let was_on = matches!(self.said, Said::On(_));
        if let (Some(auto), Some(number)) = (auto, self.life) {
            return match &self.published {
                // A given plan is entered before any of its types is met.
                Some(published) if auto.is_on(number) && !published.plan.is_empty() => {
                    Said::On(name_of(&published.plan))
                }
                _ if was_on => Said::Off,
                _ if self.said == Said::Nothing && self.is_left_plain(auto, number) => Said::Plain,
                _ => self.said,
            };
        }
        match &self.status {
            Status::Published(_) => Said::On(name_of(&self.current())),
            Status::Resting(Resting::Unpatchable(_)) => Said::Unpatchable,
            Status::Resting(Resting::Planned(_) | Resting::Lives(_)) => Said::Plain,
            Status::Resting(_) if was_on => Said::Off,
            // Until it is decided.
            Status::Learning | Status::Resting(_) => self.said,
        }
    }

    fn is_left_plain(&self, auto: &Auto, number: usize) -> bool {
        let (evidence, costs): (_, &Calibration) = auto.knows(number);
        let known = self.known.iter().map(|(one, _)| one);
        let has_list = self.listed().is_some();
        evidence.weight() > 0.0
            && !matches!(
                why_plain(known, evidence, has_list, costs),
                Plain::Listed(_)
            )
    }
}

impl Engine {
    /// Notes what a pass has done, to be told when the lock is given back.
    pub(super) fn announce(&mut self, outcome: Option<Retarget>) {
        if !self.introduced && self.mode() != Mode::Off {
            self.introduced = true;
            if let Some(error) = self.environment_error() {
                let why = error.to_string();
                self.tell(Event::Environment {
                    variable: "STATIC_CALL",
                    why,
                });
            }
            if let Patching::Unavailable { reason } = &self.patching {
                let why = reason.clone();
                self.tell(if crate::site::TRAMPOLINES {
                    Event::Refused { why }
                } else {
                    Event::Portable { why }
                });
            }
        }
        if let Some(outcome) = outcome
            && outcome.reopened > 0
        {
            self.tell(Event::Learning {
                sites: outcome.reopened,
            });
        }
        if !listens(tracing::Level::DEBUG) {
            return;
        }
        let mut events = Vec::new();
        let backend = Backend::of(self).name();
        let auto = self.auto.as_deref();
        for object in &mut self.objects {
            for (site, details) in object.sites.iter().zip(&mut object.details) {
                let Some(details) = details else { continue };
                let says = details.says(auto);
                if says == details.said {
                    continue;
                }
                let was_on = matches!(details.said, Said::On(_));
                details.said = says;
                if let Some(auto) = auto {
                    auto.describe(details);
                }
                let row = SiteReport::of(site, Some(details), object.plugin, backend);
                let (method, types, why) = (row.full_method(), row.types(), row.why);
                let site = SiteName {
                    location: row.location,
                    method,
                    plugin: object.plugin,
                };
                events.push(match says {
                    Said::On(_) => Event::Applied {
                        site,
                        plan: row.state.name(),
                        types,
                        why,
                    },
                    _ => Event::Plain {
                        site,
                        what: match says {
                            Said::Unpatchable => "a call cannot be patched",
                            _ if was_on => "a plan is off",
                            _ => "a call is left plain",
                        },
                        why,
                    },
                });
            }
        }
        for event in events {
            self.tell(event);
        }
    }
}
