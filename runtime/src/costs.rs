//! What calls cost on a processor, as numbers: `calibrate` measures them, `plan` asks them.

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
#[test]
fn noise_is_no_gain_and_what_is_no_number_does_not_pay() {
    assert!(Calibration::pays(0.5) && Calibration::pays(0.97));
    for ratio in [0.98, 1.0, f32::INFINITY, f32::NAN] {
        assert!(!Calibration::pays(ratio), "{ratio}");
    }
}
