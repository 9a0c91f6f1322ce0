//! What the voices play: a tune in A minor, or chimes on top of a recording.

use crate::source::BLOCK;

/// One note, due at the start of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note {
    pub(crate) instrument: Instrument,
    /// As MIDI counts keys: 69 is the A of 440 Hz, one more a semitone up.
    pub(crate) key: u8,
    pub(crate) velocity: f32,
    pub(crate) seconds: f32,
    /// From 0, on the left, to 1, on the right.
    pub(crate) pan: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instrument {
    Saw,
    Sine,
    /// The plugin's; played only once that is loaded.
    Bell,
}

impl Note {
    pub(crate) fn frequency(&self) -> f32 {
        440.0 * ((f32::from(self.key) - 69.0) / 12.0).exp2()
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Score {
    Tune,
    /// A bell now and then.
    Chimes {
        /// Blocks from one to the next.
        every: u64,
    },
}

/// Blocks in an eighth note: 0.3 seconds.
const EIGHTH: u64 = 14_400 / BLOCK as u64;

/// Bass key, chord keys, and a melody of eight eighths, 0 for none.
struct Bar {
    bass: u8,
    chord: [u8; 3],
    melody: [u8; 8],
}

const BARS: [Bar; 4] = [
    Bar {
        bass: 33,
        chord: [57, 60, 64],
        melody: [76, 0, 72, 0, 69, 72, 76, 0],
    },
    Bar {
        bass: 29,
        chord: [57, 60, 65],
        melody: [77, 0, 76, 0, 72, 0, 69, 0],
    },
    Bar {
        bass: 36,
        chord: [55, 60, 64],
        melody: [79, 0, 76, 0, 72, 76, 79, 0],
    },
    Bar {
        bass: 31,
        chord: [55, 59, 62],
        melody: [74, 0, 71, 0, 74, 76, 74, 71],
    },
];

/// The keys of the chimes: any order of these sounds well.
const CHIMES: [u8; 5] = [81, 88, 84, 91, 86];

impl Score {
    /// The notes that start with `block`. With the `bell` it takes over the
    /// tune's bass, so that a call site that has learned two types meets a third
    /// one as often as the second before; without it there are no chimes.
    pub(crate) fn notes(self, block: u64, bell: bool) -> Vec<Note> {
        match self {
            Self::Tune if block.is_multiple_of(EIGHTH) => tune(block / EIGHTH, bell),
            Self::Chimes { every } if bell && block.is_multiple_of(every) => {
                vec![chime(block / every)]
            }
            Self::Tune | Self::Chimes { .. } => Vec::new(),
        }
    }
}

fn tune(eighth: u64, bell: bool) -> Vec<Note> {
    use Instrument::{Bell, Saw, Sine};
    let note = |instrument, key, velocity, seconds, pan| Note {
        instrument,
        key,
        velocity,
        seconds,
        pan,
    };
    let bar = cycled(&BARS, eighth / 8);
    let within = eighth % 8;
    let mut notes = Vec::new();
    if within.is_multiple_of(4) {
        for (key, pan) in bar.chord.into_iter().zip([0.2, 0.5, 0.8]) {
            notes.push(note(Saw, key, 0.14, 1.1, pan));
        }
    }
    if within.is_multiple_of(3) {
        notes.push(if bell {
            note(Bell, bar.bass + 12, 0.3, 0.6, 0.5)
        } else {
            note(Sine, bar.bass, 0.4, 0.6, 0.5)
        });
    }
    let key = *cycled(&bar.melody, within);
    if key != 0 {
        notes.push(note(Saw, key, 0.3, 0.4, 0.4));
    }
    notes
}

fn chime(count: u64) -> Note {
    let key = *cycled(&CHIMES, count);
    Note {
        instrument: Instrument::Bell,
        key,
        velocity: 0.1,
        seconds: 1.0,
        pan: 0.5,
    }
}

/// The element at `index`, starting over after the last.
fn cycled<T>(elements: &[T], index: u64) -> &T {
    let length = elements.len() as u64;
    // The remainder is below the length, which is a `usize`.
    #[expect(clippy::cast_possible_truncation)]
    &elements[(index % length) as usize]
}

#[cfg(test)]
mod tests {
    use super::{Instrument, Score};

    /// Seconds for which an instrument is held in the tune.
    fn held(instrument: Instrument, bell: bool) -> f32 {
        let notes = (0..960).flat_map(|block| Score::Tune.notes(block, bell));
        let notes = notes.filter(|note| note.instrument == instrument);
        notes.map(|note| note.seconds).sum()
    }

    #[test]
    fn about_four_voices_in_five_are_saws_with_and_without_the_plugin() {
        let all = [Instrument::Saw, Instrument::Sine, Instrument::Bell];
        for bell in [false, true] {
            let total: f32 = all.iter().map(|&instrument| held(instrument, bell)).sum();
            let share = held(Instrument::Saw, bell) / total;
            assert!((0.75..0.85).contains(&share), "{share}");
        }
    }

    #[test]
    fn the_bell_sounds_only_with_the_plugin() {
        for score in [Score::Tune, Score::Chimes { every: 100 }] {
            let bells = |bell| {
                let notes = (0..1000).flat_map(move |block| score.notes(block, bell));
                notes
                    .filter(|note| note.instrument == Instrument::Bell)
                    .count()
            };
            assert_eq!(bells(false), 0);
            assert!(bells(true) > 5);
        }
    }
}
