//! The columns shown, and what each is to reach.

use static_call_benches::layouts::{Across, geometric_mean};

use crate::drive::Figures;
use crate::measure::Phase;
use crate::program::Program;
use crate::ways::Way;

/// What a column is to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Aim {
    /// At most, for the median over layouts of each program.
    pub(crate) median: f64,
    /// At most, for each layout.
    pub(crate) worst: f64,
    /// At most, for the geometric mean over the programs.
    pub(crate) mean: f64,
}

/// A way in a phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) label: &'static str,
    pub(crate) phase: Phase,
    pub(crate) way: Way,
    pub(crate) aim: Option<Aim>,
}

/// Without a list.
const UNLISTED: Option<Aim> = Some(Aim {
    median: 1.02,
    worst: 1.10,
    mean: f64::INFINITY,
});

/// With a list.
const LISTED: Option<Aim> = Some(Aim {
    median: 1.02,
    worst: f64::INFINITY,
    mean: 0.75,
});

const fn column(label: &'static str, phase: Phase, way: Way, aim: Option<Aim>) -> Column {
    Column {
        label,
        phase,
        way,
        aim,
    }
}

/// All columns.
pub(crate) const COLUMNS: [Column; 8] = [
    column("plain again", Phase::Never, Way::Control, None),
    column("never started", Phase::Never, Way::Sites, UNLISTED),
    column("never started, list", Phase::Never, Way::Listed, UNLISTED),
    column("auto, worker", Phase::Worker, Way::Sites, UNLISTED),
    column("auto, pass a round", Phase::Passes, Way::Sites, UNLISTED),
    column("list, worker", Phase::Worker, Way::Listed, LISTED),
    column("list, pass a round", Phase::Passes, Way::Listed, LISTED),
    column("specialize!", Phase::Never, Way::Specialized, None),
];

impl Column {
    /// The figure of a program: the median of its rounds, across layouts.
    pub(crate) fn figure(&self, figures: &Figures, program: &str) -> Option<Across> {
        let ratios = figures.ratios(program, self.phase, self.way);
        Across::of(&ratios.map(|ratio| ratio.rounds.median).collect::<Vec<_>>())
    }

    /// The same by the sums over all rounds.
    pub(crate) fn total(&self, figures: &Figures, program: &str) -> Option<Across> {
        let ratios = figures.ratios(program, self.phase, self.way);
        Across::of(&ratios.map(|ratio| ratio.total).collect::<Vec<_>>())
    }

    /// The geometric mean over the programs, of their medians over layouts.
    pub(crate) fn mean(&self, figures: &Figures, programs: &[Program]) -> Option<f64> {
        let medians = programs.iter();
        let medians = medians.filter_map(|one| Some(self.figure(figures, one.name)?.median));
        geometric_mean(&medians.collect::<Vec<_>>())
    }

    /// Whether a figure is what it is to be.
    pub(crate) fn reached(&self, figure: Across) -> bool {
        self.aim
            .is_none_or(|aim| figure.median <= aim.median && figure.worst <= aim.worst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_layout_misses_an_aim_that_the_median_reaches() {
        let [_, never, .., listed, _, specialize] = COLUMNS;
        let figure = Across {
            median: 1.0,
            worst: 1.2,
        };
        assert!(!never.reached(figure));
        assert!(listed.reached(figure));
        let slow = Across {
            median: 1.03,
            worst: 1.03,
        };
        assert!(!never.reached(slow) && !listed.reached(slow));
        assert!(specialize.reached(slow));
    }
}
