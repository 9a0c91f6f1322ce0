//! The result, which appears under its name only once it is complete.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavSpec, WavWriter};
use tempfile::NamedTempFile;

use crate::error::Error;
use crate::source::Format;

/// A WAV file under a temporary name, removed if it is dropped unfinished.
pub(crate) struct Output {
    path: PathBuf,
    temporary: NamedTempFile,
    writer: WavWriter<BufWriter<File>>,
}

impl Output {
    /// Starts a file that will become `path`, which must not be `input`.
    pub(crate) fn create(path: &Path, input: Option<&Path>, format: Format) -> Result<Self, Error> {
        let refused = |reason: String| Error::Output {
            path: path.to_owned(),
            reason,
        };
        // Behind a link it is the file that is replaced, not the link.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if input.and_then(|input| input.canonicalize().ok()).as_ref() == Some(&path) {
            return Err(Error::OutputIsInput { path });
        }
        let permissions = existing_permissions(&path).map_err(refused)?;
        let temporary = temporary_beside(&path, permissions).map_err(|e| refused(e.to_string()))?;
        let file = temporary
            .as_file()
            .try_clone()
            .map_err(|e| refused(e.to_string()))?;
        let writer = WavWriter::new(BufWriter::new(file), specification(format));
        let writer = writer.map_err(|error| refused(error.to_string()))?;
        Ok(Self {
            path,
            temporary,
            writer,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write(&mut self, samples: &[f32]) -> Result<(), Error> {
        let mut samples = samples.iter();
        let written = samples.try_for_each(|&sample| self.writer.write_sample(sample));
        written.map_err(|error| refused(&self.path, &error))
    }

    /// Completes the file and gives it its name.
    pub(crate) fn finish(self) -> Result<PathBuf, Error> {
        let Self {
            path,
            temporary,
            writer,
        } = self;
        writer.finalize().map_err(|error| refused(&path, &error))?;
        temporary
            .persist(&path)
            .map_err(|error| refused(&path, &error.error))?;
        Ok(path)
    }
}

fn refused(path: &Path, error: &impl ToString) -> Error {
    Error::Output {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

/// The permissions of the file to be replaced, if there is one.
///
/// Renaming over it would succeed on a device or a write-protected file as
/// well, and destroy it, so these are refused.
fn existing_permissions(path: &Path) -> Result<Option<Permissions>, String> {
    match fs::metadata(path) {
        Ok(existing) if !existing.is_file() => Err("it exists and is not a regular file".into()),
        Ok(existing) if existing.permissions().readonly() => Err("it is write-protected".into()),
        Ok(existing) => Ok(Some(existing.permissions())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// In the same folder, since a rename cannot cross file systems.
fn temporary_beside(path: &Path, permissions: Option<Permissions>) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if path.file_name().is_none() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".audio-host-").suffix(".wav");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A temporary file is private by default; a new result is as readable
        // as the user's mask lets any new file be.
        builder.permissions(Permissions::from_mode(0o666));
    }
    let temporary = builder.tempfile_in(folder).map_err(|error| {
        // The crate's message names the temporary file, which nobody asked for.
        io::Error::from(error.kind())
    })?;
    if let Some(permissions) = permissions {
        temporary.as_file().set_permissions(permissions)?;
    }
    Ok(temporary)
}

fn specification(format: Format) -> WavSpec {
    WavSpec {
        channels: format.channels,
        sample_rate: format.sample_rate,
        bits_per_sample: 32,
        sample_format: SampleFormat::Float,
    }
}
