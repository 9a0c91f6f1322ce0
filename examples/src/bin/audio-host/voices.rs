//! The host's own instruments.

use static_call::static_dispatch;
use static_call_example_dsp::signal::{Envelope, Phase, sine};
use static_call_example_dsp::{NoteOn, Voice};

/// A sawtooth behind a one-pole lowpass: chords and melody.
pub(crate) struct Saw {
    phase: Phase,
    envelope: Envelope,
    smoothing: f32,
    smoothed: f32,
}

impl Saw {
    pub(crate) fn new(note: &NoteOn) -> Self {
        let phase = Phase::new(note.frequency, note.sample_rate);
        Self {
            phase,
            envelope: Envelope::new(note, 0.6),
            // The cutoff follows the pitch, six times above it.
            smoothing: 1.0 - (-6.0 * std::f32::consts::TAU * phase.step()).exp(),
            smoothed: 0.0,
        }
    }
}

#[static_dispatch]
impl Voice for Saw {
    fn next(&mut self) -> f32 {
        let saw = 2.0 * self.phase.advance() - 1.0;
        self.smoothed += self.smoothing * (saw - self.smoothed);
        self.envelope.advance() * self.smoothed
    }

    fn finished(&self) -> bool {
        self.envelope.finished()
    }
}

/// A sine: the bass.
pub(crate) struct Sine {
    phase: Phase,
    envelope: Envelope,
}

impl Sine {
    pub(crate) fn new(note: &NoteOn) -> Self {
        Self {
            phase: Phase::new(note.frequency, note.sample_rate),
            envelope: Envelope::new(note, 1.5),
        }
    }
}

#[static_dispatch]
impl Voice for Sine {
    fn next(&mut self) -> f32 {
        self.envelope.advance() * sine(self.phase.advance())
    }

    fn finished(&self) -> bool {
        self.envelope.finished()
    }
}
