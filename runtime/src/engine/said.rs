//! What was told of each site, for `tracing`: it is told of again when it does something else.

use super::Engine;
use super::auto::Auto;
use super::state::{Details, Resting, Status};
use crate::costs::Calibration;
use crate::plan::auto::{Plain, name_of, why_plain};
use crate::site::Site;

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

/// A site that does something else than when it was told of last.
pub(crate) struct News<'a> {
    pub(crate) site: &'static Site,
    pub(crate) details: &'a Details,
    pub(crate) plugin: Option<u64>,
    pub(crate) says: Said,
    pub(crate) was_on: bool,
}

impl Engine {
    /// What there is to tell of sites, each in what `words` make of it.
    pub(crate) fn news<T>(&mut self, words: impl Fn(&News<'_>) -> T) -> Vec<T> {
        let mut news = Vec::new();
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
                news.push(words(&News {
                    site,
                    details,
                    plugin: object.plugin,
                    says,
                    was_on,
                }));
            }
        }
        news
    }
}
