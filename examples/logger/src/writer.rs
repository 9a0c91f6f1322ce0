//! Sinks that write lines to something.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use log::{Metadata, Record};

use crate::Sink;

/// Writes a line for each record, and counts them.
#[derive(Debug)]
pub struct WriterSink<W: Write>(Mutex<Counted<W>>);

#[derive(Debug)]
struct Counted<W> {
    writer: W,
    lines: u64,
}

impl<W: Write> WriterSink<W> {
    /// A sink that has written nothing.
    pub const fn new(writer: W) -> Self {
        WriterSink(Mutex::new(Counted { writer, lines: 0 }))
    }

    /// Shows what the lines are written to, between two of them.
    pub fn with_writer<R>(&self, look: impl FnOnce(&mut W) -> R) -> R {
        look(&mut self.lock().writer)
    }

    fn lock(&self) -> MutexGuard<'_, Counted<W>> {
        // Lines are made before the lock is taken, so a panic leaves none half written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write + Default> Default for WriterSink<W> {
    fn default() -> Self {
        WriterSink::new(W::default())
    }
}

impl<W: Write + Send> Sink for WriterSink<W> {
    fn wants(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn take(&self, record: &Record<'_>) -> bool {
        // Not under the lock: an argument may log as it is formatted.
        let line = format!("{} {}\n", record.level(), record.args());
        let mut counted = self.lock();
        let written = counted.writer.write_all(line.as_bytes()).is_ok();
        counted.lines += u64::from(written);
        written
    }

    fn flush(&self) {
        // As with a line that cannot be written, there is nobody to tell.
        let _ = self.lock().writer.flush();
    }

    fn lines(&self) -> u64 {
        self.lock().lines
    }
}

/// Writes to standard error, and keeps a copy for the [`audit`](crate::audit()).
#[derive(Debug, Default)]
pub struct Tee {
    copy: Vec<u8>,
}

impl Tee {
    /// With nothing written yet.
    pub const fn new() -> Self {
        Tee { copy: Vec::new() }
    }

    /// What was written.
    pub fn copy(&self) -> &[u8] {
        &self.copy
    }
}

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = io::stderr().write(bytes)?;
        self.copy.extend_from_slice(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
