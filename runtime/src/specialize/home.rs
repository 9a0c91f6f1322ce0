//! Which addresses lie in the loaded object that holds a region.
//!
//! A region keeps what it knows of an address for as long as the process runs, and so only of
//! addresses that are gone when the region itself is. Its own object's headers say which these
//! are. They are found by a symbol that the linker defines in every object, hidden from all
//! others, and need no operating system to be read.

use crate::image;

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
        let said = unsafe { image::contains(self.start, address) };
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::Home;
    use crate::image::{mach, pe};

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
