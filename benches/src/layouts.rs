//! Layouts of code: the same program, built so that its code lies elsewhere. Placement
//! alone moves a figure by a fifth.

use serde::{Deserialize, Serialize};

/// One way of laying out code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// A word for people, and for the folder that it is built in.
    pub name: &'static str,
    /// For rustc, beside what is in `RUSTFLAGS` already.
    pub flags: &'static str,
}

/// As cargo builds it.
pub const DEFAULT: Layout = Layout {
    name: "default",
    flags: "",
};

/// All: as cargo builds it, in one codegen unit, and with every block that is only jumped
/// to at the beginning of a cache line.
pub const ALL: [Layout; 3] = [
    DEFAULT,
    Layout {
        name: "one-unit",
        flags: "-Ccodegen-units=1",
    },
    Layout {
        name: "aligned",
        flags: "-Cllvm-args=-align-all-nofallthru-blocks=6",
    },
];

impl Layout {
    /// `RUSTFLAGS` for this layout, beside what the environment says.
    #[must_use]
    pub fn rustflags(&self) -> String {
        let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
        format!("{flags} {}", self.flags).trim().to_owned()
    }
}

/// A figure in several layouts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Across {
    /// The median over the layouts.
    pub median: f64,
    /// The worst.
    pub worst: f64,
}

impl Across {
    /// Of one figure a layout; [`None`] of none.
    #[must_use]
    pub fn of(figures: &[f64]) -> Option<Self> {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Across {
            median: crate::stats::percentile(&sorted, 50)?,
            worst: *sorted.last()?,
        })
    }
}

/// The geometric mean of ratios; [`None`] of none.
#[must_use]
pub fn geometric_mean(ratios: &[f64]) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "a few dozen")]
    let count = ratios.len() as f64;
    let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    (!ratios.is_empty()).then(|| (sum / count).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn across_layouts_the_middle_one_counts_and_the_worst_is_kept() {
        let across = Across::of(&[1.3, 0.9, 1.0]).unwrap();
        assert_eq!((across.median, across.worst), (1.0, 1.3));
        let one = Across::of(&[1.1]).unwrap();
        assert_eq!((one.median, one.worst), (1.1, 1.1));
        assert_eq!(Across::of(&[]), None);
    }

    #[test]
    fn twice_as_fast_and_twice_as_slow_is_as_fast_on_the_geometric_mean() {
        let mean = geometric_mean(&[0.5, 2.0]).unwrap();
        assert!((mean - 1.0).abs() < 1e-12, "{mean}");
        assert_eq!(geometric_mean(&[]), None);
    }
}
