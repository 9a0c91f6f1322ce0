//! A plugin for the `audio-host` example: a tremolo and a bell.
//!
//! The host knows neither type. It asks for them by name once it has loaded
//! this library, half-way through a rendering.

use static_call::static_dispatch;
use static_call_example_dsp::signal::{Envelope, Phase, sine};
use static_call_example_dsp::{Effect, NoteOn, Voice};

static_call::export_plugin! {
    "tremolo" => fn(sample_rate: f32) -> Box<dyn Effect> { Box::new(Tremolo::new(sample_rate)) },
    "bell" => fn(note: NoteOn) -> Box<dyn Voice> { Box::new(Bell::new(note)) },
}

/// Swells and fades the signal a few times a second.
struct Tremolo {
    swell: Phase,
}

impl Tremolo {
    const HERTZ: f32 = 5.0;
    const DEPTH: f32 = 0.3;

    fn new(sample_rate: f32) -> Self {
        Self {
            swell: Phase::new(Self::HERTZ, sample_rate),
        }
    }
}

#[static_dispatch]
impl Effect for Tremolo {
    fn process(&mut self, x: f32) -> f32 {
        x * (1.0 - Self::DEPTH * (0.5 + 0.5 * sine(self.swell.advance())))
    }

    fn name(&self) -> &'static str {
        "tremolo"
    }
}

/// Two sines, one of which bends the other's phase: the classic FM bell.
struct Bell {
    carrier: Phase,
    modulator: Phase,
    loudness: Envelope,
    brightness: Envelope,
}

impl Bell {
    /// A ratio far from a whole number makes the partials clang.
    const RATIO: f32 = 3.5;
    /// How far the modulator bends the carrier, in turns.
    const INDEX: f32 = 0.4;

    fn new(note: NoteOn) -> Self {
        Self {
            carrier: Phase::new(note.frequency, note.sample_rate),
            modulator: Phase::new(note.frequency * Self::RATIO, note.sample_rate),
            loudness: Envelope::new(&note, 0.5),
            brightness: Envelope::new(&note, 0.2),
        }
    }
}

#[static_dispatch]
impl Voice for Bell {
    fn next(&mut self) -> f32 {
        let bend = Self::INDEX * self.brightness.advance() * sine(self.modulator.advance());
        self.loudness.advance() * sine(self.carrier.advance() + bend)
    }

    fn finished(&self) -> bool {
        self.loudness.finished()
    }
}
