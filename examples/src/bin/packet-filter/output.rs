//! The accepted packets, as a capture file that appears under its name only once it is whole.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use static_call_examples::{FileError, Whole};

use crate::frames::{Frame, Link};

/// A capture file that is not there yet.
pub(crate) struct Output {
    whole: Whole,
    file: BufWriter<File>,
    link: Link,
}

impl Output {
    /// Starts a file that will become `path`, which must not be `input`.
    pub(crate) fn create(path: &Path, input: Option<&Path>, link: Link) -> Result<Self, FileError> {
        let whole = Whole::create(path, input)?;
        let refused = |error| FileError::output(whole.path(), &error);
        let file = whole.file().try_clone().map_err(refused)?;
        let mut file = BufWriter::with_capacity(1 << 17, file);
        file.write_all(&header(link)).map_err(refused)?;
        Ok(Self { whole, file, link })
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
    pub(crate) fn finish(self) -> Result<PathBuf, FileError> {
        let Self {
            whole, mut file, ..
        } = self;
        file.flush()
            .map_err(|error| FileError::output(whole.path(), &error))?;
        whole.finish()
    }

    pub(crate) fn refused(&self, error: &io::Error) -> FileError {
        FileError::output(self.whole.path(), error)
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
