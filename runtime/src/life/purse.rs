//! Money that fills with time.

use super::Ps;

/// What may be spent. Below zero where something had to be paid afterwards: then nothing
/// is entered until that is made up for.
#[derive(Clone, Debug)]
pub(super) struct Purse {
    pub(super) have: Ps,
    at: Ps,
    ppm: i64,
    cap: Ps,
}

impl Purse {
    /// Empty.
    pub(super) fn new(ppm: i64, cap: Ps) -> Self {
        Purse {
            have: 0,
            at: 0,
            ppm,
            cap,
        }
    }

    pub(super) fn put(&mut self, more: Ps) {
        self.have = (self.have + more).min(self.cap);
    }

    /// Fills with what has gone by until `time`.
    pub(super) fn fill(&mut self, time: Ps) {
        // Rounded down, the rest is not lost: it counts the next time.
        let steps = (time - self.at).max(0) / 1_000_000;
        self.put(steps * self.ppm);
        self.at += steps * 1_000_000;
    }

    /// Takes that much, if as much as `keep` is there afterwards.
    pub(super) fn take(&mut self, price: Ps, keep: Ps) -> bool {
        let enough = self.have - price >= keep;
        if enough {
            self.have -= price;
        }
        enough
    }

    /// Takes what is owed, whether it is there or not.
    pub(super) fn owe(&mut self, price: Ps) {
        self.have -= price;
    }
}
