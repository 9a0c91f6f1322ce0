//! Loaded modules, as the memory of the process shows them.
//!
//! Where an address lies is asked of the memory manager and not of the loader, whose lock
//! is held while `DllMain` runs. Pinning asks the loader, and so does the first question
//! for what it has unloaded: neither under a lock of the runtime's.

use std::ffi::c_void;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::{io, ptr};

use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    GetModuleHandleW, GetProcAddress,
};
use windows_sys::Win32::System::Memory::{MEM_IMAGE, MEMORY_BASIC_INFORMATION, VirtualQuery};
use windows_sys::core::{s, w};

use crate::os::Object;
pub(crate) use crate::os::unsupported::objects::{is_shared, was_rewritten};

/// The module that `address` lies in. `None` for memory that is no module's, and for all but
/// the program where unloading is not seen.
pub(crate) fn object_of(address: usize) -> Option<Object> {
    let first = region(address).filter(|first| first.Type == MEM_IMAGE)?;
    let base = first.AllocationBase.addr();
    let mut end = base;
    while let Some(next) = region(end).filter(|next| next.AllocationBase.addr() == base) {
        end = next.BaseAddress.addr().checked_add(next.RegionSize)?;
    }
    // SAFETY: asks for the program itself, which always is.
    let program = unsafe { GetModuleHandleW(ptr::null()) };
    let is_main = program.addr() == base;
    (is_main || SEEN.load(Ordering::Acquire)).then(|| Object {
        base,
        range: base..end,
        name: PathBuf::new(),
        is_main,
    })
}

/// Neighbouring pages of one kind.
fn region(address: usize) -> Option<MEMORY_BASIC_INFORMATION> {
    let mut found = MEMORY_BASIC_INFORMATION::default();
    let size = size_of_val(&found);
    // SAFETY: only asks, by an address that may be any; what is written is as long as said.
    let written = unsafe { VirtualQuery(ptr::without_provenance(address), &raw mut found, size) };
    (written == size).then_some(found)
}

/// Modules that the loader has unloaded since it was first asked.
static UNLOADED: AtomicU64 = AtomicU64::new(0);

/// Whether it tells of them.
static SEEN: AtomicBool = AtomicBool::new(false);

/// How many modules the loader has unloaded so far. An address means the same module as
/// before as long as this has not changed.
pub(crate) fn unload_count() -> u64 {
    // Two threads may both ask to be told: then each is counted twice, which does not matter,
    // while waiting for each other would, for one may have the loader's lock.
    if !SEEN.load(Ordering::Acquire) && ask_to_be_told() {
        SEEN.store(true, Ordering::Release);
    }
    UNLOADED.load(Ordering::SeqCst)
}

fn ask_to_be_told() -> bool {
    type Told = unsafe extern "system" fn(u32, *const c_void, *mut c_void);
    type Register = unsafe extern "system" fn(u32, Told, *mut c_void, *mut *mut c_void) -> i32;
    unsafe extern "system" fn told(reason: u32, _: *const c_void, _: *mut c_void) {
        const UNLOADED_REASON: u32 = 2;
        if reason == UNLOADED_REASON {
            UNLOADED.fetch_add(1, Ordering::SeqCst);
        }
    }
    // For it is never told to stop.
    if pin_at((told as Told as *const ()).addr()).is_err() {
        return false;
    }
    // SAFETY: two strings that end; `ntdll` is part of every process.
    let found = unsafe {
        GetProcAddress(
            GetModuleHandleW(w!("ntdll.dll")),
            s!("LdrRegisterDllNotification"),
        )
    };
    let Some(found) = found else { return false };
    // SAFETY: documented under this name with this signature.
    let register: Register = unsafe { std::mem::transmute(found) };
    let mut cookie = ptr::null_mut();
    // SAFETY: `told` counts, no more, and its module was pinned above.
    unsafe { register(0, told, ptr::null_mut(), &raw mut cookie) >= 0 }
}

/// Keeps a module loaded until the process ends, whoever frees it.
///
/// # Errors
/// The module is gone, or another one lies there by now.
pub(crate) fn pin(object: &Object) -> io::Result<()> {
    if object.is_main {
        return Ok(());
    }
    pin_at(object.range.start)?;
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

/// Keeps the module loaded that lies there.
fn pin_at(address: usize) -> io::Result<()> {
    let mut found = ptr::null_mut();
    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
    // SAFETY: by these flags what stands for a name is an address, which may be any; the
    // module's own is written.
    let pinned =
        unsafe { GetModuleHandleExW(flags, ptr::without_provenance(address), &raw mut found) };
    if pinned == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Foundation::FreeLibrary;
    use windows_sys::Win32::System::LibraryLoader::LoadLibraryW;

    use super::*;

    #[test]
    fn an_address_is_of_the_program_of_a_library_or_of_neither() {
        unload_count();
        let own = object_of((unload_count as fn() -> u64 as *const ()).addr()).unwrap();
        assert!(own.is_main && own.range.start == own.base);
        assert_eq!(object_of(own.range.end - 1), Some(own.clone()));
        assert_ne!(object_of(own.range.end), Some(own));
        let local = 0_u8;
        assert_eq!(object_of((&raw const local).addr()), None);
        assert_eq!(object_of(Box::into_raw(Box::new(0_u8)).addr()), None);
        let theirs = object_of(GetModuleHandleW as *const () as usize);
        assert!(theirs.is_none_or(|object| !object.is_main || cfg!(target_env = "gnu")));
    }

    #[test]
    fn a_library_that_was_pinned_stays_and_one_that_was_not_is_counted_when_it_goes() {
        // SAFETY: a library of the system's that nothing here uses.
        let load = || unsafe { LoadLibraryW(w!("version.dll")) };
        unload_count();
        let library = load();
        assert!(!library.is_null());
        let object = object_of(library.addr()).unwrap();
        assert!(!object.is_main);
        let before = unload_count();
        // SAFETY: loaded above, and nothing of it is used.
        assert_ne!(unsafe { FreeLibrary(library) }, 0);
        assert!(unload_count() > before);
        assert!(pin(&object).is_err(), "it is gone");

        let library = load();
        let object = object_of(library.addr()).unwrap();
        pin(&object).unwrap();
        let before = unload_count();
        // SAFETY: as above.
        unsafe { FreeLibrary(library) };
        assert_eq!(object_of(library.addr()), Some(object));
        assert_eq!(unload_count(), before);
    }
}
