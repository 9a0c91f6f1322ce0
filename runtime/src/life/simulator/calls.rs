//! What the machine steers: the calls' side of all sites, and the types that they meet.

use super::{Machine, Segment};
use crate::life::{Block, Evidence, Offer, Ps, Sites, Window};

/// The calls' side.
pub(super) struct Calls {
    pub(super) blocks: Vec<Block>,
    pub(super) windows: Vec<Window>,
    /// The types that each site's plan knows, a bit each: offered, and published.
    pub(super) offered: Vec<u64>,
    pub(super) known: Vec<u64>,
    pub(super) keys: Vec<bool>,
    pub(super) list: usize,
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
    pub(super) fn kinds(&self, segment: &Segment, known: u64, next: Option<usize>) -> Kinds {
        let has = |kind: usize| kind < 64 && known >> kind & 1 == 1;
        let rank = |kind: usize| f64::from((known & ((1 << kind.min(63)) - 1)).count_ones());
        let alone = |kind: usize| Kinds {
            hits: f64::from(u8::from(has(kind))),
            deep: rank(kind),
            mispredicted: 0,
        };
        let mixed = |shares: &mut dyn Iterator<Item = f64>| {
            let (mut hits, mut deep) = (0.0, 0.0);
            for (kind, share) in shares.enumerate() {
                if has(kind) {
                    hits += share;
                    deep += share * rank(kind);
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
        let listed = evidence.types().iter().filter(|one| one.0 < self.list);
        let mask = listed.clone().fold(0_u64, |mask, one| mask | 1 << one.0);
        if mask == 0 {
            return None;
        }
        let rank = |kind: usize| f64::from((mask & ((1 << kind) - 1)).count_ones());
        let hits: f64 = listed.clone().map(|one| one.1).sum();
        let deep = listed.map(|one| one.1 * rank(one.0)).sum::<f64>() / hits;
        let m = &self.machine;
        let gain = m.prices.plain - m.hit - (m.compare as f64 * deep) as Ps;
        self.offered[site] = mask;
        Some(Offer {
            plan: mask,
            hits: hits / evidence.weight(),
            gain,
            miss: m.miss,
            publish: 0,
        })
    }

    fn hits(&self, site: usize, evidence: &Evidence) -> f64 {
        let known = |one: &&(usize, f64)| one.0 < 64 && self.offered[site] >> one.0 & 1 == 1;
        let hits: f64 = evidence.types().iter().filter(known).map(|one| one.1).sum();
        hits / evidence.weight().max(1e-9)
    }
}
