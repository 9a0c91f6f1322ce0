//! Executable memory, barriers and loaded objects: what only the operating
//! system can do.
//!
//! A port is one folder with the exports of `linux`; `unsupported` has them
//! too and refuses. [`code_memory`] tries the whole path once, on pages of its
//! own, before it says that patching works here. Everything that a policy may
//! refuse (seccomp, `SELinux`, systemd's `MemoryDenyWriteExecute`, a hardened
//! kernel) is thereby refused then, with a reason, and not in the middle of a
//! retarget.

#![cfg_attr(
    not(patched),
    allow(dead_code, reason = "what the providers share has no user here")
)]

use std::ops::Range;
use std::{fmt, io};

#[cfg(any(test, not(patched)))]
#[cfg_attr(
    any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        windows
    ),
    allow(dead_code, unused_imports)
)]
mod bell;
#[cfg(all(
    any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "macos"
    ),
    not(miri)
))]
mod clock;
#[cfg(all(target_os = "linux", not(miri)))]
mod linux;
#[cfg(test)]
mod refusing;
mod runs;
#[cfg(all(
    any(target_os = "android", target_os = "freebsd", target_os = "macos"),
    not(miri)
))]
mod unix;
#[cfg(any(test, not(patched)))]
#[cfg_attr(not(miri), allow(dead_code, unused_imports))]
mod unsupported;
#[cfg(all(windows, not(miri)))]
mod windows;

#[cfg(all(target_os = "linux", not(miri)))]
use linux as native;
#[cfg(all(
    any(target_os = "android", target_os = "freebsd", target_os = "macos"),
    not(miri)
))]
use unix as native;
#[cfg(any(
    not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "macos",
        windows
    )),
    miri
))]
use unsupported as native;
#[cfg(all(windows, not(miri)))]
use windows as native;

#[cfg(all(unix, not(target_family = "wasm")))]
pub(crate) use native::forked;
pub(crate) use native::{
    code_memory, in_signal_handler, objects, processor_time, room, wait_for, wait_while, wake_all,
};
#[cfg(test)]
#[allow(unused_imports)]
pub(crate) use refusing::Refusing;

/// New bytes for a place in executable memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit<'a> {
    /// Address of the first byte.
    pub(crate) at: usize,
    /// What to write there. May cross pages; empty ones are ignored.
    pub(crate) bytes: &'a [u8],
}

/// A loaded object: the program itself or a shared library.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Object {
    /// What the loader added to the addresses in the file.
    pub(crate) base: usize,
    /// From the lowest to the highest address of its loaded segments.
    pub(crate) range: Range<usize>,
    /// The path that the loader knows it by; empty for the program under glibc.
    pub(crate) name: std::path::PathBuf,
    /// Whether it is the program, which is never unloaded.
    pub(crate) is_main: bool,
}

/// What the loader mapped for one object.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "plugins are for Linux")
)]
pub(crate) struct Memory {
    /// In ascending order.
    pub(crate) segments: Vec<Segment>,
    /// Made read-only once it was relocated, whatever its segment says.
    pub(crate) sealed: Range<usize>,
    /// Where chains are to lie, and so nothing else.
    pub(crate) lent: Range<usize>,
}

/// One loaded segment.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "plugins are for Linux")
)]
pub(crate) struct Segment {
    /// Where it lies.
    pub(crate) range: Range<usize>,
    /// Where its content begins in the file.
    pub(crate) offset: usize,
    /// How many bytes of it come from the file; the rest is zeros.
    pub(crate) in_file: usize,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) executable: bool,
}

/// Size of the room for chains that each object has, in bytes: five hundred chains of the
/// usual size. It is as large in the file.
pub(crate) const ROOM_BYTES: usize = 32 * 1024;

/// The room for chains inside an object that has a copy of this runtime: whole pages of
/// code, a mark and then breakpoints, which chains take the place of.
#[repr(C, align(4096))]
pub(crate) struct Room([std::cell::UnsafeCell<u8>; ROOM_BYTES]);

impl Room {
    /// What it begins with, and a plugin's is known by.
    pub(crate) const MARK: [u8; 16] = crate::arch::ROOM_MARK;
}

/// Memory that holds code, and how to change it.
///
/// # What is promised
/// - No mapping is ever writable and executable at once.
/// - A thread that executes in a page while it is replaced runs either the
///   bytes from before or those from after, and waits at most for a fault.
/// - Mappings are private: after a `fork`, neither side's changes are the
///   other's.
/// - No other thread is stopped, and no signal is used.
///
/// # Cost
/// System calls: four for every run of neighbouring pages, one for a barrier,
/// and each sends an interrupt to the processors that run this program. Edit
/// in batches. See the tests of `linux` for numbers.
pub(crate) trait CodeMemory: Send {
    /// Makes every edit take effect, whatever order they come in. Where two
    /// overlap, the one that starts higher wins, at one address the later one.
    ///
    /// Pages that lie close together in one object are replaced together; any number of
    /// edits, all over a program, is one call.
    /// Another processor may still execute the bytes from before until
    /// [`barrier`](Self::barrier) returns.
    ///
    /// # Errors
    /// The edits below [`PatchError::below`] took effect, the others did not, and the
    /// pages of [`PatchError::at_rest`] hold no edits at all, not even earlier ones.
    /// A page in which somebody else has written is never replaced:
    /// [`admit`](Self::admit) tells before.
    ///
    /// # Safety
    /// The edited addresses must lie in mapped, readable, executable memory
    /// that stays mapped during the call and holds no data that anybody
    /// writes. Nobody else may change the pages at the same time. Whoever
    /// executes them must be right to run the new bytes from any instruction
    /// at which a thread may stand. And where all edits of a page lie in one aligned word
    /// of eight bytes each, whoever executes there must be right to run what the object's
    /// file holds, for that is what is seen during the call; unless it is a page for which
    /// [`exchange_whole`](Self::exchange_whole) was called.
    unsafe fn replace(&mut self, edits: &[Edit<'_>]) -> Result<(), PatchError>;

    /// Makes one edit take effect in a page in which others did, and does not allocate.
    ///
    /// # Errors
    /// The page was not replaced before in a way that can be repeated so, or a step was
    /// refused; then the edit may have taken effect or not.
    ///
    /// # Safety
    /// As for [`replace`](Self::replace).
    unsafe fn replace_again(&mut self, edit: &Edit<'_>) -> Result<(), PatchError>;

    /// From now on the page of `at` shows what was written to it, at every moment: code
    /// there would be wrong to run what the object's file holds.
    fn exchange_whole(&mut self, at: usize);

    /// Looks at the page of `at` before it is replaced for the first time.
    ///
    /// Cheap for pages that were replaced, and for many of one program one after the
    /// other.
    ///
    /// # Errors
    /// Somebody has written there, or put something else there: a breakpoint of a
    /// debugger or a uprobe, another version of this library. It is to be left alone.
    fn admit(&mut self, at: usize) -> Result<(), PatchError> {
        let _ = at;
        Ok(())
    }

    /// Reserves at least `bytes` bytes of executable memory, filled with
    /// breakpoints, from each of which a direct jump reaches each address in `near`,
    /// and back ([`REACH`](crate::arch::REACH)). It starts and ends at a page's boundary and is never given
    /// back.
    ///
    /// # Errors
    /// No room within reach, or a refused system call. Nothing is reserved.
    fn reserve_near(
        &mut self,
        near: Range<usize>,
        bytes: usize,
    ) -> Result<Range<usize>, PatchError>;

    /// From now on these whole pages, a room, are replaced together, so that they stay one
    /// mapping.
    ///
    /// # Safety
    /// They are code of an object that stays loaded until [`forget`](Self::forget) is called
    /// for it, and nobody else writes there.
    unsafe fn keep_together(&mut self, pages: Range<usize>);

    /// Gives code that is no file's a name, for profilers, where that was asked for.
    fn name(&mut self, code: &Range<usize>, name: fmt::Arguments<'_>) {
        let _ = (code, name);
    }

    /// Why names are missing that were asked for.
    fn naming_error(&self) -> Option<&str> {
        None
    }

    /// Forgets the pages of an object, which may be unloaded.
    fn forget(&mut self, object: &Range<usize>);

    /// Whether `address` lies in the code of an object that is loaded now.
    ///
    /// Costs one walk over the loaded objects for each that is new.
    fn is_code(&mut self, address: usize) -> bool;

    /// Returns when no thread of this process can still execute instructions
    /// that it fetched before the call.
    ///
    /// # Errors
    /// The kernel refused; then nothing is known about the other threads.
    fn barrier(&mut self) -> Result<(), PatchError>;
}

/// A step of patching that was refused.
#[derive(Debug)]
pub(crate) struct PatchError {
    /// The system call's name, or `arguments` if it was never made.
    pub(crate) step: &'static str,
    /// What it said.
    pub(crate) source: io::Error,
    /// How many edits had taken effect by then, lowest addresses first.
    #[cfg_attr(not(test), allow(dead_code, reason = "for whoever debugs one"))]
    pub(crate) applied: usize,
    /// The edits that start below this address took effect, no other did.
    pub(crate) below: usize,
    /// Pages that show what their file holds, whatever was written to them before: none
    /// but after a refusal that came when they could not be put back.
    pub(crate) at_rest: Range<usize>,
    /// Whether it is these pages that are left alone, and no others.
    pub(crate) only_here: bool,
}

impl PatchError {
    /// A step that was refused before anything took effect.
    pub(crate) fn new(step: &'static str, source: impl Into<io::Error>) -> Self {
        Self {
            step,
            source: source.into(),
            applied: 0,
            below: 0,
            at_rest: 0..0,
            only_here: false,
        }
    }

    /// A page that is left as it is, for somebody else has changed it, say.
    pub(crate) fn left_alone(step: &'static str, why: impl Into<String>) -> Self {
        Self {
            only_here: true,
            ..Self::new(step, io::Error::other(why.into()))
        }
    }

    /// Whether the system said no, and not merely that there is no room here, or that
    /// somebody else has changed this page.
    pub(crate) fn is_refusal(&self) -> bool {
        self.step != "arguments"
            && self.source.kind() != io::ErrorKind::AddrNotAvailable
            && !self.only_here
    }

    /// The same of a batch that had `done` edits, all `sorted`, before those that this
    /// speaks of.
    pub(crate) fn after(self, done: usize, sorted: &[Edit<'_>]) -> Self {
        let applied = done + self.applied;
        Self {
            applied,
            below: sorted.get(applied).map_or(usize::MAX, |edit| edit.at),
            ..self
        }
    }

    /// Arguments that no system call could make sense of.
    pub(crate) fn arguments(what: &'static str) -> Self {
        Self::new(
            "arguments",
            io::Error::new(io::ErrorKind::InvalidInput, what),
        )
    }
}

impl fmt::Display for PatchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "patching code failed in {}: {}",
            self.step, self.source
        )
    }
}

impl std::error::Error for PatchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Why code cannot be patched here, in one sentence without a full stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unavailable {
    /// The sentence.
    pub(crate) reason: String,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl std::error::Error for Unavailable {}

/// Whether there is a clock: the standard library has none in WebAssembly without a system, and
/// panics if it is asked.
pub(crate) const HAS_CLOCK: bool = !cfg!(all(target_family = "wasm", target_os = "unknown"));

/// What the clocks say, in nanoseconds: the time since the first call, and what all threads
/// of the process have taken of processors.
pub(crate) fn clocks() -> (i64, i64) {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    if !HAS_CLOCK {
        return (0, 0);
    }
    let start = START.get_or_init(std::time::Instant::now);
    let wall = i64::try_from(start.elapsed().as_nanos()).unwrap_or(i64::MAX);
    (wall, processor_time().unwrap_or(wall))
}

/// Lets another thread run that may hold a lock of ours.
pub(crate) fn pause() {
    std::thread::yield_now();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_system_is_unavailable_for_a_reason_in_one_sentence() {
        let reason = unsupported::code_memory().err().unwrap().to_string();
        assert!(
            !reason.is_empty() && !reason.ends_with('.') && !reason.contains('\n'),
            "{reason}"
        );
        assert!(unsupported::objects::object_of(0).is_none());
        assert_eq!(unsupported::objects::unload_count(), 0);
    }

    #[test]
    fn a_refused_step_is_named_with_what_the_system_said() {
        let error = PatchError::new("mprotect", io::ErrorKind::PermissionDenied);
        assert_eq!(
            error.to_string(),
            "patching code failed in mprotect: permission denied"
        );
    }
}
