//! The accepted packets, as a capture file that appears under its name only once it is whole.

use std::fs::{self, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::Error;
use crate::frames::{Frame, Link};

/// A capture file under a temporary name, removed if it is dropped unfinished.
pub(crate) struct Output {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    link: Link,
}

impl Output {
    /// Starts a file that will become `path`, which must not be `input`.
    pub(crate) fn create(path: &Path, input: Option<&Path>, link: Link) -> Result<Self, Error> {
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
        let mut file = BufWriter::with_capacity(1 << 17, temporary);
        file.write_all(&header(link))
            .map_err(|e| refused(e.to_string()))?;
        Ok(Self { path, file, link })
    }

    /// Appends a frame.
    pub(crate) fn write(&mut self, frame: Frame, bytes: &[u8]) -> io::Result<()> {
        if frame.link != self.link {
            return Err(io::Error::other(
                "the input has packets of several link types, and a pcap file has one",
            ));
        }
        let too_much = |_| io::Error::other("a packet does not fit into a pcap file");
        let seconds = u32::try_from(frame.time / 1_000_000_000).map_err(too_much)?;
        let captured = u32::try_from(bytes.len()).map_err(too_much)?;
        // Less than a second: it fits.
        let nanoseconds = u32::try_from(frame.time % 1_000_000_000).map_err(too_much)?;
        for field in [seconds, nanoseconds, captured, frame.length] {
            self.file.write_all(&field.to_le_bytes())?;
        }
        self.file.write_all(bytes)
    }

    /// Completes the file and gives it its name.
    pub(crate) fn finish(self) -> Result<PathBuf, Error> {
        let Self { path, file, .. } = self;
        let refused = |reason: String| Error::Output {
            path: path.clone(),
            reason,
        };
        let temporary = file
            .into_inner()
            .map_err(|error| refused(error.error().to_string()))?;
        temporary
            .persist(&path)
            .map_err(|error| refused(error.error.to_string()))?;
        Ok(path)
    }

    pub(crate) fn refused(&self, error: &io::Error) -> Error {
        Error::Output {
            path: self.path.clone(),
            reason: error.to_string(),
        }
    }
}

/// The head of a pcap file with times in nanoseconds.
fn header(link: Link) -> [u8; 24] {
    let mut header = [0; 24];
    header[0..4].copy_from_slice(&0xa1b2_3c4d_u32.to_le_bytes());
    header[4..6].copy_from_slice(&2_u16.to_le_bytes());
    header[6..8].copy_from_slice(&4_u16.to_le_bytes());
    header[16..20].copy_from_slice(&(1_u32 << 18).to_le_bytes());
    header[20..24].copy_from_slice(&link.number().to_le_bytes());
    header
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
    builder.prefix(".packet-filter-").suffix(".pcap");
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
