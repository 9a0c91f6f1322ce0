//! The mixer: four hot call sites, each with its own mix of implementations.
//!
//! | call site | receiver | mix |
//! |---|---|---|
//! | `voice.next()` | the sounding notes | about four in five of one type |
//! | `effect.process(x)` | the chain, one after the other | even |
//! | `limiter.process(x)` | the master limiter | always one type |
//! | `meter.measure(x)` | two meters a channel | half and half |

use static_call::runtime::PluginBox;
use static_call::static_call;
use static_call_example_dsp::{Effect, Meter, Voice};

use crate::effects::{Biquad, Compressor, Delay, Gain, Limiter, Waveshaper};
use crate::meters::{Loudness, Peak};
use crate::source::Format;

/// One complete state of everything that sounds.
pub(crate) struct Engine {
    voices: Vec<Sounding>,
    channels: Vec<Channel>,
    mix: Vec<f32>,
}

/// A voice and how loud each channel plays it.
struct Sounding {
    voice: PluginBox<dyn Voice>,
    gains: Vec<f32>,
}

/// What one channel's signal passes through.
struct Channel {
    chain: Vec<PluginBox<dyn Effect>>,
    limiter: Box<dyn Effect>,
    meters: [Box<dyn Meter>; 2],
}

/// The call, or the static call, by a constant: both renderings share every
/// other line of [`Engine::render`].
macro_rules! hot {
    ($is_static:expr, $receiver:ident.$method:ident($($argument:expr),*)) => {
        if $is_static {
            static_call!($receiver.$method($($argument),*))
        } else {
            $receiver.$method($($argument),*)
        }
    };
}

impl Engine {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            voices: Vec::new(),
            channels: (0..format.channels).map(|_| Channel::new(format)).collect(),
            mix: vec![0.0; usize::from(format.channels)],
        }
    }

    /// Lets a voice sound from the next sample on.
    pub(crate) fn start(&mut self, voice: PluginBox<dyn Voice>, gains: Vec<f32>) {
        self.voices.push(Sounding { voice, gains });
    }

    /// Appends one effect a channel to the chains.
    pub(crate) fn extend_chains(&mut self, effects: Vec<PluginBox<dyn Effect>>) {
        for (channel, effect) in self.channels.iter_mut().zip(effects) {
            channel.chain.push(effect);
        }
    }

    /// Plays the voices on top of `input`, and both through the effects.
    ///
    /// The slices are interleaved and equally long.
    pub(crate) fn render<const STATIC: bool>(&mut self, input: &[f32], output: &mut [f32]) {
        let frames = input.chunks_exact(self.mix.len());
        for (input, output) in frames.zip(output.chunks_exact_mut(self.mix.len())) {
            self.mix.copy_from_slice(input);
            for Sounding { voice, gains } in &mut self.voices {
                let sample = hot!(STATIC, voice.next());
                for (mixed, gain) in self.mix.iter_mut().zip(gains) {
                    *mixed += sample * *gain;
                }
            }
            for ((channel, mixed), output) in self.channels.iter_mut().zip(&self.mix).zip(output) {
                *output = channel.render::<STATIC>(*mixed);
            }
        }
        self.voices.retain(|sounding| !sounding.voice.finished());
    }

    /// The names of the effects, in the order of the chain.
    pub(crate) fn chain(&self) -> Vec<&str> {
        let chain = self
            .channels
            .first()
            .map_or(&[][..], |channel| &channel.chain);
        chain.iter().map(|effect| effect.name()).collect()
    }

    /// What each meter shows, as name, channel number and level.
    pub(crate) fn levels(&self) -> impl Iterator<Item = (&str, usize, f32)> {
        let numbered = (1..).zip(&self.channels);
        numbered.flat_map(|(number, channel)| {
            channel
                .meters
                .iter()
                .map(move |meter| (meter.name(), number, meter.level()))
        })
    }
}

impl Channel {
    /// Far below hearing, and far above the numbers that a processor computes
    /// with only slowly: a fading echo must not change what is measured.
    const FLOOR: f32 = 1e-20;

    fn new(format: Format) -> Self {
        let rate = format.rate();
        let echo = usize::try_from(format.sample_rate / 10 * 3).unwrap_or(usize::MAX);
        let chain: [Box<dyn Effect>; 5] = [
            Box::new(Waveshaper { drive: 1.5 }),
            Box::new(Biquad::lowpass(9_000.0, rate)),
            Box::new(Compressor::new(rate)),
            Box::new(Delay::new(echo)),
            Box::new(Gain(0.9)),
        ];
        Self {
            chain: chain.into_iter().map(PluginBox::from).collect(),
            limiter: Box::new(Limiter::new(rate)),
            meters: [Box::<Peak>::default(), Box::<Loudness>::default()],
        }
    }

    // Inlined by force, so that both renderings have the same shape.
    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn render<const STATIC: bool>(&mut self, input: f32) -> f32 {
        let mut x = input + Self::FLOOR;
        for effect in &mut self.chain {
            x = hot!(STATIC, effect.process(x));
        }
        let limiter = &mut self.limiter;
        x = hot!(STATIC, limiter.process(x));
        for meter in &mut self.meters {
            hot!(STATIC, meter.measure(x));
        }
        x
    }
}
