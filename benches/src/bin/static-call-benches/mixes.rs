//! Who comes by at a call site, and in which order.

use static_call_benches::body::{Body, OBJECTS};
use static_call_benches::stats::Shuffle;

/// Calls per loop: the objects' pointers stay in the first-level cache.
pub(crate) const CALLS: usize = 1024;

/// A mix of types.
pub(crate) struct Mix {
    pub(crate) name: &'static str,
    types: usize,
    /// Percentage of the first type; the others share the rest.
    first: usize,
}

pub(crate) const MONO: Mix = Mix {
    name: "one type",
    types: 1,
    first: 100,
};
pub(crate) const TWO: Mix = Mix {
    name: "80/20 of 2",
    types: 2,
    first: 80,
};
pub(crate) const EIGHT: Mix = Mix {
    name: "80/20 of 8",
    types: 8,
    first: 80,
};
pub(crate) const UNIFORM: Mix = Mix {
    name: "uniform 4",
    types: 4,
    first: 25,
};

impl Mix {
    /// Puts objects in a new order.
    pub(crate) fn fill(&self, order: &mut Vec<&'static dyn Body>, shuffle: &mut Shuffle) {
        order.clear();
        order.extend((0..CALLS).map(|_| {
            let first = self.types == 1 || shuffle.below(100) < self.first;
            let other = if first {
                0
            } else {
                1 + shuffle.below(self.types - 1)
            };
            OBJECTS[other]
        }));
    }
}
