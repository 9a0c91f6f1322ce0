//! Whether chains pay on this processor and in this build.
//!
//! A predicted indirect call costs next to nothing on some processors, and two
//! compares in front of a direct call then cost more than they save; on others,
//! on skewed mixes and wherever indirect calls go through retpolines, the chain
//! wins. The tables in the design notes show both. So before a site is switched
//! on in [`Mode::Auto`](crate::config::Mode), chains are measured once here
//! against the plain call: about a third of a millisecond, in alternation, in
//! several copies, since where code happens to lie moves such a figure by a
//! fifth.

mod measure;
mod probe;

pub(crate) use measure::measure;

/// Time per call through a chain, as a multiple of the plain call's.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Calibration {
    /// All calls on one type.
    pub mono: f32,
    /// Four in five calls on one of two types, in an order that no predictor knows.
    pub skewed: f32,
}

impl Calibration {
    /// A chain pays if it takes less than this multiple of the plain call's time:
    /// below one by more than the calibration's own noise.
    pub(crate) const PAYS_BELOW: f32 = 0.97;
    /// From this share of the calls on, one type is as good as all.
    const MONO_FROM: f32 = 0.98;

    /// Nothing could be measured, so nothing is said to pay.
    pub(crate) const UNKNOWN: Calibration = Calibration {
        mono: f32::INFINITY,
        skewed: f32::INFINITY,
    };

    /// What a chain would cost where the most frequent type has this share.
    pub(crate) fn ratio(&self, largest_share: f32) -> f32 {
        if largest_share >= Self::MONO_FROM {
            self.mono
        } else {
            self.skewed
        }
    }
}
