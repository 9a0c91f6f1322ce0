//! Intervals for the centre of paired log ratios.
//!
//! They are right where each ratio's sign is a coin of ours, as it is for a switch that does
//! nothing, whatever the noise looks like.

/// A centre with an interval, in logs: negative means faster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
    pub(crate) mid: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Interval {
    pub(crate) const UNKNOWN: Self = Self {
        mid: 0.0,
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
    };

    /// Where both hold; the latter where they exclude each other.
    pub(crate) fn and(self, new: Self) -> Self {
        let (low, high) = (self.low.max(new.low), self.high.min(new.high));
        if low > high {
            return new;
        }
        let mid = self.mid.clamp(low, high);
        Self { mid, low, high }
    }

    pub(crate) fn width(self) -> f64 {
        self.high - self.low
    }
}

/// Quantile of the normal distribution, to 0.0005 (Hastings).
fn normal_quantile(p: f64) -> f64 {
    if p < 0.5 {
        return -normal_quantile(1.0 - p);
    }
    let t = (-2.0 * (1.0 - p).ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    t - above / below
}

/// z of Wilcoxon's signed ranks about `centre`, of sorted data. Its tails are lighter than the
/// normal distribution's, so that normal bounds err on the safe side.
fn signed_rank(sorted: &[f64], centre: f64) -> f64 {
    // By their distance from the centre: two sorted lists, one on each side.
    let at = sorted.partition_point(|d| *d < centre);
    let (below, above) = sorted.split_at(at);
    let (mut below, mut above) = (below.iter().rev().peekable(), above.iter().peekable());
    let (mut rank, mut sum) = (0.0, 0.0);
    loop {
        let (lower, upper) = (below.peek(), above.peek());
        rank += 1.0;
        match (lower, upper) {
            (Some(lower), Some(upper)) if centre - **lower < **upper - centre => {
                sum -= rank;
                below.next();
            }
            (_, Some(upper)) => {
                sum += if **upper > centre { rank } else { 0.0 };
                above.next();
            }
            (Some(_), None) => {
                sum -= rank;
                below.next();
            }
            (None, None) => return sum / spread(sorted.len()),
        }
    }
}

/// The standard deviation of so many signed ranks.
fn spread(n: usize) -> f64 {
    let n = n as f64;
    (n * (n + 1.0) * (2.0 * n + 1.0) / 6.0).sqrt()
}

/// Where [`signed_rank`] comes down to `target`.
fn root(sorted: &[f64], target: f64) -> f64 {
    let (mut a, mut b) = (sorted[0], sorted[sorted.len() - 1]);
    while b - a > 1e-6 {
        let middle = f64::midpoint(a, b);
        if signed_rank(sorted, middle) > target {
            a = middle;
        } else {
            b = middle;
        }
    }
    f64::midpoint(a, b)
}

/// Hodges' and Lehmann's centre with the interval of Wilcoxon's test, each end at one-sided
/// `alpha`: strong where all pairs are somewhat noisy.
fn hodges_lehmann(sorted: &[f64], alpha: f64) -> Interval {
    let n = sorted.len() as f64;
    let z = normal_quantile(1.0 - alpha);
    // The largest z that n signs can give at all.
    let reach = n * (n + 1.0) / 2.0 / spread(sorted.len());
    if sorted.is_empty() || reach < z + 0.1 {
        return Interval {
            mid: middle(sorted),
            ..Interval::UNKNOWN
        };
    }
    let at = |z| root(sorted, z);
    Interval {
        mid: at(0.0),
        low: at(z),
        high: at(-z),
    }
}

/// Reorders, too.
pub(crate) fn median(d: &mut [f64]) -> f64 {
    let n = d.len();
    if n == 0 {
        return 0.0;
    }
    let (below, upper, _) = d.select_nth_unstable_by(n / 2, f64::total_cmp);
    let upper = *upper;
    if n % 2 == 1 {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    f64::midpoint(lower, upper)
}

fn middle(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => 0.0,
        n => f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]),
    }
}

/// The median, by the sign test: strong where most pairs are clean and the rest are wild.
fn sign(sorted: &[f64], alpha: f64) -> Interval {
    let (mid, n) = (middle(sorted), sorted.len());
    // The most `k` with P(Binomial(n, 1/2) < k) <= alpha.
    let mut term = -(n as f64) * std::f64::consts::LN_2;
    let (mut k, mut sum) = (0, 0.0);
    while k < n / 2 {
        sum += term.exp();
        if sum > alpha {
            break;
        }
        term += ((n - k) as f64 / (k as f64 + 1.0)).ln();
        k += 1;
    }
    if k == 0 {
        return Interval {
            mid,
            ..Interval::UNKNOWN
        };
    }
    Interval {
        mid,
        low: sorted[k - 1],
        high: sorted[n - k],
    }
}

/// What both tests say, each at half of `alpha`.
pub(crate) fn both(d: &[f64], alpha: f64) -> Interval {
    let mut sorted = d.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let h = hodges_lehmann(&sorted, alpha / 2.0);
    let s = sign(&sorted, alpha / 2.0);
    let narrow = if s.width() < h.width() { s } else { h };
    narrow.and(h).and(s)
}

/// Each switch's effect from random halves: its sign times the log ratio, less what the
/// others explain, fitted by medians without a look at this sign.
pub(crate) fn effects(d: &[f64], signs: &[Vec<bool>], k: usize, alpha: f64) -> Vec<Interval> {
    let mut scratch = Vec::with_capacity(d.len());
    let of = |i: usize| {
        let mut rest = d.to_vec();
        for other in (0..3 * k).map(|other| other % k).filter(|one| *one != i) {
            fill(&mut scratch, &rest, signs, other);
            let step = median(&mut scratch);
            for (rest, signs) in rest.iter_mut().zip(signs) {
                *rest -= signed(step, signs[other]);
            }
        }
        fill(&mut scratch, &rest, signs, i);
        both(&scratch, alpha)
    };
    (0..k).map(of).collect()
}

fn signed(v: f64, sign: bool) -> f64 {
    if sign { v } else { -v }
}

fn fill(into: &mut Vec<f64>, rest: &[f64], signs: &[Vec<bool>], of: usize) {
    into.clear();
    into.extend(rest.iter().zip(signs).map(|(r, s)| signed(*r, s[of])));
}

/// `SplitMix64`: the coins.
pub(crate) struct Coins(pub(crate) u64);

impl Coins {
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn toss(&mut self) -> bool {
        self.number() >> 63 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_one_or_between_the_two_in_the_middle() {
        assert!(median(&mut []).abs() < 1e-12);
        assert!((median(&mut [3.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median(&mut [4.0, 1.0, 3.0, 2.0]) - 2.5).abs() < 1e-12);
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (p, z) in [(0.5, 0.0), (0.975, 1.960), (0.995, 2.576), (0.01, -2.326)] {
            assert!((normal_quantile(p) - z).abs() < 0.001, "{p}");
        }
    }

    #[test]
    fn ranks_are_those_of_distances_from_the_centre() {
        // Distances from 2: 3, 1, 0, 2, 5 with signs -, -, none, +, +; ranks 4, 2, 1, 3, 5.
        let sorted = [-1.0, 1.0, 2.0, 4.0, 7.0];
        let sum = signed_rank(&sorted, 2.0) * spread(5);
        assert!((sum - (-4.0 - 2.0 + 3.0 + 5.0)).abs() < 1e-9, "{sum}");
    }

    #[test]
    fn few_pairs_say_nothing() {
        let one = both(&[-0.5, -0.4, -0.6], 0.01);
        assert!(one.low.is_infinite() && one.high.is_infinite());
    }

    #[test]
    fn intervals_shift_with_the_data_and_hold_the_centre() {
        let mut coins = Coins(7);
        let noise = |coins: &mut Coins| (coins.number() >> 11) as f64 / 2_f64.powi(53) - 0.5;
        for shift in [-0.3, 0.0, 0.2] {
            let d: Vec<f64> = (0..400).map(|_| shift + noise(&mut coins) * 0.1).collect();
            let found = both(&d, 0.01);
            assert!(found.low <= shift && shift <= found.high, "{found:?}");
            assert!(found.width() < 0.03, "{found:?}");
        }
    }

    /// Each end misses in one of a hundred at most, whatever the tails.
    #[test]
    fn the_truth_lies_outside_no_more_often_than_alpha_allows() {
        let mut coins = Coins(11);
        let uniform = |coins: &mut Coins| ((coins.number() >> 11) as f64 + 0.5) / 2_f64.powi(53);
        for heavy in [false, true] {
            let mut outside = 0;
            for _ in 0..2000 {
                let d: Vec<f64> = (0..60)
                    .map(|_| {
                        // Symmetric, as the order within a pair is a coin's.
                        let size = uniform(&mut coins);
                        let size = if heavy { 0.01 / size } else { 0.1 * size };
                        signed(size, coins.toss())
                    })
                    .collect();
                let found = both(&d, 0.02);
                outside += usize::from(found.high < 0.0);
            }
            // 2 % of 2000 are 40; more than 60 come by in less than one run of a thousand.
            assert!(outside < 60, "{outside} of 2000, heavy: {heavy}");
        }
    }

    #[test]
    fn one_switch_s_effect_is_told_from_another_s() {
        let mut coins = Coins(3);
        let truth = [-0.05, 0.1, 0.0];
        let mut d = Vec::new();
        let mut signs = Vec::new();
        for _ in 0..300 {
            let sign: Vec<bool> = truth.iter().map(|_| coins.toss()).collect();
            let noise = (coins.number() >> 11) as f64 / 2_f64.powi(53) - 0.5;
            let sum: f64 = truth.iter().zip(&sign).map(|(t, s)| signed(*t, *s)).sum();
            d.push(sum + noise * 0.02);
            signs.push(sign);
        }
        for (found, truth) in effects(&d, &signs, 3, 0.01).iter().zip(truth) {
            assert!((found.mid - truth).abs() < 0.005, "{found:?}, {truth}");
            assert!(found.low <= truth && truth <= found.high, "{found:?}");
        }
    }
}
