//! What one time on has cost, and what it has gained as far as that can be known.

use super::{NS, Offer, Prices, Ps, SEC};
use crate::window::LEASE;

/// A site's time by its plan.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stint {
    /// When it began, and the present lease.
    at: Ps,
    lease_at: Ps,
    /// What the site may still lose, by all that is known.
    leash: Ps,
    /// What its misses have cost, and what its hits have gained.
    pub(super) spent: Ps,
    pub(super) gained: Ps,
    hits: Ps,
    misses: Ps,
}

/// What was met by plan, as far as is known, the older the less: a window of some hundred
/// calls does not tell one miss in a hundred from none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Met {
    hits: f64,
    misses: f64,
}

impl Offer {
    /// What a miss costs, counted.
    pub(super) fn loss(&self, prices: &Prices) -> Ps {
        self.miss + prices.book
    }

    /// What misses that are paid at once cost.
    pub(super) fn lease(&self, prices: &Prices) -> Ps {
        Ps::from(LEASE) * self.loss(prices) + prices.clock
    }

    /// What a call gains on average, if this share of them hits, and what it spends.
    pub(super) fn balance(&self, hits: f64, prices: &Prices) -> (f64, f64) {
        let spends = (1.0 - hits) * self.loss(prices) as f64;
        (hits * self.gain as f64 - spends, spends)
    }
}

impl Stint {
    pub(super) fn begin(time: Ps, leash: Ps) -> Self {
        Stint {
            at: time,
            lease_at: time,
            leash,
            spent: 0,
            gained: 0,
            hits: 0,
            misses: 0,
        }
    }

    /// A lease is used up. Whether the site may take another, as far as its own leash goes.
    ///
    /// How many hits came between the misses is not known, but how many there was time
    /// for. That is no proof that there were any, and so pays for nothing; but where there
    /// was no time for hits, a storm is certain.
    pub(super) fn used(
        &mut self,
        time: Ps,
        leash: Ps,
        offer: &Offer,
        every: Option<Ps>,
        prices: &Prices,
    ) -> bool {
        let every = every.unwrap_or(SEC).max(NS / 10);
        let price = offer.lease(prices);
        let misses = Ps::from(LEASE) * (every + offer.loss(prices));
        let room = (time - self.lease_at - misses).max(0);
        let hits = room / (every - offer.gain).max(NS / 10);
        let gained = hits * offer.gain;
        self.lease_at = time;
        self.spent += price;
        self.gained += gained;
        self.hits += hits;
        self.misses += Ps::from(LEASE);
        // By the evidence there are so many, and seldom more: one long run of hits is no
        // leave to miss for long.
        let expected = f64::from(LEASE) * offer.hits / (1.0 - offer.hits).max(0.005);
        let hoped = gained.min((4.0 * expected) as Ps * offer.gain);
        self.leash = (self.leash + hoped - price).min(leash);
        self.leash >= 0
    }

    /// The share of calls that miss, once that is known.
    pub(super) fn missing(&self) -> Option<f64> {
        let known = self.misses >= 8 * Ps::from(LEASE);
        known.then(|| self.misses as f64 / (self.misses + self.hits) as f64)
    }

    /// How long it has lasted until its last lease was used up.
    pub(super) fn lasted(&self) -> Ps {
        self.lease_at - self.at
    }

    /// What it has gained beyond what it has cost, as far as is known.
    pub(super) fn earned(&self, flips: Ps) -> Ps {
        self.gained - self.spent - flips
    }
}

impl Met {
    /// Takes what a stint has met.
    pub(super) fn end(&mut self, stint: &Stint) {
        // What is new weighs as much as all before, however long it was.
        let all = (stint.hits + stint.misses).max(1) as f64;
        self.hits = self.hits * 0.5 + stint.hits as f64 / all;
        self.misses = self.misses * 0.5 + stint.misses as f64 / all;
    }

    /// A window has seen that the plan knows this share of the calls. Bad news says nothing
    /// about the time by plan, which it ends.
    pub(super) fn seen(&mut self, hits: f64) {
        if hits > self.share() {
            self.hits = self.hits * 0.9 + hits * 0.1;
            self.misses = self.misses * 0.9 + (1.0 - hits) * 0.1;
        }
    }

    /// The share that hits.
    pub(super) fn share(&self) -> f64 {
        let all = self.hits + self.misses;
        if all > 0.0 { self.hits / all } else { 1.0 }
    }
}
