//! What the machine steers: the calls' side of all sites, and the types that they meet.

use super::choice::{Choice, Facts, choose};
use super::{Machine, Segment};
use crate::life::{Evidence, Offer, Ps, Sites, Window};
use crate::window::Block;

/// The calls' side.
pub(super) struct Calls {
    pub(super) blocks: Vec<Block>,
    pub(super) windows: Vec<Window>,
    /// Each site's plan, as offered last and as published.
    pub(super) offered: Vec<Choice>,
    pub(super) known: Vec<Choice>,
    pub(super) keys: Vec<bool>,
    pub(super) list: usize,
    /// Types that a chain may hold.
    pub(super) chain: usize,
    pub(super) machine: Machine,
}

/// What calls of a segment do on average, under a plan.
#[derive(Clone, Copy)]
pub(super) struct Kinds {
    pub(super) hits: f64,
    /// Compares in front of the one that hits.
    pub(super) deep: f64,
    pub(super) mispredicted: Ps,
}

impl Calls {
    /// What a plan that knows these types makes of the segment, or of its next call alone,
    /// which is so far in a cycle.
    pub(super) fn kinds(&self, segment: &Segment, known: &Choice, next: Option<usize>) -> Kinds {
        let place = |kind: usize| {
            let all = known.guards().iter().chain(known.chain());
            all.copied().position(|one| one == kind)
        };
        let alone = |kind: usize| Kinds {
            hits: f64::from(u8::from(place(kind).is_some())),
            deep: place(kind).unwrap_or(0) as f64,
            mispredicted: 0,
        };
        let mixed = |shares: &mut dyn Iterator<Item = f64>| {
            let (mut hits, mut deep) = (0.0, 0.0);
            for (kind, share) in shares.enumerate() {
                if let Some(place) = place(kind) {
                    hits += share;
                    deep += share * place as f64;
                }
            }
            (hits, if hits > 0.0 { deep / hits } else { 0.0 })
        };
        match *segment {
            Segment::Run { kind, .. } => alone(kind),
            Segment::Cycle { kinds, .. } => {
                if let Some(next) = next {
                    return alone(next % kinds);
                }
                let (hits, deep) = mixed(&mut (0..kinds).map(|_| 1.0 / kinds as f64));
                Kinds {
                    // All of them, rounding aside.
                    hits: if hits > 1.0 - 1e-9 { 1.0 } else { hits },
                    deep,
                    mispredicted: 0,
                }
            }
            Segment::Mix { shares, .. } => {
                let (hits, deep) = mixed(&mut shares.iter().copied());
                let top = shares.iter().copied().fold(0.0, f64::max);
                let cost = self.machine.mispredicted as f64;
                Kinds {
                    // A tenth of a call in a million is none.
                    hits: if hits > 1.0 - 1e-7 { 1.0 } else { hits },
                    deep,
                    mispredicted: ((1.0 - top) * cost) as Ps,
                }
            }
            _ => unreachable!("no calls"),
        }
    }
}

impl Sites for Calls {
    fn swap(&mut self, site: usize, to: Block) -> Block {
        std::mem::replace(&mut self.blocks[site], to)
    }

    fn recorded(&mut self, site: usize) -> Window {
        std::mem::take(&mut self.windows[site])
    }

    fn offer(&mut self, site: usize, evidence: &Evidence) -> Option<Offer> {
        let facts = Facts {
            key: &|kind| (kind < self.list).then_some(kind),
            capacity: self.chain,
            foreseen: None,
            current: Some(&self.known[site]),
        };
        let (choice, offer) = choose(evidence, &facts, &self.machine.costs())?;
        self.offered[site] = choice;
        Some(offer)
    }

    fn hits(&self, site: usize, evidence: &Evidence) -> f64 {
        self.offered[site].hits(evidence)
    }
}
