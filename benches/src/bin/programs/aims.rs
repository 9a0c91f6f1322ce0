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
    aim: Option<Aim>,
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
pub(crate) const COLUMNS: [Column; 9] = [
    column("plain again", Phase::Never, Way::Control, None),
    column("never started", Phase::Never, Way::Sites, UNLISTED),
    column("never started, list", Phase::Never, Way::Listed, UNLISTED),
    column("auto, worker", Phase::Worker, Way::Sites, UNLISTED),
    column("auto, pass a round", Phase::Passes, Way::Sites, UNLISTED),
    column("list, worker", Phase::Worker, Way::Listed, LISTED),
    column("list, pass a round", Phase::Passes, Way::Listed, LISTED),
    column("chains forced", Phase::Forced, Way::Sites, None),
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

    /// What it is to reach on a program.
    pub(crate) fn aim(&self, program: &Program) -> Option<Aim> {
        match self.phase {
            Phase::Forced => Some(Aim {
                median: program.forced?,
                worst: f64::INFINITY,
                mean: f64::INFINITY,
            }),
            _ => self.aim,
        }
    }

    /// What the geometric mean is to reach.
    pub(crate) fn aim_of_mean(&self) -> f64 {
        self.aim.map_or(f64::INFINITY, |aim| aim.mean)
    }
}

impl Aim {
    /// Whether a figure is what it is to be, with the two digits that are shown.
    pub(crate) fn reached(self, figure: Across) -> bool {
        self.median(figure.median) && figure.worst < self.worst + HALF
    }

    /// The same of the median over layouts alone.
    pub(crate) fn median(self, median: f64) -> bool {
        median < self.median + HALF
    }
}

/// Of the last digit shown.
const HALF: f64 = 0.005;

#[cfg(test)]
mod tests {
    use super::*;

    fn across(median: f64, worst: f64) -> Across {
        Across { median, worst }
    }

    #[test]
    fn a_bad_layout_misses_an_aim_that_the_median_reaches() {
        let [never, listed] = [UNLISTED.unwrap(), LISTED.unwrap()];
        assert!(!never.reached(across(1.0, 1.2)));
        assert!(listed.reached(across(1.0, 1.2)));
        assert!(!never.reached(across(1.03, 1.03)));
        assert!(!listed.reached(across(1.03, 1.03)));
    }

    #[test]
    fn a_figure_that_is_shown_as_the_aim_reaches_it() {
        assert!(UNLISTED.unwrap().reached(across(1.024, 1.104)));
        assert!(!UNLISTED.unwrap().reached(across(1.026, 1.026)));
    }
}
