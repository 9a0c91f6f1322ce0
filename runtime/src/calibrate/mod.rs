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

mod measure;
mod probe;

pub(crate) use measure::measure;

/// What chains and guards take, as multiples of the plain call's time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Calibration {
    /// A chain of compares and direct jumps to bodies that are not inlined.
    pub chain: Costs,
    /// Guards in front of inlined bodies (`inline = […]`).
    pub guard: Costs,
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
    /// Four in five calls on one of two types, in an order that no predictor knows;
    /// both known.
    pub skewed: f32,
    /// Four in five calls on one of eight types; two known, so that a sixth of the
    /// calls misses.
    pub scattered: f32,
    /// Four types equally often; two known, so that half of the calls miss.
    pub even: f32,
    /// Four types equally often, all known.
    pub covered: f32,
}

/// What decides which of the measured mixes a site is most like.
pub(crate) struct Mix {
    /// Share of the calls on the most frequent type.
    pub(crate) largest: f32,
    /// Share of the calls whose type is known.
    pub(crate) coverage: f32,
    /// The same type comes many times in a row.
    pub(crate) long_runs: bool,
}

impl Calibration {
    /// A chain pays if it takes less than this multiple of the plain call's time:
    /// below one by more than the calibration's own noise.
    pub(crate) const PAYS_BELOW: f32 = 0.97;
}

impl Costs {
    /// Nothing could be measured, so nothing is said to pay.
    pub(crate) const UNKNOWN: Costs = Costs {
        mono: f32::INFINITY,
        skewed: f32::INFINITY,
        scattered: f32::INFINITY,
        even: f32::INFINITY,
        covered: f32::INFINITY,
    };

    /// The figure of the measured mix that is most like this one, and in doubt the
    /// worse.
    pub(crate) fn ratio(&self, mix: &Mix) -> f32 {
        let covered = mix.coverage >= 0.95;
        if mix.largest >= 0.98 || (mix.long_runs && covered) {
            self.mono
        } else if covered && mix.largest >= 0.6 {
            self.skewed
        } else if covered {
            self.covered
        } else if mix.largest >= 0.6 {
            self.scattered
        } else {
            self.even.max(self.scattered)
        }
    }
}
