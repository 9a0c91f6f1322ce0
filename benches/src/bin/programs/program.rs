//! What a program is to those that measure it.

/// A program in one of its ways, with its data.
pub(crate) trait Work {
    /// What changes from round to round; not measured.
    fn prepare(&mut self, _round: usize) {}

    /// Does the work once; returns what came of it, which is the same in every way.
    fn run(&mut self) -> u64;
}

/// How much work there is in a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// Some tens of microseconds at least.
    Full,
    /// As little as shows that it works.
    #[cfg_attr(not(test), allow(dead_code, reason = "for tests"))]
    Tiny,
}

impl Size {
    /// `full`, or a small part of it.
    pub(crate) fn of(self, full: usize) -> usize {
        match self {
            Size::Full => full,
            Size::Tiny => full.div_ceil(100).max(4),
        }
    }
}

/// One program, in one of its ways.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// For people.
    pub(crate) about: &'static str,
    /// Whether it has a region for `specialize!`.
    pub(crate) regions: bool,
    /// What chains are to cost at most here where they are forced; [`None`] if that is not
    /// asked.
    pub(crate) forced: Option<f64>,
    pub(crate) open: fn(Size) -> Result<Box<dyn Work>, String>,
}

impl Program {
    /// A program without regions.
    pub(crate) const fn new(
        name: &'static str,
        about: &'static str,
        open: fn(Size) -> Result<Box<dyn Work>, String>,
    ) -> Self {
        Program {
            name,
            about,
            regions: false,
            forced: None,
            open,
        }
    }

    /// Is measured with chains forced, too.
    pub(crate) const fn with_chains_at_most(mut self, ratio: f64) -> Self {
        self.forced = Some(ratio);
        self
    }

    /// Has regions.
    pub(crate) const fn with_regions(mut self) -> Self {
        self.regions = true;
        self
    }
}

/// Mixes a result into a checksum.
pub(crate) fn mix(sum: u64, result: u64) -> u64 {
    (sum.rotate_left(5) ^ result).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
