//! Which plan the evidence asks for, in the simulator: by the rules of the library's planner
//! for the default mode, for types that are numbers.
//!
//! Guards where listed types are what is met. Chains only where a plain call is dear, as
//! behind retpolines, or where the order cannot be foreseen and the chain gains an eighth
//! and more; never for one type on a processor that predicts it. And nothing, in either,
//! whose hit may take longer than a predicted plain call: hits are not counted, so they
//! could not be paid.

use crate::life::{Evidence, Offer, Ps, TYPES};

/// Most vtables that a plan compares with, in either of its parts.
pub(crate) const MOST: usize = 8;
/// A type with a smaller share of the calls is not worth its compare.
const LEAST: f64 = 0.02;
/// What a chain must gain of a plain call, where it is not dear.
const CHAIN_GAINS: f64 = 0.15;
/// An order of which less can be foreseen is one that cannot.
const UNFORESEEN: f64 = 0.5;

/// What calls take here, at most for plans and at least for plain calls, as measured or as
/// known of the processor. A hit at each place: a long list's third is out of line, and
/// priced so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Costs {
    /// A plain call that is predicted, and what it takes more if it is not.
    pub(crate) plain: Ps,
    pub(crate) mispredicted: Ps,
    /// Whether plain calls are never predicted: retpolines.
    pub(crate) dear: bool,
    pub(crate) guard: [Ps; MOST],
    pub(crate) chain: [Ps; MOST],
    /// A call that no guard knows, beside what follows; and one that the chain does not.
    pub(crate) past_guards: Ps,
    pub(crate) past_chain: Ps,
    /// Publishing a chain.
    pub(crate) publish: Ps,
}

/// What is known of a site besides what it meets.
pub(crate) struct Facts<'a> {
    /// The key for this type's guard, if it is listed.
    pub(crate) key: &'a dyn Fn(usize) -> Option<usize>,
    /// How many types the chain may hold; none where nothing can be patched.
    pub(crate) capacity: usize,
    /// How much of the order can be foreseen, 0 to 1; [`None`] if that is not known.
    pub(crate) foreseen: Option<f64>,
    /// The published plan.
    pub(crate) current: Option<&'a Choice>,
}

/// Types to compare with, the most frequent first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    guards: [usize; MOST],
    guard_count: usize,
    chain: [usize; MOST],
    chain_count: usize,
}

impl Choice {
    /// Guards for these types, and no chain.
    pub(crate) fn of_guards(types: impl Iterator<Item = usize>) -> Choice {
        let mut choice = Choice::default();
        for kind in types.take(MOST) {
            choice.guards[choice.guard_count] = kind;
            choice.guard_count += 1;
        }
        choice
    }

    pub(crate) fn guards(&self) -> &[usize] {
        &self.guards[..self.guard_count]
    }

    pub(crate) fn chain(&self) -> &[usize] {
        &self.chain[..self.chain_count]
    }

    /// The share of the evidence that it knows.
    pub(crate) fn hits(&self, evidence: &Evidence) -> f64 {
        let known =
            |one: &&(usize, f64)| self.guards().contains(&one.0) || self.chain().contains(&one.0);
        let hits: f64 = evidence.types().iter().filter(known).map(|one| one.1).sum();
        hits / evidence.weight().max(f64::MIN_POSITIVE)
    }

    /// A number that tells it from others.
    fn name(&self) -> u64 {
        let all = self.guards().iter().chain(&[0]).chain(self.chain());
        all.fold(0xcbf2_9ce4_8422_2325, |hash, one| {
            (hash ^ *one as u64).wrapping_mul(0x0100_0000_01b3)
        })
    }
}

/// The best plan, if any could pay.
pub(crate) fn choose(
    evidence: &Evidence,
    facts: &Facts<'_>,
    costs: &Costs,
) -> Option<(Choice, Offer)> {
    let all = evidence.weight();
    let mut ranked = [(0, 0.0); TYPES];
    let ranked = &mut ranked[..evidence.types().len()];
    ranked.copy_from_slice(evidence.types());
    // The number breaks ties, so that equal evidence gives equal plans.
    ranked.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut choice = Choice::default();
    let mut gained = 0.0;
    let mut guarded = 0.0;
    for &(kind, weight) in &*ranked {
        let price = costs.guard.get(choice.guard_count).copied();
        let pays = price.is_some_and(|price| price < costs.plain);
        if pays && weight >= LEAST * all && (facts.key)(kind).is_some() {
            gained += weight * (costs.plain - costs.guard[choice.guard_count]) as f64;
            guarded += weight;
            choice.guards[choice.guard_count] = kind;
            choice.guard_count += 1;
        }
    }
    let mut chained = 0.0;
    let past = if choice.guard_count > 0 {
        costs.past_guards
    } else {
        0
    };
    let left = (all - guarded).max(f64::MIN_POSITIVE);
    let mut chain_gain = 0.0;
    for &(kind, weight) in &*ranked {
        let place = choice.chain_count;
        let is_new = !choice.guards().contains(&kind) && weight >= LEAST * all;
        if !is_new || place >= facts.capacity.min(MOST) || past + costs.chain[place] > costs.plain {
            continue;
        }
        chain_gain += weight * (costs.plain - past - costs.chain[place]) as f64;
        chained += weight;
        choice.chain[place] = kind;
        choice.chain_count += 1;
    }
    let unforeseen = facts.foreseen.is_some_and(|share| share < UNFORESEEN);
    // What was mispredicted is so in a chain, too, but for what it knows first: no more
    // than the price alone says is hoped for.
    let share =
        (chain_gain - (left - chained) * costs.past_chain as f64) / (left * costs.plain as f64);
    let dares = costs.dear || (unforeseen && choice.chain_count > 1);
    if !dares || share < CHAIN_GAINS {
        choice.chain_count = 0;
        (chained, chain_gain) = (0.0, 0.0);
    }
    if choice.guard_count + choice.chain_count == 0 {
        return None;
    }
    let known = guarded + chained;
    let chain_past = if choice.chain_count > 0 {
        costs.past_chain
    } else {
        0
    };
    let same_chain = facts
        .current
        .is_some_and(|one| one.chain() == choice.chain());
    let offer = Offer {
        plan: choice.name(),
        hits: known / all,
        gain: ((gained + chain_gain) / known) as Ps,
        miss: past + chain_past,
        publish: if choice.chain_count == 0 || same_chain {
            0
        } else {
            costs.publish
        },
    };
    Some((choice, offer))
}
