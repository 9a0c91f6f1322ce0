//! Building blocks of voices and effects.

use crate::NoteOn;

/// A phase that runs from 0 to 1 at a fixed frequency, over and over.
#[derive(Clone, Copy, Debug)]
pub struct Phase {
    now: f32,
    step: f32,
}

impl Phase {
    /// A phase at 0 that completes `frequency` turns a second.
    pub fn new(frequency: f32, sample_rate: f32) -> Self {
        // Half the sample rate is the highest pitch there is; above it a step
        // would skip whole turns, and `advance` takes off one at most.
        let step = (frequency / sample_rate).clamp(0.0, 0.5);
        Self { now: 0.0, step }
    }

    /// How far one sample moves the phase.
    pub fn step(&self) -> f32 {
        self.step
    }

    /// Returns the phase and moves it by one sample.
    #[inline]
    pub fn advance(&mut self) -> f32 {
        let now = self.now;
        let next = now + self.step;
        self.now = if next >= 1.0 { next - 1.0 } else { next };
        now
    }
}

/// The sine of `turns` full turns, to about one part in a thousand.
///
/// A polynomial: `f32::sin` would cost many times the call that the example is
/// about.
#[inline]
pub fn sine(turns: f32) -> f32 {
    let x = turns - turns.floor() - 0.5;
    let parabola = -16.0 * x * (0.5 - x.abs());
    parabola * (0.775 + 0.225 * parabola.abs())
}

/// A rise, a slow fall while the key is held, and a fast fall afterwards.
#[derive(Clone, Copy, Debug)]
pub struct Envelope {
    level: f32,
    rise: f32,
    peak: f32,
    held_fall: f32,
    released_fall: f32,
    /// Samples until the key is released, and whether the peak was reached.
    held: f32,
    rising: bool,
}

impl Envelope {
    /// Seconds from silence to the peak.
    const ATTACK: f32 = 0.004;
    /// Seconds in which a released note loses most of its level.
    const RELEASE: f32 = 0.06;
    /// The level that counts as silence: 80 dB below full scale.
    const SILENCE: f32 = 1e-4;

    /// The envelope of `note`, falling by a factor of e in `decay` seconds.
    pub fn new(note: &NoteOn, decay: f32) -> Self {
        let rate = note.sample_rate;
        Self {
            level: 0.0,
            rise: note.velocity / (Self::ATTACK * rate).max(1.0),
            peak: note.velocity,
            held_fall: (-1.0 / (decay * rate)).exp(),
            released_fall: (-1.0 / (Self::RELEASE * rate)).exp(),
            held: note.seconds * rate,
            rising: true,
        }
    }

    /// Returns the level and moves on by one sample.
    #[inline]
    pub fn advance(&mut self) -> f32 {
        let level = self.level;
        if self.rising {
            self.level += self.rise;
            self.rising = self.level < self.peak;
        } else if self.held > 0.0 {
            self.level *= self.held_fall;
        } else {
            self.level *= self.released_fall;
        }
        self.held -= 1.0;
        level
    }

    /// Whether the note has died away.
    pub fn finished(&self) -> bool {
        !self.rising && self.level < Self::SILENCE
    }
}

#[cfg(test)]
mod tests {
    use super::{Envelope, Phase, sine};
    use crate::NoteOn;

    #[test]
    fn the_polynomial_follows_the_sine() {
        for (step, turns) in (0_u8..100).map(|i| (i, f32::from(i) / 50.0 - 1.0)) {
            let exact = (turns * std::f32::consts::TAU).sin();
            assert!((sine(turns) - exact).abs() < 2e-3, "step {step}");
        }
    }

    #[test]
    fn a_phase_stays_within_one_turn_at_any_frequency() {
        for frequency in [0.0, 1.0, 440.0, 24_000.0, 1e9] {
            let mut phase = Phase::new(frequency, 48_000.0);
            assert!((0..1000).all(|_| (0.0..1.0).contains(&phase.advance())));
        }
    }

    #[test]
    fn every_note_ends() {
        let note = NoteOn {
            sample_rate: 1000.0,
            frequency: 440.0,
            velocity: 1.0,
            seconds: 0.1,
        };
        let mut envelope = Envelope::new(&note, 5.0);
        let samples = (0..10_000).take_while(|_| {
            envelope.advance();
            !envelope.finished()
        });
        assert!((100..1000).contains(&samples.count()));
    }
}
