//! Names for chains outside of trampolines, which are no file's: `/tmp/perf-PID.map`, as
//! virtual machines write it for `perf` (`tools/perf/Documentation/jit-interface.txt` of the
//! Linux kernel). `STATIC_CALL_PERF=1` asks for it.
//!
//! `perf` reads the file for samples in anonymous memory only, so where this is asked for
//! chains come to lie in that.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Write as _};
use std::ops::Range;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};

use super::mapping::without_size_signal;

/// The file of this process, and what is to stand in it.
pub(super) struct PerfMap {
    /// Whose file it is: a child of `fork` has the same chains, and a file of its own.
    process: u32,
    lines: String,
    /// How many bytes of `lines` stand there.
    written: usize,
    error: Option<String>,
}

impl PerfMap {
    /// If the environment asks for one; not where that is of a user with fewer rights than
    /// the process has.
    pub(super) fn from_environment() -> Option<Self> {
        let asked = std::env::var_os("STATIC_CALL_PERF")?;
        // SAFETY: `getauxval` has no preconditions.
        let is_secure = unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
        (!is_secure && !asked.is_empty() && asked != "0").then(|| PerfMap {
            process: std::process::id(),
            lines: String::new(),
            written: 0,
            error: None,
        })
    }

    /// Gives code a name. What the system refuses is kept, and tried again with the next.
    pub(super) fn add(&mut self, code: &Range<usize>, name: fmt::Arguments<'_>) {
        let _ = writeln!(self.lines, "{:x} {:x} {name}", code.start, code.len());
        let process = std::process::id();
        if self.process != process {
            (self.process, self.written) = (process, 0);
        }
        let name = format!("/tmp/perf-{process}.map");
        self.error = match without_size_signal(|| append(&name, &self.lines[self.written..])) {
            Ok(()) => {
                self.written = self.lines.len();
                None
            }
            Err(error) => Some(format!("{name} cannot be written ({error})")),
        };
    }

    /// Why names are missing.
    pub(super) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}

/// Others of this process may write there, too: each line is added as a whole.
fn append(name: &str, lines: &str) -> io::Result<()> {
    // Everybody may put something of this name there: nothing is followed, nor waited for.
    let mut file = File::options()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(name)?;
    let metadata = file.metadata()?;
    // SAFETY: `geteuid` has no preconditions.
    let own = unsafe { libc::geteuid() };
    if !metadata.is_file() || metadata.uid() != own {
        return Err(io::Error::other("it is no regular file of this user"));
    }
    file.write_all(lines.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("static-call-perf-{}-{name}", std::process::id()))
    }

    #[test]
    fn lines_are_added_to_what_others_wrote_and_nothing_is_followed() {
        let name = named("map");
        let path = name.to_str().unwrap();
        append(path, "10 20 one\n").unwrap();
        append(path, "30 8 two\n").unwrap();
        assert_eq!(
            std::fs::read_to_string(&name).unwrap(),
            "10 20 one\n30 8 two\n"
        );
        let link = named("link");
        std::os::unix::fs::symlink(&name, &link).unwrap();
        assert!(append(link.to_str().unwrap(), "40 8 three\n").is_err());
        assert!(append("/dev/null", "40 8 three\n").is_err());
        assert_eq!(std::fs::read_to_string(&name).unwrap().lines().count(), 2);
        std::fs::remove_file(name).unwrap();
        std::fs::remove_file(link).unwrap();
    }
}
