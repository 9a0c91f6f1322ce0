//! The result, which appears under its name only once it is complete.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavSpec, WavWriter};
use static_call_examples::{FileError, Whole};

use crate::source::Format;

/// A WAV file that is not there yet.
pub(crate) struct Output {
    whole: Whole,
    writer: WavWriter<BufWriter<File>>,
}

impl Output {
    /// Starts a file that will become `path`, which must not be `input`.
    pub(crate) fn create(
        path: &Path,
        input: Option<&Path>,
        format: Format,
    ) -> Result<Self, FileError> {
        let whole = Whole::create(path, input)?;
        let file = whole.file().try_clone();
        let file = file.map_err(|error| FileError::output(whole.path(), &error))?;
        let writer = WavWriter::new(BufWriter::new(file), specification(format));
        let writer = writer.map_err(|error| FileError::output(whole.path(), &error))?;
        Ok(Self { whole, writer })
    }

    pub(crate) fn path(&self) -> &Path {
        self.whole.path()
    }

    pub(crate) fn write(&mut self, samples: &[f32]) -> Result<(), FileError> {
        let mut samples = samples.iter();
        let written = samples.try_for_each(|&sample| self.writer.write_sample(sample));
        written.map_err(|error| FileError::output(self.whole.path(), &error))
    }

    /// Completes the file and gives it its name.
    pub(crate) fn finish(self) -> Result<PathBuf, FileError> {
        let Self { whole, writer } = self;
        let finished = writer.finalize();
        finished.map_err(|error| FileError::output(whole.path(), &error))?;
        whole.finish()
    }
}

fn specification(format: Format) -> WavSpec {
    WavSpec {
        channels: format.channels,
        sample_rate: format.sample_rate,
        bits_per_sample: 32,
        sample_format: SampleFormat::Float,
    }
}
