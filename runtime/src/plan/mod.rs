//! The planner: from what a window saw to a chain, or to none.
//!
//! [`decide`] is a pure function, so every rule here is tested without running
//! a single call. The rules, and where they come from:
//!
//! - A chain holds at most `targets` implementations, the most frequent first.
//! - A target must be worth its compare: at least [`Policy::minimum_share`] of the
//!   calls, as LLVM's indirect call promotion asks 5 % and the kernel's dynamic
//!   calls a quarter.
//! - Together they must cover [`Policy::minimum_coverage`] of the calls; a site
//!   more mixed than that is left to the vtable ("megamorphic", as JITs say).
//! - Hysteresis: another chain replaces the published one only if it covers
//!   [`Policy::margin`] more of what the window saw.
//! - If all implementations registered for the trait fit, no window is needed, as
//!   long as no other was met and no chain is to be replaced.
//! - In [`Mode::Auto`](crate::config::Mode) a chain must pay on this processor: the
//!   calibration's ratio for a mix of this kind must be below one by a margin.

use crate::arch::Target;
use crate::calibrate::Calibration;

/// What the planner knows of a site.
pub(crate) struct Evidence<'a> {
    /// Distinct vtables with their number of calls.
    pub(crate) seen: &'a [Candidate],
    /// Calls recorded, those on vtables that are not in `seen` included.
    pub(crate) samples: u32,
    /// Every implementation registered for the trait.
    pub(crate) registered: &'a [Target],
    /// The published chain; empty if there is none.
    pub(crate) current: &'a [Target],
    /// Chain capacity, as declared.
    pub(crate) capacity: usize,
}

/// One vtable that a site may compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) target: Target,
    pub(crate) count: u32,
}

/// The planner's numbers, from `runtime::Config`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) minimum_samples: u32,
    /// Share of the calls below which a target is left out, 0 to 1.
    pub(crate) minimum_share: f32,
    /// Share of the calls that a chain must cover, 0 to 1.
    pub(crate) minimum_coverage: f32,
    /// By how much another chain must cover more, 0 to 1.
    pub(crate) margin: f32,
    /// What chains cost here; [`None`] plans as if they always paid.
    pub(crate) calibration: Option<Calibration>,
}

/// What is to become of a site.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decision {
    /// Too little was seen to say; go on.
    Wait,
    /// Compare with these, in this order.
    Publish {
        targets: Vec<Target>,
        /// Share of the recorded calls that they cover.
        coverage: f32,
    },
    /// The published chain is as good as any.
    Keep,
    /// Leave the calls to the vtable.
    Rest(Rest),
}

/// Why a site's calls are left to the vtable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rest {
    /// The best chain would cover only this share of the calls.
    Mixed { coverage: f32 },
    /// A chain would take this many times as long as the plain call.
    DoesNotPay { ratio: f32 },
}

/// Decides about one site.
pub(crate) fn decide(evidence: &Evidence<'_>, policy: &Policy) -> Decision {
    if evidence.samples < policy.minimum_samples {
        return if policy.calibration.is_none() && registered_are_all(evidence) {
            Decision::Publish {
                targets: evidence.registered.to_vec(),
                coverage: 1.0,
            }
        } else {
            Decision::Wait
        };
    }
    let samples = share_of(evidence.samples, 1);
    let mut ranked: Vec<_> = evidence.seen.to_vec();
    // The address breaks ties, so that equal evidence gives equal chains.
    ranked.sort_by_key(|candidate| (std::cmp::Reverse(candidate.count), candidate.target.vtable));
    ranked.truncate(evidence.capacity);
    ranked.retain(|candidate| share_of(candidate.count, 1) / samples >= policy.minimum_share);
    let covered: u32 = ranked.iter().map(|candidate| candidate.count).sum();
    let coverage = share_of(covered, evidence.samples);
    if ranked.is_empty() || coverage < policy.minimum_coverage {
        return Decision::Rest(Rest::Mixed { coverage });
    }
    if let Some(calibration) = &policy.calibration {
        let ratio = calibration.ratio(share_of(ranked[0].count, evidence.samples), coverage);
        if ratio > Calibration::PAYS_BELOW {
            return Decision::Rest(Rest::DoesNotPay { ratio });
        }
    }
    let targets = ranked.iter().map(|candidate| candidate.target).collect();
    publish_or_keep(targets, coverage, evidence, policy.margin)
}

/// Whether what is registered fits a chain, and nothing speaks against it yet: no
/// call on another vtable, and no chain that was learned or that has had misses.
fn registered_are_all(evidence: &Evidence<'_>) -> bool {
    let registered = evidence.registered;
    let met = |candidate: &Candidate| registered.contains(&candidate.target);
    !registered.is_empty()
        && registered.len() <= evidence.capacity
        && evidence.current.is_empty()
        && evidence.seen.iter().all(met)
}

/// Hysteresis: the published chain stays unless the new one is better by the margin.
fn publish_or_keep(
    targets: Vec<Target>,
    coverage: f32,
    evidence: &Evidence<'_>,
    margin: f32,
) -> Decision {
    if targets == evidence.current {
        return Decision::Keep;
    }
    if !evidence.current.is_empty() {
        let covered_now: u32 = evidence
            .seen
            .iter()
            .filter(|candidate| evidence.current.contains(&candidate.target))
            .map(|candidate| candidate.count)
            .sum();
        if coverage < share_of(covered_now, evidence.samples) + margin {
            return Decision::Keep;
        }
    }
    Decision::Publish { targets, coverage }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "windows are far below 2^24 calls"
)]
fn share_of(part: u32, whole: u32) -> f32 {
    part as f32 / whole as f32
}

#[cfg(test)]
mod tests;
