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

/// The headers of a loaded Mach-O image, as `<mach-o/loader.h>` has them.
#[cfg(any(test, target_vendor = "apple"))]
#[cfg_attr(not(target_vendor = "apple"), allow(dead_code))]
pub(crate) mod mach {
    use core::ops::Range;

    /// `mach_header_64`.
    #[repr(C)]
    pub(crate) struct Header {
        magic: u32,
        cpu: [u32; 2],
        /// What kind of image it is; a program is 2.
        pub(crate) kind: u32,
        commands: u32,
        bytes: u32,
        pub(crate) flags: u32,
        reserved: u32,
    }

    /// The beginning of `segment_command_64`.
    #[repr(C)]
    struct Segment {
        command: u32,
        bytes: u32,
        name: [u8; 16],
        at: u64,
        size: u64,
        offset: u64,
        in_file: u64,
        /// At most, and in the beginning.
        access: [u32; 2],
    }

    const MAGIC: u32 = 0xfeed_facf;
    const SEGMENT: u32 = 0x19;

    /// Where the image's segments lie that can be accessed; none where it has no such headers.
    ///
    /// # Safety
    /// `start` is where a loaded image begins.
    pub(crate) unsafe fn segments(start: *const u8) -> impl Iterator<Item = Range<usize>> {
        // SAFETY: an image begins with its header.
        let header = unsafe { start.cast::<Header>().read_unaligned() };
        let commands = if header.magic == MAGIC {
            header.commands
        } else {
            0
        };
        let all = move || {
            let mut at = size_of::<Header>();
            (0..commands).filter_map(move |_| {
                // SAFETY: commands stand behind the header, as many as it says, each as long as
                // its second word says, and all are mapped with it.
                let (command, bytes) = unsafe {
                    let command = start.add(at);
                    (command, command.cast::<[u32; 2]>().read_unaligned())
                };
                at += bytes[1] as usize;
                // SAFETY: a command of this kind begins so.
                (bytes[0] == SEGMENT).then(|| unsafe { command.cast::<Segment>().read_unaligned() })
            })
        };
        // The one that holds the header says how far all were moved.
        let first = all().find(|one| one.offset == 0 && one.in_file != 0);
        let moved = first.map(|first| start.addr().wrapping_sub(address(first.at)));
        all().filter_map(move |one| {
            let from = moved?.wrapping_add(address(one.at));
            (one.access[1] != 0).then(|| from..from.wrapping_add(address(one.size)))
        })
    }

    #[allow(
        clippy::cast_possible_truncation,
        reason = "addresses of this process, where there are such images"
    )]
    fn address(of: u64) -> usize {
        of as usize
    }

    /// Whether a segment of the image holds the address; nothing where it has no such headers.
    ///
    /// # Safety
    /// As for [`segments`].
    pub(super) unsafe fn contains(start: *const u8, address: usize) -> Option<bool> {
        // SAFETY: the caller's.
        let mut segments = unsafe { segments(start) }.peekable();
        segments.peek()?;
        Some(segments.any(|one| one.contains(&address)))
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
        let contains = |offset: usize| unsafe { mach::contains(start, start.addr() + offset) };
        let seen = [0, 0xfff, 0x1000, 0x2fff, 0x3000, 0x4fff, 0x5000].map(contains);
        let held = [true, true, false, false, true, true, false];
        assert_eq!(seen, held.map(Some));
        assert_eq!(contains(usize::MAX), Some(false));
        image.0[0] = 0;
        // SAFETY: no header is read further than to its first word.
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
