//! Whether chains pay on this processor and in this build.
//!
//! A predicted indirect call costs next to nothing on some processors, and two
//! compares in front of a direct call then cost more than they save; on others,
//! on skewed mixes and wherever indirect calls go through retpolines, the chain
//! wins. `benches/` shows both. So before a site is switched
//! on in [`Mode::Auto`](crate::config::Mode), chains are measured once here
//! against the plain call: a few milliseconds, in alternation, in
//! several copies, since where code happens to lie moves such a figure by a
//! fifth.

mod measure;
mod probe;

pub(crate) use measure::measure;

/// Time per call through a chain of two targets, as a multiple of the plain call's,
/// for the mixes of types that decide differently.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Calibration {
    /// All calls on one type.
    pub mono: f32,
    /// Four in five calls on one of two types, in an order that no predictor knows.
    pub skewed: f32,
    /// Four in five calls on one of eight types; a sixth of the calls miss.
    pub scattered: f32,
    /// Four types equally often; half of the calls miss.
    pub even: f32,
}

impl Calibration {
    /// A chain pays if it takes less than this multiple of the plain call's time:
    /// below one by more than the calibration's own noise.
    pub(crate) const PAYS_BELOW: f32 = 0.97;

    /// Nothing could be measured, so nothing is said to pay.
    pub(crate) const UNKNOWN: Calibration = Calibration {
        mono: f32::INFINITY,
        skewed: f32::INFINITY,
        scattered: f32::INFINITY,
        even: f32::INFINITY,
    };

    /// What a chain would cost at a site whose most frequent type has the share
    /// `largest` of the calls, and where the chain covers `coverage` of them: the
    /// figure of the measured mix that is most like it, and in doubt the worse.
    pub(crate) fn ratio(&self, largest: f32, coverage: f32) -> f32 {
        if largest >= 0.98 {
            self.mono
        } else if coverage >= 0.95 {
            self.skewed
        } else if largest >= 0.6 {
            self.scattered
        } else {
            self.even.max(self.scattered)
        }
    }
}
