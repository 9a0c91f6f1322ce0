//! The checks that need no code of the plugin to run: on its file.
//!
//! `dlopen` maps what the program headers say, and touching a page past the end
//! of the file kills the process; and it runs initializers. So the file's shape
//! and the plugin's header are checked before it is called.

use std::cell::Cell;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use object::read::elf::FileHeader;
use object::{
    Architecture, Object, ObjectKind, ObjectSection, ObjectSegment, ObjectSymbol, ReadCache,
    ReadRef, elf,
};

use super::PluginError;
use super::manifest::{HEADER_SYMBOL, Header};
use crate::library::Opened;
use crate::os::Memory;

const ARCHITECTURE: Architecture = if cfg!(target_arch = "x86_64") {
    Architecture::X86_64
} else if cfg!(target_arch = "aarch64") {
    Architecture::Aarch64
} else {
    Architecture::Unknown
};

/// Refuses what is no whole plugin of this compiler and this version.
///
/// Regular files only: others may block, or have no end, or do something when they are opened.
/// Of the file only headers and tables of names are read, however large it is.
pub(super) fn check(path: &Path) -> Result<Opened, PluginError> {
    let cannot = |source| PluginError::Open {
        path: path.to_owned(),
        source,
    };
    let regular = |metadata: Metadata| {
        if metadata.is_file() {
            return Ok(metadata.len());
        }
        let what = if metadata.is_dir() {
            "it is a directory"
        } else {
            "it is not a regular file"
        };
        Err(PluginError::NotALibrary {
            path: path.to_owned(),
            reason: what.into(),
        })
    };
    regular(std::fs::metadata(path).map_err(cannot)?)?;
    // It may be another one by now; to open that must not block either.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = file.map_err(cannot)?;
    let length = regular(file.metadata().map_err(cannot)?)?;
    let cache = ReadCache::new(&file);
    let spent = Cell::new(0);
    let content = Content {
        cache: &cache,
        spent: &spent,
    };
    let names_its_place = check_content(path, content, length)?;
    drop(cache);
    Ok(Opened {
        file,
        names_its_place,
    })
}

/// The content of a file, read as far as it is looked at, and not more of it than a limit:
/// sizes are the file's own word.
#[derive(Clone, Copy)]
struct Content<'a, 'file> {
    cache: &'a ReadCache<&'file File>,
    spent: &'a Cell<u64>,
}

/// What is read of a file at most, in bytes. Tables of names have some hundred kilobytes.
const MOST_READ: u64 = 256 << 20;
/// What a name counts for.
const NAME: u64 = 128;

impl Content<'_, '_> {
    fn spend(self, bytes: u64) -> Result<(), ()> {
        let spent = self.spent.get().saturating_add(bytes);
        self.spent.set(spent);
        if spent <= MOST_READ { Ok(()) } else { Err(()) }
    }
}

impl<'a> ReadRef<'a> for Content<'a, '_> {
    fn len(self) -> Result<u64, ()> {
        self.cache.len()
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'a [u8], ()> {
        self.spend(size)?;
        self.cache.read_bytes_at(offset, size)
    }

    fn read_bytes_at_until(self, range: Range<u64>, delimiter: u8) -> Result<&'a [u8], ()> {
        self.spend(NAME)?;
        self.cache.read_bytes_at_until(range, delimiter)
    }
}

impl Opened {
    /// A path that leads the loader to this very file. [`None`] if there is none: then the
    /// loader has to look for it anew.
    ///
    /// glibc takes a name that it has loaded before for the same library, without a look at
    /// the file, and libraries may stay whose descriptors are closed. So each name is another
    /// one: a number, in ways to write a slash. The name has the process's number where that
    /// leads there, for a debugger.
    pub(super) fn name(&self) -> Option<PathBuf> {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        if self.names_its_place {
            return None;
        }
        let mut count = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut slashes = String::new();
        while count > 0 {
            slashes.push_str(if count % 2 == 1 { "/" } else { "./" });
            count /= 2;
        }
        let descriptor = self.file.as_raw_fd();
        let processes = [std::process::id().to_string(), "self".to_owned()];
        let names = processes
            .iter()
            .map(|process| PathBuf::from(format!("/proc/{process}/fd/{slashes}{descriptor}")));
        names.into_iter().find(|name| self.is_at(name))
    }

    /// Whether the path leads to this file. The number of a file that is open is given to no
    /// other.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        let same = |metadata: Metadata| {
            let own = self.file.metadata();
            own.is_ok_and(|own| (own.dev(), own.ino()) == (metadata.dev(), metadata.ino()))
        };
        std::fs::metadata(path).is_ok_and(same)
    }

    /// Whether what is mapped is the file's content, as far as that is never written.
    pub(super) fn is_mapped_at(&self, memory: &Memory) -> io::Result<bool> {
        let mut buffer = vec![0; 1 << 16];
        memory.constant_parts(|mapped, offset| {
            for (index, mapped) in mapped.chunks(buffer.len()).enumerate() {
                let wanted = &mut buffer[..mapped.len()];
                let at = offset as u64 + (index << 16) as u64;
                match self.file.read_exact_at(wanted, at) {
                    Ok(()) if mapped == wanted => {}
                    Ok(()) => return Ok(false),
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                    Err(error) => return Err(error),
                }
            }
            Ok(true)
        })
    }
}

/// The same check, of a file's content in memory.
#[cfg(any(test, fuzzing))]
pub(crate) fn check_bytes(path: &Path, bytes: &[u8]) -> Result<(), PluginError> {
    check_content(path, bytes, bytes.len() as u64).map(drop)
}

/// Returns whether libraries that it needs are looked for beside it.
fn check_content<'a, R: ReadRef<'a>>(
    path: &Path,
    content: R,
    length: u64,
) -> Result<bool, PluginError> {
    let refuse = |reason: String| PluginError::NotALibrary {
        path: path.to_owned(),
        reason,
    };
    whole(path, content, length)?;
    let file = object::File::parse(content).map_err(|error| refuse(error.to_string()))?;
    if file.kind() != ObjectKind::Dynamic {
        return Err(refuse("it is not a shared library".into()));
    }
    if file.architecture() != ARCHITECTURE {
        return Err(refuse(format!("it is for {:?}", file.architecture())));
    }
    let name = &HEADER_SYMBOL[..HEADER_SYMBOL.len() - 1];
    let header = file
        .dynamic_symbols()
        .filter(|symbol| symbol.name_bytes() == Ok(name))
        .find_map(|symbol| {
            let size = size_of::<Header>() as u64;
            // Not by `data_range`, which reads all of a segment.
            let bytes = file.segments().find_map(|segment| {
                let (at, in_file) = segment.file_range();
                let within = symbol.address().checked_sub(segment.address())?;
                let fits = within.checked_add(size)? <= in_file;
                let at = at.checked_add(within)?;
                fits.then(|| content.read_bytes_at(at, size).ok()).flatten()
            })?;
            Header::read(bytes)
        });
    match header {
        Some(header) => header.check(path)?,
        None => {
            return Err(PluginError::NoManifest {
                path: path.to_owned(),
            });
        }
    }
    let strings = file.section_by_name(".dynstr");
    let strings = strings.and_then(|section| section.data().ok());
    Ok(strings.is_some_and(|strings| {
        let origin = b"ORIGIN";
        strings.windows(origin.len()).any(|window| window == origin)
    }))
}

/// Whether the file holds all that its program headers want mapped. A file cut
/// short must not reach the loader.
fn whole<'a, R: ReadRef<'a>>(path: &Path, content: R, length: u64) -> Result<(), PluginError> {
    let refuse = |reason: String| PluginError::NotALibrary {
        path: path.to_owned(),
        reason,
    };
    let truncated = |needed: u64| PluginError::Truncated {
        path: path.to_owned(),
        needed,
        found: length,
    };
    if content.read_bytes_at(0, 4) != Ok(&elf::ELFMAG[..]) {
        return Err(refuse("it is not an ELF file".into()));
    }
    let header = elf::FileHeader64::<object::Endianness>::parse(content);
    let header = match header {
        Ok(header) => header,
        Err(_) if length < size_of::<elf::FileHeader64<object::Endianness>>() as u64 => {
            return Err(truncated(64));
        }
        Err(error) => return Err(refuse(error.to_string())),
    };
    let endian = header.endian().map_err(|error| refuse(error.to_string()))?;
    let table = |offset: u64, size: u16, count: u16| {
        offset.saturating_add(u64::from(size) * u64::from(count))
    };
    let tables = [
        table(
            header.e_phoff(endian),
            header.e_phentsize(endian),
            header.e_phnum(endian),
        ),
        table(
            header.e_shoff(endian),
            header.e_shentsize(endian),
            header.e_shnum(endian),
        ),
    ];
    let mut needed = tables.into_iter().max().unwrap_or_default();
    if needed > length {
        return Err(truncated(needed));
    }
    let segments = header
        .program_headers(endian, content)
        .map_err(|error| refuse(error.to_string()))?;
    for segment in segments {
        use object::read::elf::ProgramHeader as _;
        let end = segment
            .p_offset(endian)
            .checked_add(segment.p_filesz(endian))
            .ok_or_else(|| refuse("a segment ends past the end of all addresses".into()))?;
        needed = needed.max(end);
    }
    if needed > length {
        return Err(truncated(needed));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
