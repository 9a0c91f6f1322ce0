//! The planner: from what a window saw to guards and a chain, or to neither.
//!
//! [`decide`] is a pure function, so every rule here is tested without running
//! a single call. The rules, and where they come from:
//!
//! - A chain holds at most `targets` implementations, the most frequent first.
//! - A target, or a guard, must be worth its compare: at least
//!   [`Policy::minimum_share`] of the calls, as LLVM's indirect call promotion asks
//!   5 % and the kernel's dynamic calls a quarter.
//! - A chain must cover [`Policy::minimum_coverage`] of the calls that reach it; a
//!   site more mixed than that is left to the vtable ("megamorphic", as JITs say).
//! - Guards come first: what they know never reaches the chain, so the chain is
//!   planned from the calls that are left, if enough are left.
//! - Hysteresis: another plan replaces the published one only if it covers
//!   [`Policy::margin`] more of what the window saw, or is of another kind.
//! - If all implementations registered for the trait fit, no window is needed, as
//!   long as no other was met, no chain is to be replaced, and no type is listed.
//!
//! So it is in [`Mode::Always`](crate::config::Mode), which publishes what suits a mix
//! whatever it costs. The default mode has a planner of its own, [`auto`].

use crate::arch::Target;
use crate::site::VTABLES;

pub(crate) mod auto;

/// What the planner knows of a site.
pub(crate) struct Evidence<'a> {
    /// Distinct vtables with their number of calls.
    pub(crate) seen: &'a [Candidate],
    /// Calls recorded, those on vtables that are not in `seen` included.
    pub(crate) samples: u32,
    /// Every implementation registered for the trait.
    pub(crate) registered: &'a [Target],
    /// What is published; empty if nothing is.
    pub(crate) current: &'a Plan,
    /// Chain capacity, as declared; 0 where no chain can be published.
    pub(crate) capacity: usize,
    /// Whether the call lists types to inline.
    pub(crate) has_guards: bool,
}

/// One vtable that a site may compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) target: Target,
    pub(crate) count: u32,
    /// Index of the key that may hold this vtable, if its type is listed.
    pub(crate) key: Option<usize>,
}

/// What a site compares with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// In the arm, inlined.
    pub(crate) guards: Vec<Guard>,
    /// Behind them, in this order.
    pub(crate) chain: Vec<Target>,
}

/// A guard that is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    /// Index of its key.
    pub(crate) key: usize,
    pub(crate) target: Target,
}

impl Plan {
    pub(crate) fn is_empty(&self) -> bool {
        self.guards.is_empty() && self.chain.is_empty()
    }

    /// The same guards in the order of what another window saw. Which one is looked
    /// for first is no matter of hysteresis: no code is patched for it.
    pub(crate) fn ranked(mut self, seen: &[Candidate]) -> Plan {
        let count = |guard: &Guard| {
            let mut same = seen.iter().filter(|one| one.target == guard.target);
            same.next().map_or(0, |one| one.count)
        };
        self.guards
            .sort_by_key(|guard| std::cmp::Reverse(count(guard)));
        self
    }

    fn knows(&self, target: &Target) -> bool {
        self.chain.contains(target) || self.guards.iter().any(|guard| guard.target == *target)
    }

    /// Whether both have guards or neither, and both a chain or neither.
    fn is_of_the_kind_of(&self, other: &Plan) -> bool {
        self.guards.is_empty() == other.guards.is_empty()
            && self.chain.is_empty() == other.chain.is_empty()
    }
}

/// The planner's numbers, from `runtime::Config`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) minimum_samples: u32,
    /// Share of the calls below which a target is left out, 0 to 1.
    pub(crate) minimum_share: f32,
    /// Share of the calls that a chain must cover, 0 to 1.
    pub(crate) minimum_coverage: f32,
    /// By how much another plan must cover more, 0 to 1.
    pub(crate) margin: f32,
}

/// What is to become of a site.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decision {
    /// Too little was seen to say; go on.
    Wait,
    /// Compare with these.
    Publish {
        plan: Plan,
        /// On what grounds.
        figures: Figures,
    },
    /// What is published is as good as anything.
    Keep,
    /// Leave the calls to the vtable.
    Rest(Rest),
}

/// The figures that a decision rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    /// Share of the calls that the guards know.
    pub(crate) guarded: f32,
    /// Share of the calls that the chain knows.
    pub(crate) chained: f32,
}

/// Why a site's calls are left to the vtable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rest {
    /// The best chain would cover only this share of the calls.
    Mixed { coverage: f32 },
}

/// Decides about one site.
pub(crate) fn decide(evidence: &Evidence<'_>, policy: &Policy) -> Decision {
    if evidence.samples < policy.minimum_samples {
        return if registered_are_all(evidence) {
            Decision::Publish {
                plan: Plan {
                    guards: Vec::new(),
                    chain: evidence.registered.to_vec(),
                },
                figures: Figures {
                    chained: 1.0,
                    ..Figures::default()
                },
            }
        } else {
            Decision::Wait
        };
    }
    let mut ranked: Vec<_> = evidence.seen.to_vec();
    // The address breaks ties, so that equal evidence gives equal plans.
    ranked.sort_by_key(|candidate| (std::cmp::Reverse(candidate.count), candidate.target.vtable));
    let guards = guards(&ranked, evidence.samples, policy);
    let guarded = count(&guards);
    ranked.retain(|candidate| !guards.contains(candidate));
    let left = evidence.samples - guarded;
    let chain = match chain(ranked, left, evidence, policy) {
        Ok(chain) => chain,
        Err(coverage) if guards.is_empty() => return Decision::Rest(Rest::Mixed { coverage }),
        Err(_) => Vec::new(),
    };
    let figures = Figures {
        guarded: share_of(guarded, evidence.samples),
        chained: share_of(count(&chain), evidence.samples),
    };
    let plan = Plan {
        guards: guards
            .iter()
            .filter_map(|candidate| {
                Some(Guard {
                    key: candidate.key?,
                    target: candidate.target,
                })
            })
            .collect(),
        chain: chain.iter().map(|candidate| candidate.target).collect(),
    };
    publish_or_keep(plan, figures, evidence, policy.margin)
}

/// The guards to be switched on, the most frequent first.
fn guards(ranked: &[Candidate], samples: u32, policy: &Policy) -> Vec<Candidate> {
    let mut chosen: Vec<Candidate> = Vec::new();
    for candidate in ranked {
        let worth_it = share_of(candidate.count, samples) >= policy.minimum_share;
        // A guard knows so many vtables; a further one of the same type is left to the
        // chain.
        let of_type = chosen.iter().filter(|other| other.key == candidate.key);
        if worth_it && candidate.key.is_some() && of_type.count() < VTABLES {
            chosen.push(*candidate);
        }
    }
    chosen
}

/// The chain for the calls that are left, or which share of them the best would cover.
fn chain(
    mut ranked: Vec<Candidate>,
    left: u32,
    evidence: &Evidence<'_>,
    policy: &Policy,
) -> Result<Vec<Candidate>, f32> {
    ranked.truncate(evidence.capacity);
    if share_of(left, evidence.samples) < policy.minimum_share {
        ranked.clear();
    }
    ranked.retain(|one| share_of(one.count, left) >= policy.minimum_share);
    let coverage = share_of(count(&ranked), left.max(1));
    if ranked.is_empty() || coverage < policy.minimum_coverage {
        return Err(coverage);
    }
    Ok(ranked)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "windows are far below 2^24 calls"
)]
fn share_of(part: u32, whole: u32) -> f32 {
    part as f32 / whole as f32
}

fn count(candidates: &[Candidate]) -> u32 {
    candidates.iter().map(|candidate| candidate.count).sum()
}

/// Whether what is registered fits a chain, and nothing speaks against it yet: no
/// call on another vtable, and no chain that was learned or that has had misses.
fn registered_are_all(evidence: &Evidence<'_>) -> bool {
    let registered = evidence.registered;
    let met = |candidate: &Candidate| registered.contains(&candidate.target);
    !registered.is_empty()
        && registered.len() <= evidence.capacity
        && !evidence.has_guards
        && evidence.current.is_empty()
        && evidence.seen.iter().all(met)
}

/// Hysteresis: what is published stays unless the new plan is better by the margin.
fn publish_or_keep(plan: Plan, figures: Figures, evidence: &Evidence<'_>, margin: f32) -> Decision {
    let current = evidence.current;
    if plan == *current {
        return Decision::Keep;
    }
    if !current.is_empty() && plan.is_of_the_kind_of(current) {
        let known = evidence
            .seen
            .iter()
            .filter(|candidate| current.knows(&candidate.target));
        let covered_now: u32 = known.map(|candidate| candidate.count).sum();
        if figures.guarded + figures.chained < share_of(covered_now, evidence.samples) + margin {
            return Decision::Keep;
        }
    }
    Decision::Publish { plan, figures }
}

#[cfg(test)]
mod tests;
