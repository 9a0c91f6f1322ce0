//! Whether guards and chains pay on this processor and in this build.
//!
//! A predicted indirect call costs next to nothing on most processors, and compares in
//! front of a direct call then cost more than they save; wherever indirect calls go through
//! retpolines, they win. `benches/` shows both. So before a site is switched on in
//! [`Mode::Auto`](crate::config::Mode), guards and chains are measured once here against
//! the plain call: a millisecond or two, in alternation, in several copies, since where
//! code happens to lie moves such a figure by a fifth. A build with retpolines needs no
//! flag to be recognised: its plain calls take several times as long, so that all ratios
//! fall.
//!
//! The figures are of a tight loop, where nothing else competes for the predictor: they may
//! say no, and do not say yes by themselves. What does is said in `plan::auto`.

mod measure;
mod probe;

pub(crate) use measure::measure;

/// What guards and chains take here. The bodies that were measured are one
/// multiplication, which is the hardest case: the longer a body takes, the closer to one is
/// its multiple.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Calibration {
    /// What a plain call on one type takes, in nanoseconds.
    pub plain: f32,
    /// What a call takes that a guard in the arm inlines (`inline = […]`, the first two
    /// types), as a multiple of the plain call's time, all calls on one type; [`None`] where
    /// it could not be measured, and so is not said to pay.
    pub guard: Option<f32>,
    /// The same on the last of four listed types, whose guard stands behind the arm.
    pub behind: Option<f32>,
    /// The same by a chain of compares and direct jumps to bodies that are not inlined, of
    /// two types.
    pub chain: Option<f32>,
    /// The same, where four in five calls are on one of the two types, in an order that no
    /// predictor knows.
    pub chain_mixed: Option<f32>,
}

impl Calibration {
    /// Where nobody asks: nothing is said to pay, and a plain call takes what it takes on
    /// processors of these years.
    pub(crate) const UNMEASURED: Calibration = Calibration {
        plain: 1.5,
        guard: None,
        behind: None,
        chain: None,
        chain_mixed: None,
    };

    /// Guards and chains pay up to this multiple of the plain call's time:
    /// below one by more than the calibration's own noise.
    const PAYS_BELOW: f32 = 0.97;

    /// Whether such a multiple of the plain call's time pays; what is no number does not.
    pub(crate) fn pays(ratio: f32) -> bool {
        ratio <= Self::PAYS_BELOW
    }
}

#[cfg(test)]
mod tests;
