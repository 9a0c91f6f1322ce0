//! Memory on its way to become code.
//!
//! The page that everything is tried on is `memmap2`'s. Memory for chains must lie near
//! the code that jumps there, and `memmap2` takes no address; nor does it say whether the
//! system took memory back. So [`Reserved`] maps for itself.

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io::Write as _;
use std::ops::Range;
use std::os::fd::{AsRawFd as _, FromRawFd as _};
use std::{io, ptr};

use libc::{MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_POPULATE, PROT_EXEC, PROT_READ, PROT_WRITE};
use memmap2::{Mmap, MmapMut, MmapOptions};

use crate::os::PatchError;

/// What a call that answers -1 was refused with.
pub(super) fn answered(answer: c_int) -> io::Result<c_int> {
    if answer == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(answer)
    }
}

/// Maps a file from an offset on, or fresh zeroed memory, privately. Returns its address.
///
/// # Safety
/// Nobody may need what was mapped there, where `flags` take the place of that.
pub(super) unsafe fn map(
    at: usize,
    length: usize,
    access: c_int,
    flags: c_int,
    file: Option<(&File, u64)>,
) -> io::Result<usize> {
    let (descriptor, offset, anonymous) = match file {
        Some((file, offset)) => (file.as_raw_fd(), offset, 0),
        None => (-1, 0, libc::MAP_ANONYMOUS),
    };
    let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
    let flags = libc::MAP_PRIVATE | anonymous | flags;
    // SAFETY: the caller's.
    let place = unsafe { libc::mmap(at as *mut c_void, length, access, flags, descriptor, offset) };
    if place == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(place as usize)
}

/// Gives a mapping other rights.
///
/// # Safety
/// It is the caller's, and no reference into it exists.
unsafe fn protect(at: usize, length: usize, access: c_int) -> Result<(), PatchError> {
    // SAFETY: the caller's.
    answered(unsafe { libc::mprotect(at as *mut c_void, length, access) })
        .map(|_| ())
        .map_err(|error| PatchError::new("mprotect", error))
}

/// Moves a mapping over what is mapped at `to`.
///
/// # Safety
/// It is the caller's, and nobody may need what was mapped at `to`.
unsafe fn move_mapping(at: usize, length: usize, to: usize) -> Result<(), PatchError> {
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    let (from, to) = (at as *mut c_void, to as *mut c_void);
    // SAFETY: the caller's.
    if unsafe { libc::mremap(from, length, length, flags, to) } == libc::MAP_FAILED {
        return Err(PatchError::new("mremap", io::Error::last_os_error()));
    }
    Ok(())
}

/// Whether the system took a mapping back.
///
/// # Safety
/// It is the caller's, and nobody has an address inside it.
pub(super) unsafe fn unmap(at: usize, length: usize) -> bool {
    // SAFETY: the caller's.
    answered(unsafe { libc::munmap(at as *mut c_void, length) }).is_ok()
}

/// Fresh zeroed memory, writable, wherever there is room. The pages are populated
/// by the same call: one fault each would cost more.
pub(super) fn writable(length: usize) -> Result<MmapMut, PatchError> {
    MmapOptions::new()
        .len(length)
        .populate()
        .map_anon()
        .map_err(|error| PatchError::new("mmap", error))
}

/// Takes the right to write and gives the right to execute.
pub(super) fn executable(memory: MmapMut) -> Result<Mmap, PatchError> {
    memory
        .make_exec()
        .map_err(|error| PatchError::new("mprotect", error))
}

/// Why memory was not moved.
pub(super) struct NotMoved {
    pub(super) error: PatchError,
    /// The system refused to take the memory back, too.
    pub(super) is_left: bool,
}

/// Moves fresh memory with `bytes` in it over `to`: anonymous memory, or a private mapping
/// of the file that is mapped at `to`, from the same offset. The kernel checks all that
/// it can refuse before it takes the old mapping away.
///
/// # Safety
/// Nobody may need what was mapped there, except to execute what is now.
pub(super) unsafe fn move_over(
    bytes: &[u8],
    to: usize,
    file: Option<(&File, u64)>,
) -> Result<(), NotMoved> {
    let memory = Reserved::map(0, bytes.len(), MAP_POPULATE, file).map_err(|error| NotMoved {
        error: PatchError::new("mmap", error),
        is_left: false,
    })?;
    memory.write(bytes);
    // SAFETY: the caller's.
    let moved = memory
        .make_executable()
        .and_then(|()| unsafe { memory.move_to(to) });
    match moved {
        Ok(()) => {
            // It lies at `to` now; there is nothing left to unmap.
            std::mem::forget(memory);
            Ok(())
        }
        Err(error) => Err(NotMoved {
            error,
            is_left: !memory.give_back(),
        }),
    }
}

/// Maps `bytes` over `to`, private, readable and executable, from a file in memory
/// that nobody else has, that is closed at once, and that nobody can write again.
///
/// # Safety
/// As for [`move_over`].
pub(super) unsafe fn map_over(bytes: &[u8], to: usize) -> Result<(), PatchError> {
    let file = sealed_file(bytes)?;
    let (access, flags) = (PROT_READ | PROT_EXEC, MAP_FIXED | MAP_POPULATE);
    // SAFETY: the caller vouches for the target.
    unsafe { map(to, bytes.len(), access, flags, Some((&file, 0))) }
        .map(|_| ())
        .map_err(|error| PatchError::new("mmap", error))
}

/// A file in memory with this content for good. The mapping of a file shows what is
/// written to the file later, and a process with privileges finds the file of each
/// mapping in `/proc/self/map_files`.
pub(super) fn sealed_file(bytes: &[u8]) -> Result<File, PatchError> {
    let mut file = memory_file()?;
    without_size_signal(|| file.write_all(bytes))
        .map_err(|error| PatchError::new("write", error))?;
    let seals = libc::F_SEAL_WRITE | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: a number is all that this command takes.
    answered(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) })
        .map_err(|error| PatchError::new("fcntl", error))?;
    Ok(file)
}

/// Does what may exceed the limit for the size of files, as files in memory do, too: it
/// is an error then, and not the signal that ends the process.
pub(super) fn without_size_signal<R>(work: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
    let signal = libc::SIGXFSZ;
    // SAFETY: sets of signals are plain data, which the calls below write before they
    // are read; only this thread's mask changes, and it is put back.
    unsafe {
        let mut only = std::mem::zeroed::<libc::sigset_t>();
        let (mut before, mut pending) = (only, only);
        libc::sigemptyset(&raw mut only);
        libc::sigaddset(&raw mut only, signal);
        libc::sigpending(&raw mut pending);
        let blocked = libc::pthread_sigmask(libc::SIG_BLOCK, &raw const only, &raw mut before);
        if blocked != 0 {
            return Err(io::Error::from_raw_os_error(blocked));
        }
        let result = work();
        let exceeded = |error: &io::Error| error.raw_os_error() == Some(libc::EFBIG);
        let was_pending = libc::sigismember(&raw const pending, signal) == 1;
        if result.as_ref().err().is_some_and(exceeded) && !was_pending {
            let now = std::mem::zeroed::<libc::timespec>();
            libc::sigtimedwait(&raw const only, ptr::null_mut(), &raw const now);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut());
        result
    }
}

/// A file in memory that may be mapped as code.
fn memory_file() -> Result<File, PatchError> {
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // SAFETY: the name is a string that ends with a zero byte.
    let create = |flags| answered(unsafe { libc::memfd_create(c"static-call".as_ptr(), flags) });
    let made = create(flags | libc::MFD_EXEC)
        // Kernels before 6.3 do not know the flag, and need none.
        .or_else(|_| create(flags))
        .map_err(|error| PatchError::new("memfd_create", error))?;
    // SAFETY: the descriptor is new, and nobody else's.
    Ok(unsafe { File::from_raw_fd(made) })
}

/// Pages of a file's private mapping, taken out of their place and put back there. In
/// between their place shows what the file holds.
pub(super) struct Aside {
    place: usize,
    now: usize,
    length: usize,
}

impl Aside {
    /// Takes pages out of their place. They may be executed during the call and after it.
    ///
    /// # Safety
    /// They lie in one private mapping of a file, and whoever executes there is right to
    /// run what the file holds from any instruction at which a thread may stand.
    pub(super) unsafe fn take(pages: &Range<usize>) -> Result<Self, PatchError> {
        let (place, length) = (pages.start, pages.len());
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_DONTUNMAP;
        // glibc reads the fifth argument, which says that any address will do.
        let anywhere = ptr::null_mut::<c_void>();
        // SAFETY: what is mapped at the place stays mapped; the caller vouches for what
        // it shows then.
        let now = unsafe { libc::mremap(place as *mut c_void, length, length, flags, anywhere) };
        if now == libc::MAP_FAILED {
            return Err(PatchError::new("mremap", io::Error::last_os_error()));
        }
        Ok(Aside {
            place,
            now: now as usize,
            length,
        })
    }

    /// Gives the right to write and takes that to execute.
    pub(super) fn make_writable(&self) -> Result<(), PatchError> {
        self.protect(PROT_READ | PROT_WRITE)
    }

    /// Takes the right to write and gives back that to execute.
    pub(super) fn make_executable(&self) -> Result<(), PatchError> {
        self.protect(PROT_READ | PROT_EXEC)
    }

    fn protect(&self, access: c_int) -> Result<(), PatchError> {
        // SAFETY: the mapping is ours while it is aside, and no reference into it exists.
        unsafe { protect(self.now, self.length, access) }
    }

    /// Writes where `at` will be, within one page. Only while it is writable.
    pub(super) fn write(&self, at: usize, bytes: &[u8]) {
        let from = at - self.place;
        assert!(from + bytes.len() <= self.length);
        // SAFETY: within the mapping, which is ours and writable.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), (self.now + from) as *mut u8, bytes.len());
        }
    }

    /// What stands where `page` will be.
    pub(super) fn read(&self, page: usize, length: usize) -> Vec<u8> {
        let from = page - self.place;
        assert!(from + length <= self.length);
        // SAFETY: within the mapping, which is ours and readable at each step.
        unsafe { std::slice::from_raw_parts((self.now + from) as *const u8, length) }.to_vec()
    }

    /// Puts them back into their place.
    ///
    /// # Safety
    /// They are executable, and may take the place of what the file holds.
    pub(super) unsafe fn put_back(&self) -> Result<(), PatchError> {
        // SAFETY: the source is ours, and the caller vouches for the target, which shows
        // the same file.
        unsafe { move_mapping(self.now, self.length, self.place) }
    }

    /// Gives up pages that could not be put back. Whether the system took them.
    pub(super) fn give_up(self) -> bool {
        // SAFETY: the mapping is ours, and nobody has an address inside it.
        unsafe { unmap(self.now, self.length) }
    }
}

/// Whether pages of a file can be moved aside, changed and put back: tried on a page of
/// this program's file that nobody executes.
pub(super) fn moves_aside(page: usize) -> bool {
    let Ok(file) = File::open("/proc/self/exe") else {
        return false;
    };
    // SAFETY: a new mapping; nobody writes to the file of a program that runs.
    let mapped = unsafe { map(0, page, PROT_READ | PROT_EXEC, 0, Some((&file, 0))) };
    let Ok(at) = mapped else {
        return false;
    };
    // SAFETY: the page is mapped and readable at each step, or the kernel is not Linux.
    let first = || unsafe { ptr::read_volatile(at as *const u8) };
    let before = first();
    // SAFETY: one private mapping, which nobody executes.
    let works = unsafe { Aside::take(&(at..at + page)) }.is_ok_and(|aside| {
        let shows_its_file = first() == before;
        let moved = aside.make_writable().and_then(|()| {
            aside.write(at, &[!before]);
            aside.make_executable()?;
            // SAFETY: nobody executes it.
            unsafe { aside.put_back() }
        });
        if moved.is_err() {
            aside.give_up();
            return false;
        }
        shows_its_file && first() == !before
    });
    // SAFETY: ours, and nobody has an address inside it.
    let gone = unsafe { unmap(at, page) };
    works && gone
}

/// Private memory, anonymous or a file's, given back when it goes out of scope. Never
/// writable and executable at once.
pub(super) struct Reserved {
    /// Address of the first byte.
    pub(super) start: usize,
    length: usize,
}

impl Reserved {
    /// Fresh zeroed memory, writable, at the first candidate that is free.
    pub(super) fn new_at_one_of(
        candidates: impl Iterator<Item = usize>,
        length: usize,
    ) -> Result<Self, PatchError> {
        let mut only_denied = true;
        for at in candidates {
            let result = Self::map(at, length, MAP_FIXED_NOREPLACE | MAP_POPULATE, None);
            let error = result.as_ref().err().and_then(io::Error::raw_os_error);
            match (result, error) {
                // Kernels before 4.17 take the address as a mere hint.
                (Ok(mapping), _) if mapping.start != at => only_denied = false,
                (_, Some(libc::EEXIST)) => only_denied = false,
                // Below what this process may map, or somebody's policy.
                (_, Some(libc::EPERM)) => {}
                (result, _) => return result.map_err(|error| PatchError::new("mmap", error)),
            }
        }
        if only_denied {
            let denied = io::Error::from_raw_os_error(libc::EPERM);
            return Err(PatchError::new("mmap", denied));
        }
        let full = io::Error::new(
            io::ErrorKind::AddrNotAvailable,
            "no free memory within reach",
        );
        Err(PatchError::new("mmap", full))
    }

    fn map(at: usize, length: usize, flags: c_int, file: Option<(&File, u64)>) -> io::Result<Self> {
        debug_assert_eq!(flags & MAP_FIXED, 0);
        // SAFETY: without `MAP_FIXED` no existing mapping is touched.
        unsafe { map(at, length, PROT_READ | PROT_WRITE, flags, file) }
            .map(|start| Self { start, length })
    }

    /// Writes `word` everywhere. Only before [`Self::make_executable`].
    pub(super) fn fill(&self, word: [u8; 8]) {
        let words = self.start as *mut [u8; 8];
        for index in 0..self.length / size_of_val(&word) {
            // SAFETY: the mapping is ours, whole pages, this long, and still writable: the
            // caller fills it right after it made it.
            unsafe { words.add(index).write(word) };
        }
    }

    /// Writes `bytes`, which are as many. Only before [`Self::make_executable`].
    fn write(&self, bytes: &[u8]) {
        assert_eq!(bytes.len(), self.length);
        // SAFETY: the mapping is ours, this long, and still writable, and nobody has a
        // reference into it.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.start as *mut u8, self.length) }
    }

    /// Puts it over what is mapped at `to`.
    ///
    /// # Safety
    /// Nobody may need what was mapped there. After success this is not ours any more.
    unsafe fn move_to(&self, to: usize) -> Result<(), PatchError> {
        // SAFETY: the source is ours, the caller vouches for the target.
        unsafe { move_mapping(self.start, self.length, to) }
    }

    /// Takes the right to write and gives the right to execute.
    pub(super) fn make_executable(&self) -> Result<(), PatchError> {
        // SAFETY: the mapping is ours, and no reference into it exists.
        unsafe { protect(self.start, self.length, PROT_READ | PROT_EXEC) }
    }

    /// Leaves the memory mapped for good.
    pub(super) fn leak(self) -> Range<usize> {
        let range = self.start..self.start + self.length;
        std::mem::forget(self);
        range
    }
}

impl Reserved {
    /// Whether the system took it back.
    fn give_back(self) -> bool {
        let gone = self.unmap();
        std::mem::forget(self);
        gone
    }

    fn unmap(&self) -> bool {
        // SAFETY: the mapping is ours, and whoever gives it back or drops it has no
        // address inside it left.
        unsafe { unmap(self.start, self.length) }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        // A refusal leaves it mapped, which harms nobody.
        self.unmap();
    }
}
