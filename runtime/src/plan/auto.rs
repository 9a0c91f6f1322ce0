//! Plans of the default mode: conservative by what processors do today.
//!
//! A predicted indirect call is as good as free inside a real program, whatever a tight
//! loop says. So a chain is offered only where plain calls are expensive in themselves,
//! which builds with retpolines are recognized by; guards where listed types are what is
//! met. What was measured may say no; it does not say yes by itself.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Candidate, Figures, Guard, Plan};
use crate::costs::Calibration;
use crate::life::{Evidence, NS, Offer, Ps};
use crate::site::{LISTED_IN_SITE, VTABLES};

/// A target that fewer calls are on is not worth its compare.
const LEAST_SHARE: f64 = 0.02;

/// Chains are offered where one takes no more than this of the plain call, on one type.
const CHAINS_PAY_BELOW: f32 = 0.6;

/// Guards in the arm are offered unless they were measured to take more than this on one type,
/// in a loop of one multiplication: what a body gains by being inlined into a program is more
/// than can be seen there, and a jump to the arm and back is what a call and its return are.
const GUARDS_PAY_BELOW: f32 = 1.05;

/// A miss passes the arm's compares, the trampoline and the fallback, beside the call.
const MISS: Ps = 6 * NS;
/// And each type more that it is compared with.
const COMPARE: Ps = NS;

/// A plan, and the share of the evidence that each part knows.
#[derive(Clone, Debug)]
pub(crate) struct Offered {
    pub(crate) plan: Plan,
}

/// Why a site is plain.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Plain {
    /// Nothing is listed there.
    NoList,
    /// Listed types are this share of what is met.
    Listed(f32),
    /// Guards were measured, and take this much of the plain call.
    DoesNotPay(f32),
}

/// What a hit of the guard at a position saves.
fn gain(costs: &Calibration, position: usize) -> Ps {
    if position >= LISTED_IN_SITE {
        return saved(costs, costs.behind);
    }
    let ratio = costs.guard;
    if !ratio.is_some_and(guards_pay) {
        return 0;
    }
    #[allow(clippy::cast_possible_truncation, reason = "some thousands")]
    let least = (costs.plain * 1000.0 / 8.0) as Ps;
    saved(costs, ratio).max(least)
}

/// Whether guards in the arm may be offered.
fn guards_pay(ratio: f32) -> bool {
    ratio <= GUARDS_PAY_BELOW
}

fn saved(costs: &Calibration, ratio: Option<f32>) -> Ps {
    let ratio = ratio.unwrap_or(f32::INFINITY);
    if !Calibration::pays(ratio) {
        return 0;
    }
    #[allow(clippy::cast_possible_truncation, reason = "some thousands")]
    let saved = (costs.plain * 1000.0 * (1.0 - ratio)) as Ps;
    saved
}

/// What a hit saves at most.
pub(crate) fn best_gain(costs: &Calibration) -> Ps {
    gain(costs, 0).max(saved(costs, costs.chain)).max(NS / 4)
}

/// Whether a chain may be offered.
pub(crate) fn chains_pay(costs: &Calibration, capacity: usize) -> bool {
    capacity > 0 && costs.chain.is_some_and(|ratio| ratio <= CHAINS_PAY_BELOW)
}

/// What a chain of so many targets takes of the plain call's time.
fn chain_ratio(costs: &Calibration, targets: usize) -> Option<f32> {
    match targets {
        0 => None,
        1 => costs.chain,
        _ => Some(f32::max(costs.chain?, costs.chain_mixed?)),
    }
}

/// The best plan for what was met, and what it is worth.
pub(crate) fn offer<'a>(
    known: impl Iterator<Item = &'a Candidate>,
    evidence: &Evidence,
    capacity: usize,
    costs: &Calibration,
) -> Option<(Offered, Offer)> {
    let mut met: Vec<_> = known
        .filter_map(|one| Some((evidence.share(one.target.vtable)?, *one)))
        .collect();
    met.sort_by(|a, b| {
        let by_share = b.0.total_cmp(&a.0);
        by_share.then(a.1.target.vtable.cmp(&b.1.target.vtable))
    });
    let mut plan = Plan::default();
    let (mut hits, mut gains, mut furthest) = (0.0, 0.0, 0);
    for (share, one) in &met {
        let Some(key) = one.key else { continue };
        let of_type = plan.guards.iter().filter(|guard| guard.key == key).count();
        let saved = gain(costs, key);
        if of_type == VTABLES || saved == 0 {
            continue;
        }
        plan.guards.push(Guard {
            key,
            target: one.target,
        });
        hits += share;
        #[allow(clippy::cast_precision_loss, reason = "some thousands")]
        let saved = saved as f64;
        gains += share * saved;
        furthest = furthest.max(key);
    }
    // The order in which they are compared is the source's.
    plan.guards
        .sort_by_key(|guard| (guard.key, guard.target.vtable));
    if chains_pay(costs, capacity) {
        let (mut chained, mut saved_each) = (0.0, 0);
        for (share, one) in &met {
            let is_guarded = plan.guards.iter().any(|guard| guard.target == one.target);
            let saved = saved(costs, chain_ratio(costs, plan.chain.len() + 1));
            if plan.chain.len() < capacity && !is_guarded && *share >= LEAST_SHARE && saved > 0 {
                plan.chain.push(one.target);
                chained += share;
                saved_each = saved;
            }
        }
        hits += chained;
        #[allow(clippy::cast_precision_loss, reason = "some thousands")]
        let saved_each = saved_each as f64;
        gains += chained * saved_each;
        plan.chain.sort_by_key(|target| target.vtable);
    }
    if hits <= 0.0 {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, reason = "some thousands")]
    let gain = (gains / hits) as Ps;
    let compares = plan.chain.len() + furthest;
    let compares = Ps::try_from(compares).unwrap_or(Ps::MAX);
    let offer = Offer {
        plan: name_of(&plan),
        hits: f64::min(hits, 1.0),
        gain,
        miss: MISS + compares * COMPARE,
        publish: 0,
    };
    Some((Offered { plan }, offer))
}

/// What a plan is worth that was measured: which share of the calls it knows, and what one of
/// those saves.
pub(crate) fn given(plan: &Plan, hits: f64, saves: f64) -> Offer {
    let furthest = plan.guards.iter().map(|guard| guard.key).max().unwrap_or(0);
    let compares = Ps::try_from(plan.chain.len() + furthest).unwrap_or(Ps::MAX);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "some thousands"
    )]
    let gain = saves.clamp(NS as f64 / 4.0, 1000.0 * NS as f64) as Ps;
    Offer {
        plan: name_of(plan),
        hits: hits.clamp(0.0, 1.0),
        gain,
        miss: MISS + compares * COMPARE,
        publish: 0,
    }
}

/// A number that differs where plans do.
pub(crate) fn name_of(plan: &Plan) -> u64 {
    let mut hasher = DefaultHasher::new();
    for guard in &plan.guards {
        (guard.key, guard.target).hash(&mut hasher);
    }
    plan.chain.hash(&mut hasher);
    hasher.finish()
}

/// The share of the evidence that a plan knows.
pub(crate) fn hits(plan: &Plan, evidence: &Evidence) -> f64 {
    let guards = plan.guards.iter().map(|guard| guard.target.vtable);
    let all = guards.chain(plan.chain.iter().map(|target| target.vtable));
    all.filter_map(|vtable| evidence.share(vtable)).sum()
}

#[allow(clippy::cast_possible_truncation, reason = "shares")]
impl Offered {
    /// For the report.
    pub(crate) fn figures(&self, evidence: &Evidence) -> Figures {
        let share = |vtable| evidence.share(vtable).unwrap_or(0.0);
        let guards = self.plan.guards.iter();
        let guarded: f64 = guards.map(|guard| share(guard.target.vtable)).sum();
        let chain = self.plan.chain.iter();
        let chained: f64 = chain.map(|target| share(target.vtable)).sum();
        Figures {
            guarded: guarded as f32,
            chained: chained as f32,
        }
    }
}

/// Why nothing is on.
pub(crate) fn why_plain<'a>(
    known: impl Iterator<Item = &'a Candidate>,
    evidence: &Evidence,
    has_list: bool,
    costs: &Calibration,
) -> Plain {
    if !has_list {
        return Plain::NoList;
    }
    let ratio = costs.guard.unwrap_or(f32::INFINITY);
    if !guards_pay(ratio) {
        return Plain::DoesNotPay(ratio);
    }
    let listed = known.filter(|one| one.key.is_some());
    let listed: f64 = listed
        .filter_map(|one| evidence.share(one.target.vtable))
        .sum();
    #[allow(clippy::cast_possible_truncation, reason = "a share")]
    Plain::Listed(listed as f32)
}

#[cfg(test)]
mod tests;
