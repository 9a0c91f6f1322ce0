//! What the `audio-host` example and its plugins share.
//!
//! The host and a plugin are separate objects, each with its own copy of this
//! crate's code. What must agree between them are the annotated traits
//! ([`Voice`], [`Effect`], [`Meter`]) and what a constructor is given
//! ([`NoteOn`]). [`signal`] holds the building blocks that both sides use.

pub mod signal;

use static_call::static_dispatch;

/// A sounding note: something that yields one sample after another.
#[static_dispatch]
pub trait Voice: Send {
    /// The next sample.
    #[static_dispatch(targets = 2)]
    fn next(&mut self) -> f32;

    /// Whether nothing but silence will follow.
    fn finished(&self) -> bool;
}

/// One link of a chain of effects: a sample in, a sample out.
#[static_dispatch]
pub trait Effect: Send {
    /// Processes one sample.
    #[static_dispatch(targets = 2)]
    fn process(&mut self, x: f32) -> f32;

    /// What a person calls it.
    fn name(&self) -> &str;
}

/// Watches a signal without changing it.
#[static_dispatch]
pub trait Meter: Send {
    /// Takes note of one sample.
    #[static_dispatch(targets = 2)]
    fn measure(&mut self, x: f32);

    /// The level so far, as a factor of full scale.
    fn level(&self) -> f32;

    /// What the level is called.
    fn name(&self) -> &str;
}

/// What a voice is made from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoteOn {
    /// Samples per second.
    pub sample_rate: f32,
    /// Pitch in hertz.
    pub frequency: f32,
    /// Loudness at the start, from 0 to 1.
    pub velocity: f32,
    /// How long the key is held, in seconds.
    pub seconds: f32,
}
