//! The host's own meters.

use static_call::static_dispatch;
use static_call_example_dsp::Meter;

/// The loudest sample so far.
#[derive(Default)]
pub(crate) struct Peak(f32);

#[static_dispatch]
impl Meter for Peak {
    fn measure(&mut self, x: f32) {
        self.0 = self.0.max(x.abs());
    }

    fn level(&self) -> f32 {
        self.0
    }

    fn name(&self) -> &'static str {
        "peak"
    }
}

/// The root of the mean square.
#[derive(Default)]
pub(crate) struct Loudness {
    squares: f64,
    samples: f64,
}

#[static_dispatch]
impl Meter for Loudness {
    fn measure(&mut self, x: f32) {
        self.squares += f64::from(x) * f64::from(x);
        self.samples += 1.0;
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a level needs no more digits"
    )]
    fn level(&self) -> f32 {
        (self.squares / self.samples.max(1.0)).sqrt() as f32
    }

    fn name(&self) -> &'static str {
        "RMS"
    }
}
