//! Where the sound comes from: a WAV file, read block by block, or nothing at
//! all for the tune, which the voices make on their own.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader, WavSpec};

use crate::cli::Arguments;
use crate::error::Error;
use crate::score::Score;

/// Frames in a block: 10 ms of the built-in tune, whose notes all start at a
/// multiple of it.
pub(crate) const BLOCK: u16 = 480;

/// What input, output and everything between them have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    pub(crate) channels: u16,
    pub(crate) sample_rate: u32,
}

impl Format {
    const TUNE: Self = Self {
        channels: 2,
        sample_rate: 48_000,
    };

    /// The sample rate as the voices and effects want it.
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 16 MHz, and close above it"
    )]
    pub(crate) fn rate(self) -> f32 {
        self.sample_rate as f32
    }
}

pub(crate) struct Source {
    format: Format,
    frames: u64,
    recording: Option<Recording>,
}

impl Source {
    pub(crate) fn open(arguments: &Arguments) -> Result<Self, Error> {
        let Some(path) = &arguments.input else {
            let format = Format::TUNE;
            let frames = u64::from(arguments.seconds) * u64::from(format.sample_rate);
            return Ok(Self {
                format,
                frames,
                recording: None,
            });
        };
        let recording = Recording::open(path)?;
        let WavSpec {
            channels,
            sample_rate,
            ..
        } = recording.reader.spec();
        Ok(Self {
            format: Format {
                channels,
                sample_rate,
            },
            frames: u64::from(recording.reader.duration()),
            recording: Some(recording),
        })
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Samples in each channel.
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    pub(crate) fn blocks(&self) -> u64 {
        self.frames.div_ceil(u64::from(BLOCK))
    }

    /// What the voices play along with this source.
    pub(crate) fn score(&self) -> Score {
        match self.recording {
            None => Score::Tune,
            Some(_) => Score::Chimes {
                every: u64::from(self.format.sample_rate * 2 / u32::from(BLOCK)).max(1),
            },
        }
    }

    /// Fills `samples` with the next `frames` frames, interleaved.
    pub(crate) fn read(&mut self, frames: usize, samples: &mut Vec<f32>) -> Result<(), Error> {
        samples.clear();
        let wanted = frames * usize::from(self.format.channels);
        match &mut self.recording {
            None => samples.resize(wanted, 0.0),
            Some(recording) => {
                for _ in 0..wanted {
                    samples.push(recording.sample()?);
                }
            }
        }
        Ok(())
    }
}

/// A WAV file and how far it has been read.
struct Recording {
    path: PathBuf,
    reader: WavReader<BufReader<File>>,
    read: u64,
}

impl Recording {
    /// Beyond this factor of full scale it is noise in a WAV file's clothes,
    /// and would overflow in the filters.
    const LOUDEST: f32 = 1e6;
    /// Samples a second over all channels; bounds the memory of the delays.
    const FASTEST: u64 = 1 << 26;
    /// The format's header stores the bytes of one frame in 16 bits.
    const MOST_CHANNELS: u16 = u16::MAX / 4;

    fn open(path: &Path) -> Result<Self, Error> {
        let path = path.to_owned();
        let opened = File::open(&path).and_then(|file| {
            let is_directory = file.metadata()?.is_dir();
            if is_directory {
                Err(std::io::ErrorKind::IsADirectory.into())
            } else {
                Ok(file)
            }
        });
        let file = match opened {
            Ok(file) => file,
            Err(source) => return Err(Error::OpenInput { path, source }),
        };
        let reader = match WavReader::new(BufReader::new(file)) {
            Ok(reader) => reader,
            Err(hound::Error::Unsupported) => {
                return Err(Error::UnsupportedInput {
                    path,
                    format: "an unknown encoding".into(),
                });
            }
            Err(error) => {
                return Err(Error::NotWav {
                    path,
                    reason: error.to_string(),
                });
            }
        };
        let recording = Self {
            path,
            reader,
            read: 0,
        };
        recording.check()?;
        Ok(recording)
    }

    /// Refuses what could not be played or written again.
    fn check(&self) -> Result<(), Error> {
        let path = self.path.clone();
        let spec = self.reader.spec();
        let bits = spec.bits_per_sample;
        match (spec.sample_format, bits) {
            (SampleFormat::Int, 8 | 16 | 24 | 32) | (SampleFormat::Float, 32) => {}
            (SampleFormat::Int, _) => {
                return Err(Error::UnsupportedInput {
                    path,
                    format: format!("{bits}-bit PCM"),
                });
            }
            (SampleFormat::Float, _) => {
                return Err(Error::UnsupportedInput {
                    path,
                    format: format!("{bits}-bit float"),
                });
            }
        }
        if self.reader.len() == 0 {
            return Err(Error::EmptyInput { path });
        }
        let reason = if spec.sample_rate == 0 {
            "its sample rate is zero"
        } else if spec.channels > Self::MOST_CHANNELS
            || u64::from(spec.sample_rate) * u64::from(spec.channels) > Self::FASTEST
        {
            "it has too many channels, or too high a sample rate, for a float WAV file"
        } else if u64::from(self.reader.len()) * 4 > u64::from(u32::MAX) - 128 {
            "as 32-bit float it would exceed the 4 GiB of a WAV file; split it first"
        } else {
            return Ok(());
        };
        Err(Error::UnplayableInput {
            path,
            reason: reason.into(),
        })
    }

    /// The next sample, scaled to ±1.
    #[expect(
        clippy::cast_precision_loss,
        reason = "as the last bits of 32-bit PCM must"
    )]
    fn sample(&mut self) -> Result<f32, Error> {
        let spec = self.reader.spec();
        let sample = match spec.sample_format {
            SampleFormat::Float => self.reader.samples::<f32>().next(),
            SampleFormat::Int => {
                let full_scale = (1_u64 << (spec.bits_per_sample - 1)) as f32;
                let integer = self.reader.samples::<i32>().next();
                integer.map(|read| read.map(|sample| sample as f32 / full_scale))
            }
        };
        let path = || self.path.clone();
        match sample {
            // A comparison that is false for "not a number", too.
            Some(Ok(x)) if x.abs() <= Self::LOUDEST => {
                self.read += 1;
                Ok(x)
            }
            Some(Ok(x)) => Err(Error::UnplayableInput {
                path: path(),
                reason: format!(
                    "sample {} is {x}, which is not a level; repair it first",
                    self.read
                ),
            }),
            Some(Err(hound::Error::Unsupported)) => Err(Error::UnsupportedInput {
                path: path(),
                format: format!("{} bits in an unusual container", spec.bits_per_sample),
            }),
            Some(Err(source)) => Err(self.cut_short(source)),
            None => Err(self.cut_short(hound::Error::UnfinishedSample)),
        }
    }

    fn cut_short(&self, source: hound::Error) -> Error {
        let promised = u64::from(self.reader.len());
        Error::Truncated {
            path: self.path.clone(),
            promised,
            read: self.read,
            source,
        }
    }
}
