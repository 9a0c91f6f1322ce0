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
//! - In [`Mode::Auto`](crate::config::Mode) guards and chains must pay on this
//!   processor: the calibration's ratio for a mix of this kind, in an order that can be
//!   foreseen as far as this one, must be below one by a margin. Where the order counts,
//!   the window must be full: half of it cannot tell a long period from none.
//! - The calibration's figures are of code that the processor has at hand. Where sites
//!   are many and each of them is called seldom it is not, and calls are left to the
//!   vtable: see [`MOST_CHAINS`].

use crate::arch::Target;
use crate::calibrate::Calibration;

pub(crate) mod auto;
mod order;
mod price;

pub(crate) use price::Foreseen;
use price::{Circumstances, share_of};

/// More sites than this that are called in turn have no chains, in [`Mode::Auto`].
///
/// What passes a switch, a trampoline and a chain takes up to five branches, each of which
/// has its place in the predictor if it is to cost nothing; the plain call takes one. With
/// retpolines, sites of one type each, straight on and one after the other, on a Zen 4
/// (1,536 places of the first level, 7,168 of the second): chains took 0.5 of the plain
/// call's time with 256 sites, 0.9 with 512, 2.0 with 1,024 and 2.9 with 4,096. Without
/// retpolines 2.6 to 3.2 from 512 on.
///
/// What is recorded takes longer, so that sites whose windows are open together seem to be
/// called less often than they are: some hundreds of them in one loop may be left plain
/// until they are looked at again. That errs on the side of the plain call.
///
/// [`Mode::Auto`]: crate::config::Mode::Auto
pub(crate) const MOST_CHAINS: usize = 512;
/// And more than this no guards, which take three branches: 0.7 of the plain call's time
/// with 512 sites, 0.7 to 0.9 with 1,024, 1.3 with 1,536, 1.5 with 2,048 and 1.9 with 4,096.
pub(crate) const MOST_GUARDED: usize = 1024;

/// What the planner knows of a site.
pub(crate) struct Evidence<'a> {
    /// Distinct vtables with their number of calls.
    pub(crate) seen: &'a [Candidate],
    /// Calls recorded, those on vtables that are not in `seen` included.
    pub(crate) samples: u32,
    /// Calls recorded whose vtable was not that of the call before.
    pub(crate) changes: u32,
    /// The first of them one after the other, each a number that stands for its vtable;
    /// [`None`] if that is no thread's order.
    pub(crate) order: Option<&'a [u8]>,
    /// Whether the order of more calls will be known if that is waited for.
    pub(crate) order_grows: bool,
    /// Call sites that are in use and, by how seldom this one is called, may be called in
    /// turn with it: 1 if its calls follow each other soon.
    pub(crate) in_turn: usize,
    /// Every implementation registered for the trait.
    pub(crate) registered: &'a [Target],
    /// What is published; empty if nothing is.
    pub(crate) current: &'a Plan,
    /// Chain capacity, as declared; 0 where no chain can be published.
    pub(crate) capacity: usize,
    /// Whether the call lists types to inline.
    pub(crate) has_guards: bool,
    /// Whether so many that they stand in a function of their own.
    pub(crate) has_long_list: bool,
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
    /// In front of the switch, inlined.
    pub(crate) guards: Vec<Guard>,
    /// Behind it, in this order.
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
    fn is_empty(&self) -> bool {
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
    /// What guards and chains cost here; [`None`] plans as if they always paid.
    pub(crate) calibration: Option<Calibration>,
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
    /// What guards take here of the plain call's time for such a mix, if measured.
    pub(crate) guard_ratio: Option<f32>,
    /// What a chain takes for what reaches it, if measured.
    pub(crate) chain_ratio: Option<f32>,
    /// How far the order could be foreseen that both were taken for.
    pub(crate) foreseen: Foreseen,
}

/// Why a site's calls are left to the vtable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rest {
    /// The best chain would cover only this share of the calls.
    Mixed { coverage: f32 },
    /// It is called seldom, and so many sites are in use that what it would compare with
    /// is out of the processor's caches by then.
    Crowded { sites: usize },
    /// Chain or guards would take this many times as long as the plain call, those
    /// that there could be; infinitely, if that could not be measured.
    DoesNotPay {
        chain: Option<f32>,
        guards: Option<f32>,
        foreseen: Foreseen,
    },
}

/// Decides about one site.
pub(crate) fn decide(evidence: &Evidence<'_>, policy: &Policy) -> Decision {
    if evidence.samples < policy.minimum_samples {
        return if policy.calibration.is_none() && registered_are_all(evidence) {
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
    let circumstances = Circumstances::of(evidence);
    let crowded = |most| policy.calibration.is_some() && evidence.in_turn > most;
    let (mut guards, guard_ratio) = guards(&ranked, evidence.samples, &circumstances, policy);
    let are_guards_crowded_out = crowded(MOST_GUARDED) && !guards.is_empty();
    if are_guards_crowded_out {
        guards.clear();
    }
    let guarded = count(&guards);
    ranked.retain(|candidate| !guards.contains(candidate));
    let left = Left {
        samples: evidence.samples - guarded,
        of: evidence.samples,
        circumstances: &circumstances,
        past_guards: evidence.has_guards && guards.is_empty(),
        past_long_list: evidence.has_long_list,
        capacity: evidence.capacity,
        crowded: crowded(MOST_CHAINS),
    };
    let mut figures = Figures {
        guarded: share_of(guarded, evidence.samples),
        guard_ratio,
        ..Figures::default()
    };
    let chain = chain(ranked, &left, policy);
    figures.foreseen = circumstances.foreseen();
    if evidence.order_grows && figures.foreseen != Foreseen::NotAsked {
        return Decision::Wait;
    }
    let chain = match chain {
        Ok((chain, ratio)) => {
            figures.chained = share_of(count(&chain), evidence.samples);
            figures.chain_ratio = ratio;
            chain
        }
        Err(why) if guards.is_empty() => {
            let foreseen = figures.foreseen;
            let crowded = Rest::Crowded {
                sites: evidence.in_turn,
            };
            return Decision::Rest(match (why, guard_ratio) {
                (NoChain::Crowded, _) => crowded,
                _ if are_guards_crowded_out => crowded,
                (NoChain::DoesNotPay(ratio), guards) => Rest::DoesNotPay {
                    chain: Some(ratio),
                    guards,
                    foreseen,
                },
                (NoChain::Mixed { .. }, guards @ Some(_)) => Rest::DoesNotPay {
                    chain: None,
                    guards,
                    foreseen,
                },
                (NoChain::Mixed { coverage }, None) => Rest::Mixed { coverage },
            });
        }
        Err(_) => Vec::new(),
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

/// The guards to be switched on, the most frequent first, and what such guards take
/// of a plain call's time, if that is known and asked for.
fn guards(
    ranked: &[Candidate],
    samples: u32,
    circumstances: &Circumstances<'_>,
    policy: &Policy,
) -> (Vec<Candidate>, Option<f32>) {
    let mut chosen: Vec<Candidate> = Vec::new();
    for candidate in ranked {
        let worth_it = share_of(candidate.count, samples) >= policy.minimum_share;
        // One key holds one vtable; a further one of the same type is left to the
        // chain.
        let taken = |other: &Candidate| other.key == candidate.key;
        if worth_it && candidate.key.is_some() && !chosen.iter().any(taken) {
            chosen.push(*candidate);
        }
    }
    let (Some(calibration), false) = (&policy.calibration, chosen.is_empty()) else {
        return (chosen, None);
    };
    let largest = ranked.first().map_or(0, |candidate| candidate.count);
    let coverage = share_of(count(&chosen), samples);
    if coverage < policy.minimum_coverage {
        // Whatever they would take, that is not why they are off.
        return (Vec::new(), None);
    }
    let ratio = circumstances.price(calibration.guard.as_ref(), largest, samples, &chosen);
    if !Calibration::pays(ratio) {
        chosen.clear();
    }
    (chosen, Some(ratio))
}

/// What the guards leave to the switch.
struct Left<'a> {
    samples: u32,
    of: u32,
    circumstances: &'a Circumstances<'a>,
    /// What is left passes the guards of a list first, none of which is on. (Where some
    /// are, their price has it that others pass them.)
    past_guards: bool,
    /// They stand in a function of their own.
    past_long_list: bool,
    capacity: usize,
    crowded: bool,
}

/// Why there is no chain.
enum NoChain {
    /// The best would cover only this share of what is left.
    Mixed { coverage: f32 },
    /// Too many sites are called in turn.
    Crowded,
    /// It would take so much of the plain call's time.
    DoesNotPay(f32),
}

/// The chain for what is left, and what it takes of a plain call's time, if that is
/// known and asked for.
fn chain(
    mut ranked: Vec<Candidate>,
    left: &Left<'_>,
    policy: &Policy,
) -> Result<(Vec<Candidate>, Option<f32>), NoChain> {
    ranked.truncate(left.capacity);
    if share_of(left.samples, left.of) < policy.minimum_share {
        ranked.clear();
    }
    ranked.retain(|one| share_of(one.count, left.samples) >= policy.minimum_share);
    let coverage = share_of(count(&ranked), left.samples.max(1));
    let Some(first) = ranked.first() else {
        return Err(NoChain::Mixed { coverage });
    };
    if coverage < policy.minimum_coverage {
        return Err(NoChain::Mixed { coverage });
    }
    if left.crowded {
        return Err(NoChain::Crowded);
    }
    let Some(calibration) = &policy.calibration else {
        return Ok((ranked, None));
    };
    let costs = calibration.chain.as_ref();
    let mut ratio = (left.circumstances).price(costs, first.count, left.samples, &ranked);
    if left.past_guards {
        // Of a plain call that is as short as can be: more than of any other.
        let past = if left.past_long_list {
            calibration.past_long_list
        } else {
            calibration.past_guards
        };
        ratio += past.unwrap_or(f32::INFINITY).max(1.0) - 1.0;
    }
    if !Calibration::pays(ratio) {
        return Err(NoChain::DoesNotPay(ratio));
    }
    Ok((ranked, Some(ratio)))
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
