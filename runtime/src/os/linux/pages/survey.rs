//! What lies where code is to be patched: whose mapping it is, and whether somebody has
//! written there.
//!
//! A breakpoint of a debugger or of a uprobe is a byte in a copy of its page. In a copy
//! of ours it would be one that nobody answers, and whoever takes it away again would
//! write into our code. So a page that is to be replaced for the first time is looked at.
//! The kernel says at once of most that they show their file as it is; the others are
//! compared with the file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::objects;

/// How long what was seen is believed.
const FRESH: Duration = Duration::from_millis(2);
/// Entries of the page map that are read at once.
const ENTRIES: usize = 512;
/// Bits of an entry: the page is in memory, it is swapped out, it is of a file (or of
/// shared memory).
const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
const OF_A_FILE: u64 = 1 << 61;

/// What is known of a page that was never replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Page {
    /// It shows what its file holds, by a private mapping of that file.
    OfItsFile,
    /// It holds what its file holds; how it came there is not known.
    AsBuilt,
    /// Nothing can be learnt of it: there is no `/proc`, say.
    Unknown,
    /// Somebody has written there, or mapped something else.
    Foreign(&'static str),
}

/// What is mapped, read once for a batch.
pub(super) struct Survey {
    made: Instant,
    page: usize,
    /// In ascending order; empty if the system does not say.
    mappings: Vec<Mapping>,
    /// Entries of pages, by the number of the first of so many.
    entries: HashMap<u64, Vec<u64>>,
}

/// What a loaded object's code was mapped from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// Where all of it is mapped from this file, as if it were one mapping.
    pub(super) pages: Range<usize>,
    offset: u64,
    inode: u64,
    name: PathBuf,
}

impl Origin {
    /// The file, and where it has what is mapped at `at`.
    pub(super) fn at(&self, at: usize) -> Option<(File, u64)> {
        let file = open(&self.name, self.inode)?;
        Some((file, self.offset + (at - self.pages.start) as u64))
    }
}

/// The file of this name, if it is still this one.
fn open(name: &Path, inode: u64) -> Option<File> {
    let file = File::open(name).ok()?;
    (file.metadata().ok()?.ino() == inode).then_some(file)
}

/// One mapping that may be executed.
struct Mapping {
    range: Range<usize>,
    private: bool,
    writable: bool,
    offset: u64,
    inode: u64,
    path: PathBuf,
}

impl Survey {
    pub(super) fn new(page: usize) -> Self {
        Survey {
            made: Instant::now(),
            page,
            mappings: fs::read("/proc/self/maps").map_or_else(|_| Vec::new(), |maps| parse(&maps)),
            entries: HashMap::new(),
        }
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.made.elapsed() < FRESH
    }

    /// Whether the system does not say what is mapped.
    pub(super) fn is_blind(&self) -> bool {
        self.mappings.is_empty()
    }

    /// Looks at the page at `at`, which was never replaced.
    pub(super) fn look(&mut self, at: usize) -> Page {
        let Some(index) = self.mapping_of(at) else {
            return if self.mappings.is_empty() {
                self.compare_by_object(at)
            } else {
                // Not executable, or not there at all.
                Page::Unknown
            };
        };
        let mapping = &self.mappings[index];
        let path = mapping.path.as_os_str().as_encoded_bytes();
        if path.starts_with(b"/memfd:static-call") {
            return Page::Foreign("it was replaced by another version of this library");
        }
        if mapping.inode == 0 || !mapping.private || mapping.writable {
            // Somebody has put a copy there, to have it in huge pages, say.
            return self.compare_by_object(at);
        }
        match self.is_the_files(at) {
            Some(true) => Page::OfItsFile,
            _ => self.compare(index, at),
        }
    }

    /// The mapping of `at`.
    pub(super) fn mapping_around(&self, at: usize) -> Option<Range<usize>> {
        Some(self.mappings[self.mapping_of(at)?].range.clone())
    }

    /// Whether all pages of a mapping show what its file holds.
    pub(super) fn is_unchanged(&mut self, mapping: &Range<usize>) -> bool {
        let mut pages = mapping.clone().step_by(self.page);
        !mapping.is_empty() && pages.all(|at| self.is_the_files(at) == Some(true))
    }

    /// Whether nobody has written to the page at `at`, as the system sees it.
    fn is_the_files(&mut self, at: usize) -> Option<bool> {
        let entry = self.entry(at)?;
        Some(entry & (PRESENT | SWAPPED) == 0 || entry & OF_A_FILE != 0)
    }

    /// Whether the page at `at` is a copy of what a file holds, and not the file's own.
    pub(super) fn is_copy(&mut self, at: usize) -> bool {
        self.is_the_files(at) == Some(false)
    }

    fn mapping_of(&self, at: usize) -> Option<usize> {
        let index = self
            .mappings
            .partition_point(|mapping| mapping.range.end <= at);
        let mapping = self.mappings.get(index)?;
        mapping.range.contains(&at).then_some(index)
    }

    /// The page's entry in the page map.
    fn entry(&mut self, at: usize) -> Option<u64> {
        let number = (at / self.page) as u64;
        let index = usize::try_from(number % ENTRIES as u64).ok()?;
        let first = number - index as u64;
        let entries = match self.entries.entry(first) {
            Entry::Occupied(entries) => entries.into_mut(),
            Entry::Vacant(place) => {
                // Not kept open: whoever looks last could not tell.
                let page_map = File::open("/proc/self/pagemap").ok()?;
                let mut bytes = vec![0; ENTRIES * size_of::<u64>()];
                let offset = first * size_of::<u64>() as u64;
                let length = page_map.read_at(&mut bytes, offset).ok()?;
                let (words, _) = bytes[..length].as_chunks::<{ size_of::<u64>() }>();
                let words = words.iter().copied().map(u64::from_ne_bytes);
                place.insert(words.collect())
            }
        };
        entries.get(index).copied()
    }

    /// What the code at `at` was mapped from, if that can be opened still.
    pub(super) fn origin(&self, at: usize) -> Option<Origin> {
        let index = self.mapping_of(at)?;
        let of = &self.mappings[index];
        if of.inode == 0 || !of.private {
            return None;
        }
        let (name, _) = self.file(index)?;
        // Parts of it that were replaced are mappings of their own.
        let continues = |a: &Mapping, b: &Mapping| {
            let length = (b.range.start - a.range.start) as u64;
            let follows = a.range.end == b.range.start && a.offset + length == b.offset;
            follows && a.inode == b.inode && a.private && b.private
        };
        let all = &self.mappings;
        let first = (1..=index)
            .rev()
            .find(|&one| !continues(&all[one - 1], &all[one]));
        let last = (index + 1..all.len()).find(|&one| !continues(&all[one - 1], &all[one]));
        let first = &all[first.unwrap_or(0)];
        Some(Origin {
            pages: first.range.start..all[last.unwrap_or(all.len()) - 1].range.end,
            offset: first.offset,
            inode: of.inode,
            name,
        })
    }

    /// The file of a mapping, and a name by which it is found.
    fn file(&self, index: usize) -> Option<(PathBuf, File)> {
        let mapping = &self.mappings[index];
        let Range { start, end } = mapping.range;
        let names = [
            mapping.path.clone(),
            PathBuf::from("/proc/self/exe"),
            // For those who may: a file that was deleted is found there as well.
            PathBuf::from(format!("/proc/self/map_files/{start:x}-{end:x}")),
        ];
        names.into_iter().find_map(|name| {
            let file = open(&name, mapping.inode)?;
            Some((name, file))
        })
    }

    /// Compares a page with the file that is mapped there.
    fn compare(&self, index: usize, at: usize) -> Page {
        let mapping = &self.mappings[index];
        let offset = mapping.offset + (at - mapping.range.start) as u64;
        let file = self.file(index);
        match file.map(|(_, file)| self.is_in_file(&file, offset, at)) {
            Some(Ok(true)) => Page::OfItsFile,
            Some(Ok(false)) => {
                Page::Foreign("it holds bytes that its file does not: a breakpoint?")
            }
            _ => Page::Foreign("it was written to, and its file cannot be read"),
        }
    }

    /// Compares a page with the file that the loader says it came from.
    fn compare_by_object(&self, at: usize) -> Page {
        let Some((name, offset)) = objects::file_of(at) else {
            return Page::Unknown;
        };
        match File::open(name).map(|file| self.is_in_file(&file, offset, at)) {
            Ok(Ok(true)) => Page::AsBuilt,
            Ok(Ok(false)) => Page::Foreign("it holds bytes that its file does not: a breakpoint?"),
            _ => Page::Unknown,
        }
    }

    fn is_in_file(&self, file: &File, offset: u64, at: usize) -> io::Result<bool> {
        let mut bytes = vec![0; self.page];
        let mut length = 0;
        while length < self.page {
            match file.read_at(&mut bytes[length..], offset + length as u64)? {
                0 => break,
                read => length += read,
            }
        }
        // SAFETY: executable memory of a loaded object, which stays mapped during the
        // call by what `CodeMemory` asks of its callers; nobody writes it meanwhile but a
        // debugger, for whom this thread is stopped.
        let live = unsafe { std::slice::from_raw_parts(at as *const u8, self.page) };
        // Behind the file's end there are zeros.
        Ok(live == bytes)
    }
}

/// Whether none of this process's memory is locked, as far as the system says so.
/// `MREMAP_DONTUNMAP` unlocks all of the mapping that a page is taken out of.
pub(super) fn nothing_is_locked() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let locked = lines.find_map(|line| line.strip_prefix("VmLck:"));
    locked.is_some_and(|locked| locked.trim() == "0 kB")
}

/// The executable mappings.
fn parse(maps: &[u8]) -> Vec<Mapping> {
    maps.split(|&byte| byte == b'\n')
        .filter_map(mapping)
        .collect()
}

fn mapping(line: &[u8]) -> Option<Mapping> {
    use std::os::unix::ffi::OsStrExt as _;
    let mut words = line.splitn(6, |&byte| byte == b' ');
    let mut word = || std::str::from_utf8(words.next()?).ok();
    let (range, access, offset) = (word()?, word()?, word()?);
    if !access.contains('x') {
        return None;
    }
    let (_device, inode) = (word()?, word()?);
    let path = words.next().unwrap_or_default().trim_ascii_start();
    let (start, end) = range.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    Some(Mapping {
        range: number(start)?..number(end)?,
        private: access.ends_with('p'),
        writable: access.contains('w'),
        offset: u64::from_str_radix(offset, 16).ok()?,
        inode: inode.parse().ok()?,
        path: std::ffi::OsStr::from_bytes(path).into(),
    })
}
