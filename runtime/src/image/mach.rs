//! The headers of a loaded Mach-O image of 64 bits, as `<mach-o/loader.h>` has them.

use core::ops::Range;

/// What stands in front of the commands.
pub(crate) struct Header {
    /// What kind of image it is.
    pub(crate) kind: u32,
    pub(crate) flags: u32,
    /// How many bytes of commands follow.
    pub(crate) bytes: usize,
}

impl Header {
    pub(crate) const SIZE: usize = 32;

    /// The header that this begins with, if it does.
    pub(crate) fn of(headers: &[u8]) -> Option<Header> {
        const MAGIC: u32 = 0xfeed_facf;
        (half(headers, 0)? == MAGIC).then_some(())?;
        Some(Header {
            kind: half(headers, 12)?,
            flags: half(headers, 24)?,
            bytes: half(headers, 20)? as usize,
        })
    }
}

/// Where the segments lie that can be accessed, of an image whose header lies at `base`;
/// `headers` are the header and the commands.
pub(crate) fn segments(headers: &[u8], base: usize) -> impl Iterator<Item = Range<usize>> {
    // The one that holds the header says how far all were moved.
    let holds = |one: &Segment| one.offset == 0 && one.in_file != 0;
    let moved = commands(headers)
        .find(holds)
        .map(|first| base.wrapping_sub(first.at));
    commands(headers).filter_map(move |one| {
        let from = one.at.wrapping_add(moved?);
        one.accessible.then(|| from..from.wrapping_add(one.size))
    })
}

struct Segment {
    at: usize,
    size: usize,
    offset: usize,
    in_file: usize,
    accessible: bool,
}

/// The commands that are `LC_SEGMENT_64`.
fn commands(headers: &[u8]) -> impl Iterator<Item = Segment> {
    const SEGMENT: u32 = 0x19;
    let mut rest = headers.get(Header::SIZE..).unwrap_or_default();
    core::iter::from_fn(move || {
        let (kind, bytes) = (half(rest, 0)?, half(rest, 4)? as usize);
        let one = rest;
        rest = rest.get(bytes.max(8)..)?;
        Some((kind == SEGMENT).then_some(one))
    })
    .flatten()
    .filter_map(|one| {
        Some(Segment {
            at: word(one, 24)?,
            size: word(one, 32)?,
            offset: word(one, 40)?,
            in_file: word(one, 48)?,
            accessible: half(one, 60)? != 0,
        })
    })
}

fn half(bytes: &[u8], at: usize) -> Option<u32> {
    let half = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*half))
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..)?.first_chunk()?;
    usize::try_from(u64::from_le_bytes(*word)).ok()
}

/// Whether a segment of the image holds the address; nothing where it has no such headers.
///
/// # Safety
/// `start` is where a loaded image begins, which stays.
pub(crate) unsafe fn contains(start: *const u8, address: usize) -> Option<bool> {
    // SAFETY: an image begins with its header.
    let header = Header::of(unsafe { core::slice::from_raw_parts(start, Header::SIZE) })?;
    // SAFETY: its commands stand behind it, as many bytes as it says, and are loaded with
    // it; nobody writes there.
    let headers = unsafe { core::slice::from_raw_parts(start, Header::SIZE + header.bytes) };
    Some(segments(headers, start.addr()).any(|one| one.contains(&address)))
}
