//! What guards and chains would take at a site, by the calibration.

use std::cell::OnceCell;

use super::{Candidate, Evidence, order};
use crate::calibrate::{Costs, Mix};

/// How far a site's order of types could be foreseen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Foreseen {
    /// It made no difference.
    #[default]
    NotAsked,
    /// Too few calls, or those of several threads: the worse figure was taken.
    Unknown,
    /// This share of the calls, 0 to 1.
    Share(f32),
}

/// What prices depend on besides who is called.
pub(super) struct Circumstances<'a> {
    evidence: &'a Evidence<'a>,
    /// Found out once, and only if it matters.
    foreseen: OnceCell<Option<f32>>,
}

impl<'a> Circumstances<'a> {
    /// Runs of the same type are long if there are as many calls to a change. Predictors
    /// then see one type at a time: a change in 32 calls costs every variant about as
    /// much.
    const LONG: u32 = 32;

    pub(super) fn of(evidence: &'a Evidence<'a>) -> Self {
        Circumstances {
            evidence,
            foreseen: OnceCell::new(),
        }
    }

    /// What is taken of a plain call's time, if `largest` of `samples` calls are on one
    /// type, and the types in `known` are, in the order in which they are compared;
    /// infinite if nothing was measured.
    pub(super) fn price(
        &self,
        costs: Option<&Costs>,
        largest: u32,
        samples: u32,
        known: &[Candidate],
    ) -> f32 {
        let Evidence {
            samples: all,
            changes,
            ..
        } = self.evidence;
        let known = known.iter().map(|candidate| candidate.count);
        let mut left = samples;
        // All that is left is compared with each.
        let compares: u32 = known
            .map(|count| {
                let compared = left;
                left = left.saturating_sub(count);
                compared
            })
            .sum();
        let mix = Mix {
            largest: share_of(largest, samples),
            coverage: share_of(samples - left, samples),
            compares: share_of(compares, samples),
            long_runs: all / (*changes).max(1) >= Self::LONG,
        };
        let foreseen = || {
            let find = || self.evidence.order.and_then(order::foreseen);
            *self.foreseen.get_or_init(find)
        };
        costs.map_or(f32::INFINITY, |costs| costs.ratio(&mix, foreseen))
    }

    /// What became of the question.
    pub(super) fn foreseen(&self) -> Foreseen {
        match self.foreseen.get() {
            None => Foreseen::NotAsked,
            Some(None) => Foreseen::Unknown,
            Some(Some(share)) => Foreseen::Share(*share),
        }
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "windows are far below 2^24 calls"
)]
pub(super) fn share_of(part: u32, whole: u32) -> f32 {
    part as f32 / whole as f32
}
