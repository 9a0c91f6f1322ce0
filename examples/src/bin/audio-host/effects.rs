//! The host's own effects. Each is a few nanoseconds of arithmetic a sample, most of which
//! has to wait for the sample before: the call is a small part of the cost.

use static_call::static_dispatch;
use static_call_example_dsp::Effect;

/// Amplifies.
pub(crate) struct Gain(pub(crate) f32);

#[static_dispatch]
impl Effect for Gain {
    fn process(&mut self, x: f32) -> f32 {
        x * self.0
    }

    fn name(&self) -> &'static str {
        "gain"
    }
}

/// Bends loud samples towards full scale, which adds warm overtones.
pub(crate) struct Waveshaper {
    pub(crate) drive: f32,
}

#[static_dispatch]
impl Effect for Waveshaper {
    fn process(&mut self, x: f32) -> f32 {
        let driven = x * self.drive;
        driven / (1.0 + driven.abs())
    }

    fn name(&self) -> &'static str {
        "waveshaper"
    }
}

/// A second-order lowpass, after Robert Bristow-Johnson's cookbook.
pub(crate) struct Biquad {
    forward: [f32; 3],
    backward: [f32; 2],
    state: [f32; 2],
}

impl Biquad {
    pub(crate) fn lowpass(cutoff: f32, sample_rate: f32) -> Self {
        // Without the limit, a low sample rate would put the cutoff above half
        // of it, and the filter would no longer be stable.
        let turns = (cutoff / sample_rate).min(0.45);
        let (sine, cosine) = (turns * std::f32::consts::TAU).sin_cos();
        let alpha = sine * std::f32::consts::FRAC_1_SQRT_2;
        let scale = 1.0 / (1.0 + alpha);
        let outer = 0.5 * (1.0 - cosine) * scale;
        Self {
            forward: [outer, 2.0 * outer, outer],
            backward: [-2.0 * cosine * scale, (1.0 - alpha) * scale],
            state: [0.0; 2],
        }
    }
}

#[static_dispatch]
impl Effect for Biquad {
    fn process(&mut self, x: f32) -> f32 {
        let y = self.forward[0] * x + self.state[0];
        self.state[0] = self.forward[1] * x - self.backward[0] * y + self.state[1];
        self.state[1] = self.forward[2] * x - self.backward[1] * y;
        y
    }

    fn name(&self) -> &'static str {
        "biquad"
    }
}

/// Turns loud passages down, softly.
pub(crate) struct Compressor {
    follow: f32,
    level: f32,
}

impl Compressor {
    const THRESHOLD: f32 = 0.3;

    pub(crate) fn new(sample_rate: f32) -> Self {
        Self {
            follow: 1.0 - (-1.0 / (0.01 * sample_rate)).exp(),
            level: 0.0,
        }
    }
}

#[static_dispatch]
impl Effect for Compressor {
    fn process(&mut self, x: f32) -> f32 {
        self.level += self.follow * (x.abs() - self.level);
        x / (1.0 + (self.level - Self::THRESHOLD).max(0.0))
    }

    fn name(&self) -> &'static str {
        "compressor"
    }
}

/// Adds echoes.
pub(crate) struct Delay {
    line: Vec<f32>,
    at: usize,
}

impl Delay {
    const FEEDBACK: f32 = 0.35;

    /// Echoes that come `samples` apart.
    pub(crate) fn new(samples: usize) -> Self {
        Self {
            line: vec![0.0; samples.max(1)],
            at: 0,
        }
    }
}

#[static_dispatch]
impl Effect for Delay {
    fn process(&mut self, x: f32) -> f32 {
        let y = x + Self::FEEDBACK * self.line[self.at];
        self.line[self.at] = y;
        self.at += 1;
        if self.at == self.line.len() {
            self.at = 0;
        }
        y
    }

    fn name(&self) -> &'static str {
        "delay"
    }
}

/// Keeps every sample within the ceiling: down at once, up again slowly.
pub(crate) struct Limiter {
    gain: f32,
    recover: f32,
}

impl Limiter {
    const CEILING: f32 = 0.97;

    pub(crate) fn new(sample_rate: f32) -> Self {
        Self {
            gain: 1.0,
            recover: 1.0 - (-1.0 / (0.1 * sample_rate)).exp(),
        }
    }
}

#[static_dispatch]
impl Effect for Limiter {
    fn process(&mut self, x: f32) -> f32 {
        self.gain += self.recover * (1.0 - self.gain);
        let loudness = x.abs() * self.gain;
        if loudness > Self::CEILING {
            self.gain *= Self::CEILING / loudness;
        }
        x * self.gain
    }

    fn name(&self) -> &'static str {
        "limiter"
    }
}

#[cfg(test)]
mod tests {
    use super::{Biquad, Compressor, Delay, Effect, Gain, Limiter, Waveshaper};

    #[test]
    fn the_limiter_keeps_every_sample_within_full_scale() {
        let mut limiter = Limiter::new(48_000.0);
        let loud = (0_u16..10_000).map(|i| (f32::from(i) * 0.1).sin() * f32::from(i % 7));
        assert!(loud.into_iter().all(|x| limiter.process(x).abs() <= 1.0));
    }

    #[test]
    fn every_effect_stays_finite_at_any_sample_rate() {
        for rate in [1.0, 8_000.0, 768_000.0] {
            let mut chain: [Box<dyn Effect>; 5] = [
                Box::new(Waveshaper { drive: 2.0 }),
                Box::new(Biquad::lowpass(9_000.0, rate)),
                Box::new(Compressor::new(rate)),
                Box::new(Delay::new(3)),
                Box::new(Gain(0.5)),
            ];
            for i in 0_u16..5_000 {
                let input = if i % 2 == 0 { 1e6 } else { -1e6 };
                let output = chain.iter_mut().fold(input, |x, effect| effect.process(x));
                assert!(output.is_finite(), "sample {i} at {rate} Hz");
            }
        }
    }
}
