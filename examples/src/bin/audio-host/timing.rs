//! The time of plain and static calls, block by block.

use std::fmt;

/// What each block took, in nanoseconds a sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockTimes {
    pub(crate) plain: f64,
    /// Plain calls again, on a state of its own: what a ratio of 1 looks like.
    pub(crate) control: f64,
    pub(crate) fixed: f64,
}

/// The blocks of one part of a rendering.
#[derive(Debug, Default)]
pub(crate) struct Timing {
    blocks: Vec<BlockTimes>,
}

impl Timing {
    pub(crate) fn note(&mut self, times: BlockTimes) {
        self.blocks.push(times);
    }

    fn median(&self, of: impl Fn(&BlockTimes) -> f64) -> f64 {
        let mut values: Vec<f64> = self.blocks.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// One row: the medians over the blocks. The ratios are taken within a block,
/// where both ran right after each other.
impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.blocks.is_empty() {
            return f.write_str("too short to measure");
        }
        write!(
            f,
            "{:8.2} ns {:8.2} ns {:13.3} {:13.3} {:8}",
            self.median(|block| block.plain),
            self.median(|block| block.fixed),
            self.median(|block| block.fixed / block.plain),
            self.median(|block| block.control / block.plain),
            self.blocks.len(),
        )
    }
}

/// The heads of the columns of a [`Timing`].
pub(crate) const HEADS: &str = "      plain      static  static/plain   plain/plain   blocks";

#[cfg(test)]
mod tests {
    use super::{BlockTimes, Timing};

    #[test]
    fn the_ratio_is_the_median_of_the_blocks_and_not_of_the_sums() {
        let mut timing = Timing::default();
        for (plain, fixed) in [(10.0, 9.0), (10.0, 8.0), (1000.0, 500.0)] {
            timing.note(BlockTimes {
                plain,
                control: plain,
                fixed,
            });
        }
        assert!(timing.to_string().contains("0.800"), "{timing}");
    }

    #[test]
    fn no_blocks_are_no_numbers() {
        assert_eq!(Timing::default().to_string(), "too short to measure");
    }
}
