//! What the report is told of a region.

use super::memory::{Met, Remembers};

/// One region of this loaded object.
pub struct RegionRecord {
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// The types as they are listed.
    pub(crate) types: &'static [&'static str],
    memory: &'static dyn Remembers,
}

impl RegionRecord {
    /// For the expansion of `specialize!`.
    pub const fn new(
        (file, line, column): (&'static str, u32, u32),
        types: &'static [&'static str],
        memory: &'static dyn Remembers,
    ) -> Self {
        RegionRecord {
            file,
            line,
            column,
            types,
            memory,
        }
    }

    pub(crate) fn met(&self) -> Met {
        self.memory.met()
    }
}

crate::slices::slice! {
    /// Every region of this loaded object.
    pub static STATIC_CALL_REGIONS_0_1_0: [RegionRecord];
}
