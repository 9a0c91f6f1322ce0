//! Order statistics: the only kind that survives a shared machine.

use serde::{Deserialize, Serialize};

/// Median and spread of some samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many samples.
    pub samples: usize,
    /// 10th percentile.
    pub p10: f64,
    /// 50th percentile.
    pub median: f64,
    /// 90th percentile.
    pub p90: f64,
}

impl Summary {
    /// Summarizes; [`None`] if there is nothing to summarize.
    pub fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Summary {
            samples: sorted.len(),
            p10: percentile(&sorted, 10)?,
            median: percentile(&sorted, 50)?,
            p90: percentile(&sorted, 90)?,
        })
    }
}

/// The `percent`th percentile of sorted samples, between the two nearest ones
/// where it falls between them.
pub fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let scaled = sorted.len().checked_sub(1)? * percent.min(100);
    let (index, rest) = (scaled / 100, scaled % 100);
    let (low, high) = (sorted[index], sorted[(index + 1).min(sorted.len() - 1)]);
    #[allow(clippy::cast_precision_loss, reason = "less than a hundred")]
    let part = rest as f64 / 100.0;
    Some(low + (high - low) * part)
}

/// A generator for orders that no branch predictor knows; xorshift, seeded.
#[derive(Clone, Debug)]
pub struct Shuffle(u64);

impl Shuffle {
    /// The generator with this seed.
    pub fn new(seed: u64) -> Self {
        Shuffle(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`, at most 2^32.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The upper bits, scaled: the remainder's lower ones have patterns.
        let scaled = (u128::from(self.0) * bound as u128) >> 64;
        usize::try_from(scaled).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_their_neighbours() {
        let sorted = [1.0, 2.0, 4.0];
        assert_eq!(percentile(&sorted, 0), Some(1.0));
        assert_eq!(percentile(&sorted, 25), Some(1.5));
        assert_eq!(percentile(&sorted, 50), Some(2.0));
        assert_eq!(percentile(&sorted, 100), Some(4.0));
        assert_eq!(percentile(&sorted, 1000), Some(4.0));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn a_summary_does_not_depend_on_the_samples_order() {
        let ascending: Vec<f64> = (0..=100).map(f64::from).collect();
        let descending: Vec<f64> = ascending.iter().rev().copied().collect();
        let summary = Summary::of(&ascending).unwrap();
        assert_eq!(Summary::of(&descending), Some(summary));
        assert_eq!(
            (summary.p10, summary.median, summary.p90),
            (10.0, 50.0, 90.0)
        );
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn one_outlier_moves_no_median() {
        let calm = Summary::of(&[1.0; 9]).unwrap();
        let mut samples = vec![1.0; 8];
        samples.push(1e9);
        let median = Summary::of(&samples).unwrap().median;
        assert_eq!(median.total_cmp(&calm.median), std::cmp::Ordering::Equal);
    }

    #[test]
    fn a_shuffle_is_even_and_repeatable() {
        let mut shuffle = Shuffle::new(7);
        let mut counts = [0_u32; 5];
        for _ in 0..50_000 {
            counts[shuffle.below(5)] += 1;
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)));
        let draw = |seed| {
            let mut shuffle = Shuffle::new(seed);
            [(); 8].map(|()| shuffle.below(1000))
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }
}
