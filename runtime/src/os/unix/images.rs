//! Loaded images, as dyld and their headers say.
//!
//! An image may be unloaded while it is looked at, and dyld gives pointers into it: they are
//! read by the kernel, which says so where nothing is there. The first question for what was
//! unloaded, and pinning, ask dyld for more than an address: neither under a lock of the
//! runtime's.

use std::ffi::{CString, c_int, c_void};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::{io, ptr};

use crate::image::mach::{Header, segments};
use crate::os::Object;
pub(crate) use crate::os::unsupported::objects::{is_shared, was_rewritten};

// Of libSystem, which every program has; the libc crate leaves them to others.
unsafe extern "C" {
    static mach_task_self_: u32;
    fn mach_vm_read_overwrite(task: u32, from: u64, bytes: u64, to: u64, read: *mut u64) -> c_int;
    fn _dyld_register_func_for_remove_image(told: extern "C" fn(*const c_void, isize));
}

/// The image that `address` lies in: all of it, or where it is of the system's cache, whose
/// images lie among each other, the segment. `None` for memory that is no image's, and for
/// all but the program where unloading is not seen.
pub(crate) fn object_of(address: usize) -> Option<Object> {
    let (object, _) = image_of(address)?;
    (object.is_main || SEEN.load(Ordering::Acquire)).then_some(object)
}

/// `MH_EXECUTE`.
const PROGRAM: u32 = 2;
/// `MH_DYLIB_IN_CACHE`: mapped once for all processes, and never taken away.
const CACHED: u32 = 1 << 31;

/// The image, and whether it is of the system's cache.
fn image_of(address: usize) -> Option<(Object, bool)> {
    let mut found = MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: only asks, by an address that may be any; the answer is written if it says so.
    let known = unsafe { libc::dladdr(ptr::without_provenance(address), found.as_mut_ptr()) } != 0;
    // SAFETY: written, if the image is known.
    let base = known.then(|| unsafe { found.assume_init() }.dli_fbase.addr())?;
    let mut headers = read(base, Header::SIZE)?;
    let header = Header::of(&headers)?;
    headers.extend(read(base + Header::SIZE, header.bytes)?);
    let parts = || segments(&headers, base);
    let own = parts().find(|segment| segment.contains(&address))?;
    let cached = header.flags & CACHED != 0;
    let range = if cached {
        own
    } else {
        parts().map(|one| one.start).min()?..parts().map(|one| one.end).max()?
    };
    let object = Object {
        base,
        range,
        name: PathBuf::new(),
        is_main: header.kind == PROGRAM,
    };
    Some((object, cached))
}

/// What lies there, if there is anything.
fn read(from: usize, bytes: usize) -> Option<Vec<u8>> {
    /// No image has as many commands.
    const MOST: usize = 1 << 20;
    if bytes > MOST {
        return None;
    }
    let mut found = vec![0; bytes];
    let mut count = 0;
    // SAFETY: the kernel reads from this process, wherever that is, and writes as many bytes
    // as there is room for.
    let refused = unsafe {
        mach_vm_read_overwrite(
            mach_task_self_,
            from as u64,
            bytes as u64,
            found.as_mut_ptr().expose_provenance() as u64,
            &raw mut count,
        )
    };
    (refused == 0 && count == bytes as u64).then_some(found)
}

/// Images that were unloaded since dyld was first asked.
static UNLOADED: AtomicU64 = AtomicU64::new(0);

/// Whether it tells of them.
static SEEN: AtomicBool = AtomicBool::new(false);

/// How many images dyld has unloaded so far. An address means the same image as before as
/// long as this has not changed.
pub(crate) fn unload_count() -> u64 {
    // Two threads may both ask to be told: then each is counted twice, which does not matter,
    // while waiting for each other might, for one may have a lock of dyld's.
    if !SEEN.load(Ordering::Acquire) && ask_to_be_told() {
        SEEN.store(true, Ordering::Release);
    }
    UNLOADED.load(Ordering::SeqCst)
}

extern "C" fn told(_: *const c_void, _: isize) {
    UNLOADED.fetch_add(1, Ordering::SeqCst);
}

fn ask_to_be_told() -> bool {
    // For dyld is never told to stop.
    let own = image_of((told as extern "C" fn(_, _) as *const ()).addr());
    if own.is_none_or(|(own, _)| pin(&own).is_err()) {
        return false;
    }
    // SAFETY: `told` counts, no more, and its image was pinned above.
    unsafe { _dyld_register_func_for_remove_image(told) };
    true
}

/// Keeps an image loaded until the process ends, whoever closes it.
///
/// # Errors
/// The image is gone, another one lies there by now, or no file is mapped there.
pub(crate) fn pin(object: &Object) -> io::Result<()> {
    let gone = || io::Error::new(io::ErrorKind::NotFound, "the object is not loaded");
    let is_there = |cached: &mut bool| {
        image_of(object.range.start).is_some_and(|(now, of_cache)| {
            *cached = of_cache;
            now == *object
        })
    };
    let mut cached = false;
    if object.is_main {
        return Ok(());
    }
    if !is_there(&mut cached) {
        return Err(gone());
    }
    if cached {
        return Ok(());
    }
    let name = file_of(object.range.clone()).ok_or_else(gone)?;
    let flags = libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
    // SAFETY: `name` is a C string; with `RTLD_NOLOAD` no object is loaded, so no initializer
    // runs. The handle is never closed: that is the pin.
    if unsafe { libc::dlopen(name.as_ptr(), flags) }.is_null() {
        return Err(gone());
    }
    // It may have been exchanged since it was looked at.
    if is_there(&mut cached) {
        Ok(())
    } else {
        Err(gone())
    }
}

/// The file that is mapped there.
fn file_of(range: Range<usize>) -> Option<CString> {
    // `PROC_PIDPATHINFO_MAXSIZE`.
    let mut name = vec![0_u8; 4096];
    // SAFETY: the kernel writes as many bytes as there is room for.
    let length = unsafe {
        libc::proc_regionfilename(
            libc::getpid(),
            range.start as u64,
            name.as_mut_ptr().cast(),
            4096,
        )
    };
    name.truncate(usize::try_from(length).ok().filter(|length| *length > 0)?);
    CString::new(name).ok()
}
