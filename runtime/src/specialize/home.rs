//! Which addresses lie in the loaded object that holds a region.
//!
//! A region keeps what it knows of an address for as long as the process runs, and so only of
//! addresses that are gone when the region itself is. Its own object's headers say which these
//! are. They are found by a symbol that the linker defines in every object, hidden from all
//! others, and need no operating system to be read.

/// The loaded object that a region lies in.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Home {
    /// Its first header; null where there is one object only.
    start: *const u8,
}

// SAFETY: the address of headers that nobody writes to.
unsafe impl Sync for Home {}

impl Home {
    /// Whether homes are told apart here, or need not be.
    pub(super) const IS_KNOWN: bool = cfg!(any(
        miri,
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_vendor = "apple",
        windows,
        target_os = "none",
        all(target_family = "wasm", not(target_os = "emscripten")),
    ));

    /// Where nothing is ever loaded or unloaded beside the program itself, or where regions
    /// remember nothing.
    pub const EVERYWHERE: Home = Home {
        start: core::ptr::null(),
    };

    /// The object that starts here.
    ///
    /// # Safety
    /// `start` is the linker's name for where an object begins, as the object that holds the
    /// region has it: `__ehdr_start` of ELF, `__dso_handle` of Mach-O, `__ImageBase` of PE.
    #[must_use]
    pub const unsafe fn new(start: *const u8) -> Home {
        Home { start }
    }

    /// Whether the address lies in this object.
    pub(super) fn contains(self, address: usize) -> bool {
        if self.start.is_null() {
            return Self::IS_KNOWN;
        }
        // SAFETY: the object's header, by the contract of `new`, and what it leads to.
        let said = unsafe { format::contains(self.start, address) };
        said.unwrap_or_else(|| loader_has_both(self.start.addr(), address))
    }
}

/// Whether both lie in one loaded object: asked where a tool has moved the headers, as BOLT does.
fn loader_has_both(start: usize, address: usize) -> bool {
    #[cfg(all(feature = "std", target_os = "linux"))]
    if !crate::os::in_signal_handler() {
        let object = crate::os::objects::object_of(address);
        return object.is_some_and(|object| object.range.contains(&start));
    }
    let _ = (start, address);
    false
}

#[cfg(not(any(target_vendor = "apple", windows)))]
use elf as format;
#[cfg(target_vendor = "apple")]
use mach as format;
#[cfg(windows)]
use pe as format;

/// The headers of a loaded ELF object, as the System V ABI has them.
#[cfg(any(test, not(any(target_vendor = "apple", windows))))]
#[cfg_attr(any(target_vendor = "apple", windows), allow(dead_code))]
mod elf {
    /// Offsets: `e_phoff`, `e_phentsize`, `e_phnum`; `p_offset`, `p_vaddr`, `p_filesz`,
    /// `p_memsz`.
    #[cfg(target_pointer_width = "64")]
    const FIELDS: [usize; 7] = [32, 54, 56, 8, 16, 32, 40];
    #[cfg(not(target_pointer_width = "64"))]
    const FIELDS: [usize; 7] = [28, 42, 44, 4, 8, 16, 20];

    /// `PT_LOAD`.
    const LOADED: u32 = 1;

    /// The header's own size, behind which the program headers stand.
    const SIZE: usize = if cfg!(target_pointer_width = "64") {
        64
    } else {
        52
    };

    /// Whether a segment that is loaded from the object holds the address; nothing where the
    /// headers of segments do not stand behind the object's own.
    ///
    /// # Safety
    /// `start` is where a loaded object's first page begins.
    pub(super) unsafe fn contains(start: *const u8, address: usize) -> Option<bool> {
        let [offset, size, count, in_file, at, of_file, of_memory] = FIELDS;
        // SAFETY: inside of the header, which the caller says is there.
        let (magic, headers, size, count) = unsafe {
            let half = |at: usize| usize::from(start.add(at).cast::<u16>().read_unaligned());
            (
                start.cast::<[u8; 4]>().read(),
                word(start, offset),
                half(size),
                half(count),
            )
        };
        if magic != *b"\x7fELF" || headers != SIZE {
            return None;
        }
        let segments = || {
            (0..count).filter_map(move |index| {
                // SAFETY: the program headers stand right behind the header: checked above.
                // All are in the first page: linkers reserve room for them there.
                let segment = unsafe { start.add(headers + index * size) };
                // SAFETY: its first word, in the same page.
                let kind = unsafe { segment.cast::<u32>().read_unaligned() };
                (kind == LOADED).then_some(segment)
            })
        };
        // SAFETY: fields of program headers.
        let field = |segment: *const u8, at: usize| unsafe { word(segment, at) };
        let first = segments().find(|one| {
            field(*one, in_file) == 0 && field(*one, of_file) >= headers + count * size
        })?;
        let base = start.addr().wrapping_sub(field(first, at));
        Some(segments().any(|one| {
            let from = base.wrapping_add(field(one, at));
            address.wrapping_sub(from) < field(one, of_memory)
        }))
    }

    /// # Safety
    /// At `at` behind `start` lies a word.
    unsafe fn word(start: *const u8, at: usize) -> usize {
        // SAFETY: by the caller's word one lies there, in a mapped page.
        unsafe { start.add(at).cast::<usize>().read_unaligned() }
    }
}

/// The headers of a loaded PE module, as Microsoft's format has them.
#[cfg(any(test, windows))]
#[cfg_attr(not(windows), allow(dead_code))]
mod pe {
    /// Whether the module holds the address; nothing where it has no such headers.
    ///
    /// # Safety
    /// `start` is where a loaded module begins.
    pub(super) unsafe fn contains(start: *const u8, address: usize) -> Option<bool> {
        // SAFETY: the first header is 64 bytes long; at its end it says where the second is,
        // whose field at 80 is the module's size in memory.
        let (signature, size) = unsafe {
            let number = |at: usize| start.add(at).cast::<u32>().read_unaligned() as usize;
            let second = number(0x3c);
            let signature = start.add(second).cast::<[u8; 4]>().read();
            (signature, number(second + 80))
        };
        (signature == *b"PE\0\0").then(|| address.wrapping_sub(start.addr()) < size)
    }
}

/// The headers of a loaded Mach-O image of 64 bits, as `<mach-o/loader.h>` has them.
#[cfg(any(test, target_vendor = "apple"))]
#[cfg_attr(not(target_vendor = "apple"), allow(dead_code))]
pub(crate) mod mach {
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
    pub(super) unsafe fn contains(start: *const u8, address: usize) -> Option<bool> {
        // SAFETY: an image begins with its header.
        let header = Header::of(unsafe { core::slice::from_raw_parts(start, Header::SIZE) })?;
        // SAFETY: its commands stand behind it, as many bytes as it says, and are loaded with
        // it; nobody writes there.
        let headers = unsafe { core::slice::from_raw_parts(start, Header::SIZE + header.bytes) };
        Some(segments(headers, start.addr()).any(|one| one.contains(&address)))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{Home, mach, pe};

    /// As loaded: a program of `__PAGEZERO`, `__TEXT` and `__DATA`, linked at 4 GiB.
    #[repr(C, align(4096))]
    struct Image([u8; 4096]);

    #[test]
    fn a_mach_o_image_is_its_segments_wherever_it_was_moved() {
        let mut image = Box::new(Image([0; 4096]));
        let mut write =
            |at: usize, bytes: &[u8]| image.0[at..][..bytes.len()].copy_from_slice(bytes);
        write(0, &0xfeed_facf_u32.to_le_bytes());
        write(12, &2_u32.to_le_bytes());
        // A command of another kind is between them.
        write(16, &4_u32.to_le_bytes());
        write(20, &(3 * 72 + 24_u32).to_le_bytes());
        let mut at = 32;
        let linked = 1_u64 << 32;
        for (kind, start, size, offset, in_file, access) in [
            (0x19, 0, linked, 0, 0, 0),
            (0x19, linked, 0x1000, 0, 0x1000, 5),
            (0x1b, 0, 0, 0, 0, 0),
            (0x19, linked + 0x3000, 0x2000, 0x1000, 0x1000, 3_u32),
        ] {
            let bytes: u32 = if kind == 0x19 { 72 } else { 24 };
            write(at, &u32::to_le_bytes(kind));
            write(at + 4, &bytes.to_le_bytes());
            if kind == 0x19 {
                for (field, value) in [(24, start), (32, size), (40, offset), (48, in_file)] {
                    write(at + field, &value.to_le_bytes());
                }
                write(at + 60, &access.to_le_bytes());
            }
            at += bytes as usize;
        }
        let start = (&raw const *image).cast::<u8>();
        // SAFETY: an image's headers, made above.
        let contains =
            |offset: usize| unsafe { mach::contains(start, start.addr().wrapping_add(offset)) };
        let seen = [0, 0xfff, 0x1000, 0x2fff, 0x3000, 0x4fff, 0x5000].map(contains);
        let held = [true, true, false, false, true, true, false];
        assert_eq!(seen, held.map(Some));
        assert_eq!(contains(usize::MAX), Some(false));
        image.0[0] = 0;
        // SAFETY: no header is read further than to its first word, which is another.
        assert_eq!(unsafe { mach::contains(start, start.addr()) }, None);
    }

    #[test]
    fn a_pe_module_is_as_large_as_it_says() {
        let mut image = Box::new(Image([0; 4096]));
        image.0[0x3c] = 0x80;
        image.0[0x80..0x84].copy_from_slice(b"PE\0\0");
        image.0[0x80 + 80..][..4].copy_from_slice(&0x3000_u32.to_le_bytes());
        let start = (&raw const *image).cast::<u8>();
        // SAFETY: a module's headers, made above.
        let contains =
            |offset: usize| unsafe { pe::contains(start, start.addr().wrapping_add(offset)) };
        let seen = [0, 0x2fff, 0x3000, usize::MAX].map(contains);
        assert_eq!(seen, [true, true, false, false].map(Some));
        image.0[0x80] = 0;
        // SAFETY: as above.
        assert_eq!(unsafe { pe::contains(start, start.addr()) }, None);
    }

    /// As BOLT leaves it: the headers of segments are elsewhere in the file.
    #[repr(C, align(8))]
    struct Moved([u8; 64]);

    static MOVED: Moved = {
        let mut bytes = [0; 64];
        [bytes[0], bytes[1], bytes[2], bytes[3]] = *b"\x7fELF";
        bytes[34] = 0x40;
        Moved(bytes)
    };

    #[test]
    fn where_the_headers_were_moved_the_loader_says_what_is_in_this_program() {
        // SAFETY: as large as an object's header, and it says that nothing stands behind it.
        let home = unsafe { Home::new((&raw const MOVED).cast()) };
        let local = 0_u8;
        assert!(home.contains((&raw const MOVED).addr()));
        assert!(home.contains((home_of_nothing as *const ()).addr()));
        assert!(!home.contains((&raw const local).addr()));
        assert!(!home.contains((libc::getpid as *const ()).addr()));
    }

    fn home_of_nothing() {}
}
