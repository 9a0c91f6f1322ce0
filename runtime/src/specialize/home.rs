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
    /// `start` is the linker's `__ehdr_start`, as the object that holds the region has it.
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
        let said = unsafe { elf::contains(self.start, address) };
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

/// The headers of a loaded ELF object, as the System V ABI has them.
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::Home;

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
