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

/// What a figure is to be at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aim {
    /// The median over layouts of each program.
    pub median: f64,
    /// Each layout.
    pub worst: f64,
    /// The geometric mean over the programs.
    pub mean: f64,
}

/// Of the last digit shown.
const HALF: f64 = 0.005;

impl Aim {
    /// Of calls without a list, and of all calls where the runtime was never started.
    pub const UNLISTED: Aim = Aim {
        worst: 1.10,
        ..Aim::of_median(1.02)
    };

    /// Of calls with a list.
    pub const LISTED: Aim = Aim {
        mean: 0.75,
        ..Aim::of_median(1.02)
    };

    /// Nothing but this median.
    #[must_use]
    pub const fn of_median(median: f64) -> Self {
        Aim {
            median,
            worst: f64::INFINITY,
            mean: f64::INFINITY,
        }
    }

    /// Whether a figure is what it is to be, with the two digits that are shown.
    #[must_use]
    pub fn reached(&self, figure: Across) -> bool {
        self.median_reached(figure.median) && figure.worst < self.worst + HALF
    }

    /// The same of the median over layouts alone.
    #[must_use]
    pub fn median_reached(&self, median: f64) -> bool {
        median < self.median + HALF
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

    fn across(median: f64, worst: f64) -> Across {
        Across { median, worst }
    }

    #[test]
    fn a_bad_layout_misses_an_aim_that_the_median_reaches() {
        assert!(!Aim::UNLISTED.reached(across(1.0, 1.2)));
        assert!(Aim::LISTED.reached(across(1.0, 1.2)));
        assert!(!Aim::UNLISTED.reached(across(1.03, 1.03)));
        assert!(!Aim::LISTED.reached(across(1.03, 1.03)));
    }

    #[test]
    fn a_figure_that_is_shown_as_the_aim_reaches_it() {
        assert!(Aim::UNLISTED.reached(across(1.024, 1.104)));
        assert!(!Aim::UNLISTED.reached(across(1.026, 1.026)));
    }

    #[test]
    fn twice_as_fast_and_twice_as_slow_is_as_fast_on_the_geometric_mean() {
        let mean = geometric_mean(&[0.5, 2.0]).unwrap();
        assert!((mean - 1.0).abs() < 1e-12, "{mean}");
        assert_eq!(geometric_mean(&[]), None);
    }
}
