//! The columns shown, and what each is to reach.

use static_call_benches::layouts::{Across, Aim, geometric_mean};

use crate::drive::Figures;
use crate::measure::Phase;
use crate::program::Program;
use crate::ways::Way;

/// A way in a phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) label: &'static str,
    pub(crate) phase: Phase,
    pub(crate) way: Way,
    aim: Option<Aim>,
}

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
    column(
        "never started",
        Phase::Never,
        Way::Sites,
        Some(Aim::UNLISTED),
    ),
    column(
        "never started, list",
        Phase::Never,
        Way::Listed,
        Some(Aim::UNLISTED),
    ),
    column(
        "auto, worker",
        Phase::Worker,
        Way::Sites,
        Some(Aim::UNLISTED),
    ),
    column(
        "auto, pass a round",
        Phase::Passes,
        Way::Sites,
        Some(Aim::UNLISTED),
    ),
    column(
        "list, worker",
        Phase::Worker,
        Way::Listed,
        Some(Aim::LISTED),
    ),
    column(
        "list, pass a round",
        Phase::Passes,
        Way::Listed,
        Some(Aim::LISTED),
    ),
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
            Phase::Forced => Some(Aim::of_median(program.forced?)),
            _ => self.aim,
        }
    }

    /// What the geometric mean is to reach.
    pub(crate) fn aim_of_mean(&self) -> f64 {
        self.aim.map_or(f64::INFINITY, |aim| aim.mean)
    }
}
