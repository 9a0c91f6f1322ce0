//! Loaded objects, as the dynamic loader lists them: Linux's, FreeBSD's and Android's.
//!
//! Cost: one walk over all loaded objects under the loader's lock for every
//! question. Nothing here may be asked from a signal handler.

#![allow(
    clippy::cast_possible_truncation,
    reason = "the loader's addresses are as wide as those of the program that it loaded"
)]

use std::ffi::{CStr, CString, OsStr, c_int, c_void};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::{io, ptr, slice};

#[cfg(target_pointer_width = "32")]
use libc::Elf32_Phdr as Header;
#[cfg(target_pointer_width = "64")]
use libc::Elf64_Phdr as Header;
use libc::{PT_LOAD, dl_phdr_info};

use crate::os::Object;
#[cfg(target_os = "linux")]
use crate::os::{Memory, Segment};

/// What a segment may be used for, as ELF has it; the libc crate has these for Linux only.
const PF_X: u32 = 1;
#[cfg(target_os = "linux")]
const PF_W: u32 = 2;
#[cfg(target_os = "linux")]
const PF_R: u32 = 4;

#[cfg(test)]
#[path = "objects/tests.rs"]
mod tests;

/// The loaded object that one of `address`'s segments belongs to. `None` for
/// memory that no object was loaded into; and where unloading is not counted, for all but the
/// program and the object that asks.
pub(crate) fn object_of(address: usize) -> Option<Object> {
    let (mut found, mut is_first) = (None, true);
    visit(|info| {
        if segments(info).any(|(_, range)| range.contains(&address)) {
            let is_main = is_program(info, is_first);
            let start = segments(info).map(|(_, range)| range.start).min()?;
            let end = segments(info).map(|(_, range)| range.end).max()?;
            let base = address_of(info);
            found = Some(Object {
                base,
                range: start..end,
                name: name(info),
                is_main,
            });
            return None;
        }
        is_first = false;
        Some(())
    });
    #[cfg(target_os = "android")]
    let found = found.filter(|object| {
        let own = object_of as fn(usize) -> Option<Object> as *const ();
        object.is_main || object.range.contains(&own.addr()) || unloads_are_counted()
    });
    found
}

/// Whether it is the program, which loaders list first; Android's does not.
#[cfg(not(target_os = "android"))]
fn is_program(_info: &dl_phdr_info, is_first: bool) -> bool {
    is_first
}

/// The same, by what the kernel says of the program.
#[cfg(target_os = "android")]
fn is_program(info: &dl_phdr_info, _is_first: bool) -> bool {
    // SAFETY: only asks.
    let program = unsafe { libc::getauxval(libc::AT_PHDR) };
    info.dlpi_phdr.addr() == program as usize
}

/// Whether the loader counts what it unloads: Android's does since version 11.
#[cfg(target_os = "android")]
fn unloads_are_counted() -> bool {
    unsafe extern "C" fn call(_: *mut dl_phdr_info, size: usize, data: *mut c_void) -> c_int {
        let counted = size > std::mem::offset_of!(dl_phdr_info, dlpi_subs);
        // SAFETY: the flag below, for the time of the walk.
        unsafe { *data.cast::<bool>() = counted };
        1
    }
    let mut counted = false;
    // SAFETY: `call` has the signature that the loader wants, and the flag lives meanwhile.
    unsafe { libc::dl_iterate_phdr(Some(call), (&raw mut counted).cast()) };
    counted
}

/// What the loader mapped for a library, from the handle that it gave for it.
/// `None` if it does not say.
///
/// # Safety
/// The handle came from `dlopen` and was not closed.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn memory_of(handle: *mut c_void) -> Option<Memory> {
    // The part of `struct link_map` that <link.h> promises, in glibc and musl.
    #[repr(C)]
    struct LinkMap {
        base: usize,
        name: *const libc::c_char,
        dynamic: *const c_void,
    }
    unsafe extern "C" {
        // Declared here, for the libc crate has it for glibc only.
        fn dlinfo(handle: *mut c_void, request: c_int, answer: *mut c_void) -> c_int;
    }
    const RTLD_DI_LINKMAP: c_int = 2;
    let mut map: *const LinkMap = ptr::null();
    // SAFETY: the handle is valid by this function's contract, and this request
    // writes one pointer.
    if unsafe { dlinfo(handle, RTLD_DI_LINKMAP, (&raw mut map).cast()) } != 0 || map.is_null() {
        return None;
    }
    // SAFETY: the loader's map of an object stays as long as the object is loaded,
    // which it is, its handle being open.
    let dynamic = unsafe { (*map).dynamic }.addr();
    let mut found = None;
    visit(|info| {
        if !segments(info).any(|(_, range)| range.contains(&dynamic)) {
            return Some(());
        }
        let loaded = segments(info).map(|(header, range)| Segment {
            range,
            offset: header.p_offset as usize,
            in_file: header.p_filesz as usize,
            readable: header.p_flags & PF_R != 0,
            writable: header.p_flags & PF_W != 0,
            executable: header.p_flags & PF_X != 0,
        });
        let sealed = headers(info)
            .iter()
            .find(|header| header.p_type == libc::PT_GNU_RELRO)
            .map_or(0..0, |header| place(info, header));
        found = Some(Memory {
            segments: loaded.collect(),
            sealed,
            lent: 0..0,
        });
        None
    });
    found
}

/// The executable segment of a loaded object that `address` lies in.
pub(crate) fn executable_span_of(address: usize) -> Option<Range<usize>> {
    let mut found = None;
    visit(|info| {
        found = segments(info)
            .find(|(header, range)| header.p_flags & PF_X != 0 && range.contains(&address))
            .map(|(_, range)| range);
        if found.is_none() { Some(()) } else { None }
    });
    found
}

/// Whether the object that `address` lies in was rewritten after it was linked: BOLT leaves
/// the code that it moves where it was, and adds a second executable segment. No linker makes
/// two.
pub(crate) fn was_rewritten(address: usize) -> bool {
    let mut executable = 0;
    visit(|info| {
        if !segments(info).any(|(_, range)| range.contains(&address)) {
            return Some(());
        }
        let executables = segments(info).filter(|(header, _)| header.p_flags & PF_X != 0);
        executable = executables.count();
        None
    });
    executable > 1
}

/// The file that the page at `address` came from, and where in it that stands, as far as
/// the loader says so.
#[cfg(target_os = "linux")]
pub(crate) fn file_of(address: usize) -> Option<(PathBuf, u64)> {
    let (mut found, mut is_main) = (None, true);
    visit(|info| {
        // What stands in front of a segment in its first page is of the file, too.
        let before = |header: &Header| (header.p_offset as usize) % 4096;
        let mut all = segments(info);
        if let Some((header, range)) =
            all.find(|(header, range)| (range.start - before(header)..range.end).contains(&address))
        {
            let from = address + before(header) - range.start;
            let name = if is_main {
                "/proc/self/exe".into()
            } else {
                name(info)
            };
            let offset = header.p_offset as usize - before(header) + from;
            found = Some((name, offset as u64));
            return None;
        }
        is_main = false;
        Some(())
    });
    found
}

/// Whether a function is not the program's own and is exported, so that code elsewhere may
/// have been compiled against it.
pub(crate) fn is_shared(function: usize) -> bool {
    if object_of(function).is_none_or(|object| object.is_main) {
        return false;
    }
    // SAFETY: plain data, for which zeros are valid.
    let mut found = unsafe { std::mem::zeroed::<libc::Dl_info>() };
    let address = ptr::with_exposed_provenance(function);
    // SAFETY: only asks, by an address that may be any; the answer is written if it says so.
    let known = unsafe { libc::dladdr(address, &raw mut found) } != 0;
    // The exported symbol that is nearest.
    known && found.dli_saddr.addr() == function
}

/// How many objects the loader has unloaded so far. An address means the same
/// object as before as long as this has not changed. 0 if the loader does not
/// count.
pub(crate) fn unload_count() -> u64 {
    let mut count = 0;
    visit(|info| {
        count = info.dlpi_subs;
        None
    });
    count
}

/// Keeps an object loaded until the process ends, whoever unloads it.
///
/// # Errors
/// The object is gone, another one lies there by now, or the loader does not
/// know it by its name (the kernel's vDSO, other link namespaces).
pub(crate) fn pin(object: &Object) -> io::Result<()> {
    if object.is_main {
        return Ok(());
    }
    let name = CString::new(object.name.as_os_str().as_bytes())?;
    if name.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the object has no name",
        ));
    }
    let flags = libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
    // SAFETY: `name` is a C string; with `RTLD_NOLOAD` no object is loaded, so
    // no initializer runs. The handle is never closed: that is the pin.
    if unsafe { libc::dlopen(name.as_ptr(), flags) }.is_null() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the object is not loaded",
        ));
    }
    // It may have been exchanged since the caller looked.
    if object_of(object.range.start).as_ref() == Some(object) {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            "another object was loaded in its place",
        ))
    }
}

/// Calls `each` for every loaded object until it returns `None`.
fn visit<F: FnMut(&dl_phdr_info) -> Option<()>>(mut each: F) {
    unsafe extern "C" fn call<F: FnMut(&dl_phdr_info) -> Option<()>>(
        info: *mut dl_phdr_info,
        size: usize,
        data: *mut c_void,
    ) -> c_int {
        // What an older loader does not fill in is zero.
        let mut whole = MaybeUninit::<dl_phdr_info>::zeroed();
        let bytes = size.min(size_of::<dl_phdr_info>());
        // SAFETY: the loader passes an `info` of `size` bytes, of numbers and pointers, for
        // which zeros are valid, too; and the `data` that it was given below, a closure that
        // nobody else uses meanwhile.
        let (info, each) = unsafe {
            ptr::copy_nonoverlapping(info.cast::<u8>(), whole.as_mut_ptr().cast(), bytes);
            (whole.assume_init(), &mut *data.cast::<F>())
        };
        c_int::from(each(&info).is_none())
    }
    // SAFETY: `call` has the signature that the loader wants, and `each` lives
    // until the loader is done.
    unsafe { libc::dl_iterate_phdr(Some(call::<F>), (&raw mut each).cast()) };
}

/// An object's loaded segments and where they lie.
fn segments(info: &dl_phdr_info) -> impl Iterator<Item = (&Header, Range<usize>)> {
    headers(info)
        .iter()
        .filter(|header| header.p_type == PT_LOAD)
        .map(move |header| (header, place(info, header)))
}

fn headers(info: &dl_phdr_info) -> &[Header] {
    if info.dlpi_phdr.is_null() {
        return &[];
    }
    // SAFETY: the loader's headers stay while it lists the object.
    unsafe { slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) }
}

fn place(info: &dl_phdr_info, header: &Header) -> Range<usize> {
    let start = address_of(info).wrapping_add(header.p_vaddr as usize);
    start..start.saturating_add(header.p_memsz as usize)
}

fn address_of(info: &dl_phdr_info) -> usize {
    info.dlpi_addr as usize
}

fn name(info: &dl_phdr_info) -> PathBuf {
    if info.dlpi_name.is_null() {
        return PathBuf::new();
    }
    // SAFETY: the loader's names are C strings, there while it lists them.
    let name = unsafe { CStr::from_ptr(info.dlpi_name) };
    OsStr::from_bytes(name.to_bytes()).into()
}
