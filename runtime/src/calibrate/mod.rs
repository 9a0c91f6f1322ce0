//! Whether guards and chains pay on this processor and in this build.
//!
//! A predicted indirect call costs next to nothing on some processors, and two
//! compares in front of a direct call then cost more than they save; on others,
//! on skewed mixes and wherever indirect calls go through retpolines, the chain
//! wins. `benches/` shows both. So before a site is switched
//! on in [`Mode::Auto`](crate::config::Mode), guards and chains are measured once
//! here against the plain call: some milliseconds, in alternation, in several
//! copies, since where code happens to lie moves such a figure by a fifth. A build
//! with retpolines needs no flag to be recognised: its plain calls take several
//! times as long, so that all ratios fall.
//!
//! What a plain call costs on a mix of types is mostly what its misses of the branch
//! predictor cost, and predictors learn orders: in a loop over the same few objects,
//! every call is predicted, and compares only come on top. So mixes are measured in
//! an order that is new to the predictor and in one that it knows, and the planner
//! weighs them by what a site's window says of the order there.

mod measure;
mod probe;

pub(crate) use measure::measure;

/// What chains and guards take, as multiples of the plain call's time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Calibration {
    /// What a plain call takes that is predicted, in nanoseconds.
    pub plain: f32,
    /// Of the plain call's time, a call on the last of four listed types, whose guard stands
    /// behind the arm; [`None`] as below.
    pub behind: Option<f32>,
    /// A chain of compares and direct jumps to bodies that are not inlined; [`None`]
    /// where it could not be measured, and so is not said to pay.
    pub chain: Option<Costs>,
    /// Guards in front of inlined bodies (`inline = […]`); [`None`] as above.
    pub guard: Option<Costs>,
    /// All calls on one type, past the guards of two others that are switched off: what
    /// a chain costs more where none of a list's guards is on. [`None`] as above.
    pub past_guards: Option<f32>,
    /// The same past four others, in a function of their own as lists of three and more
    /// are.
    pub past_long_list: Option<f32>,
}

/// Time per call, as a multiple of the plain call's, for the mixes of types that
/// decide differently. The bodies are one multiplication, which is the hardest case:
/// the longer a body takes, the closer to one is its ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Costs {
    /// All calls on one type; two types known.
    pub mono: f32,
    /// Four in five calls on one of two types; both known.
    pub skewed: ByOrder,
    /// Four in five calls on one of eight types; two known, so that a sixth of the
    /// calls misses.
    pub scattered: ByOrder,
    /// Four types equally often; two known, so that half of the calls miss.
    pub even: ByOrder,
    /// Four types equally often, all known.
    pub covered: ByOrder,
}

/// The same mix in two orders, which are to branch predictors what black and white
/// are: real ones lie between.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ByOrder {
    /// Types come in an order that no predictor knows, and plain calls are often
    /// mispredicted: the multiple of their time.
    pub shuffled: f32,
    /// Types come in a short order that is repeated, and plain calls are as good as
    /// never mispredicted: the multiple of their time.
    pub fixed: f32,
    /// What the plain call takes in the repeated order, of its time in the other.
    pub plain: f32,
}

/// What decides which of the measured mixes a site is most like.
pub(crate) struct Mix {
    /// Share of the calls on the most frequent type.
    pub(crate) largest: f32,
    /// Share of the calls whose type is known.
    pub(crate) coverage: f32,
    /// How many types a call is compared with, on average.
    pub(crate) compares: f32,
    /// The same type comes many times in a row.
    pub(crate) long_runs: bool,
}

impl Calibration {
    /// Guards and chains pay up to this multiple of the plain call's time:
    /// below one by more than the calibration's own noise.
    const PAYS_BELOW: f32 = 0.97;

    /// Whether such a multiple of the plain call's time pays; what is no number does not.
    pub(crate) fn pays(ratio: f32) -> bool {
        ratio <= Self::PAYS_BELOW
    }
}

impl Costs {
    /// The figure of the measured mix that is most like this one, and in doubt the
    /// worse. `foreseen` says which share of the calls can be foreseen from those
    /// before them, 0 to 1, if that is known; it is asked only where it matters.
    pub(crate) fn ratio(&self, mix: &Mix, foreseen: impl FnOnce() -> Option<f32>) -> f32 {
        let covered = mix.coverage >= 0.95;
        if mix.largest >= 0.98 {
            return self.mono;
        }
        let runs = mix.long_runs && covered;
        let foreseen = if runs { Some(1.0) } else { foreseen() };
        let (skewed, scattered) = (self.skewed.ratio(foreseen), self.scattered.ratio(foreseen));
        let (even, all) = (self.even.ratio(foreseen), self.covered.ratio(foreseen));
        let (ratio, compares) = if runs {
            (self.mono, 1.0)
        } else if covered && mix.largest >= 0.6 {
            (skewed, SKEWED_COMPARES)
        } else if covered {
            (all, COVERED_COMPARES)
        } else if mix.largest >= 0.6 {
            (scattered, SKEWED_COMPARES)
        } else {
            (even.max(scattered), EVEN_COMPARES)
        };
        // What was measured has four types known at most. Longer chains and lists are
        // taken to cost as much more for each compare as four did more than two.
        let compare = ((all - skewed) / (COVERED_COMPARES - SKEWED_COMPARES)).max(0.0);
        ratio + compare * (mix.compares - compares).max(0.0)
    }
}

/// Compares that a call takes on average, in the mixes that are measured.
const SKEWED_COMPARES: f32 = 1.2;
const EVEN_COMPARES: f32 = 1.75;
const COVERED_COMPARES: f32 = 2.5;

impl ByOrder {
    /// The multiple where a share of the calls is foreseen: the times of both orders,
    /// so weighed, by the plain call's, weighed alike. Where the share is not known,
    /// the worse of both.
    pub(crate) fn ratio(&self, foreseen: Option<f32>) -> f32 {
        let Some(foreseen) = foreseen else {
            return self.shuffled.max(self.fixed);
        };
        let (shuffled, fixed) = (1.0 - foreseen, foreseen * self.plain);
        (shuffled * self.shuffled + fixed * self.fixed) / (shuffled + fixed)
    }
}
