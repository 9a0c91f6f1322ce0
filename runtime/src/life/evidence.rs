//! What a site has met, over time.

/// Types that are told apart.
pub(crate) const TYPES: usize = 16;

/// What one window has recorded; numbers of types are the caller's, a vtable's address
/// for example.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    seen: [(usize, u32); TYPES],
    types: usize,
    /// Calls on types that there was no room for.
    pub(crate) others: u32,
}

/// The same, of many windows, the older the less.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Evidence {
    seen: [(usize, f64); TYPES],
    types: usize,
    others: f64,
}

impl Window {
    /// Counts calls on one type.
    pub(crate) fn note(&mut self, kind: usize, calls: u32) {
        let known = self.seen[..self.types].iter_mut().find(|one| one.0 == kind);
        if let Some(known) = known {
            known.1 = known.1.saturating_add(calls);
        } else if self.types < TYPES {
            self.seen[self.types] = (kind, calls);
            self.types += 1;
        } else {
            self.others = self.others.saturating_add(calls);
        }
    }

    /// All calls.
    pub(crate) fn samples(&self) -> u32 {
        let seen = self.seen().map(|(_, calls)| calls);
        seen.fold(self.others, u32::saturating_add)
    }

    fn seen(&self) -> impl Iterator<Item = (usize, u32)> {
        self.seen[..self.types].iter().copied()
    }

    /// Taken for itself.
    pub(crate) fn alone(&self) -> Evidence {
        let mut evidence = Evidence::default();
        evidence.add(self);
        evidence
    }
}

impl Evidence {
    /// Makes what is there count for less.
    pub(super) fn decay(&mut self, keep: f64) {
        self.others *= keep;
        for one in &mut self.seen[..self.types] {
            one.1 *= keep;
        }
        // What has all but gone makes room.
        let mut kept = 0;
        for at in 0..self.types {
            if self.seen[at].1 >= 0.01 {
                self.seen[kept] = self.seen[at];
                kept += 1;
            }
        }
        self.types = kept;
    }

    pub(super) fn add(&mut self, window: &Window) {
        for (kind, calls) in window.seen() {
            let calls = f64::from(calls);
            let known = self.seen[..self.types].iter_mut().find(|one| one.0 == kind);
            if let Some(known) = known {
                known.1 += calls;
            } else if self.types < TYPES {
                self.seen[self.types] = (kind, calls);
                self.types += 1;
            } else {
                self.others += calls;
            }
        }
        self.others += f64::from(window.others);
    }

    /// Takes a window of calls that a plan did not know, which were this share of all.
    pub(super) fn mix(&mut self, missed: &Window, share: f64) {
        let weight = self.weight().max(1.0);
        // What it did not know is known better now.
        self.others = 0.0;
        let all = f64::from(missed.samples().max(1));
        let scale = weight * share / all;
        for (kind, calls) in missed.seen() {
            self.set(kind, f64::from(calls) * scale);
        }
        self.others += f64::from(missed.others) * scale;
    }

    fn set(&mut self, kind: usize, weight: f64) {
        let known = self.seen[..self.types].iter_mut().find(|one| one.0 == kind);
        if let Some(known) = known {
            known.1 = weight;
        } else if self.types < TYPES {
            self.seen[self.types] = (kind, weight);
            self.types += 1;
        } else {
            self.others += weight;
        }
    }

    /// Misses that nobody has told apart.
    pub(super) fn add_misses(&mut self, weight: f64) {
        self.others += weight;
    }

    /// The types with their weights.
    pub(crate) fn types(&self) -> &[(usize, f64)] {
        &self.seen[..self.types]
    }

    /// The share of one type, if it was met.
    pub(crate) fn share(&self, kind: usize) -> Option<f64> {
        let (_, weight) = self.types().iter().find(|one| one.0 == kind)?;
        Some(weight / self.weight())
    }

    /// The weight of all together.
    pub(crate) fn weight(&self) -> f64 {
        self.others + self.types().iter().map(|one| one.1).sum::<f64>()
    }
}
