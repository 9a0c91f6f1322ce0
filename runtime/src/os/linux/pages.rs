//! Copy and flip by page replacement.
//!
//! To change code, its pages are copied, the copy is edited, and the result is
//! put over the original: mapped from a file in memory, or, where there are none,
//! as anonymous memory that is made executable and moved with one `mremap`. The
//! kernel takes the old page out and puts the new one in under the lock that a
//! faulting thread waits for, so a thread that executes there sees one or the
//! other. Nothing is ever writable and executable, no alias stays, and the
//! mapping is private and its file closed: a child's changes are its own.
//!
//! The file is the faster way while other threads run: each change of a mapping
//! interrupts their processors, and it makes one where the other makes three.
//!
//! # Limits
//! - Replaced pages are no longer the object's: `perf` finds no symbols there (debuggers
//!   and unwinders do, by the object's headers), the page cache no longer
//!   shares them, and a uprobe that somebody set in them is copied as a
//!   breakpoint that nobody answers.
//! - Every run of pages may add up to two mappings, bounded by the code's
//!   size. A process at `vm.max_map_count` is refused before anything changes.
//! - A `fork` from another thread between two of the calls leaves the child
//!   one unused private copy.

use std::ops::Range;
use std::{io, ptr};

use rustix::thread::{MembarrierCommand, membarrier};

use self::mapping::Reserved;
use super::objects;
use crate::os::runs::{self, Run};
use crate::os::{CodeMemory, Edit, PatchError, REACH, Unavailable};

mod mapping;
#[cfg(all(test, target_arch = "x86_64", target_pointer_width = "64"))]
mod tests;

/// What fills reserved memory. On x86-64 and everywhere else not an
/// instruction that a stray jump would survive.
const BREAKPOINT: u8 = 0xCC;

/// The provider for this process, after everything that it needs was tried
/// once. Costs about a dozen system calls.
///
/// # Errors
/// The step that was refused, and what the kernel said.
pub(crate) fn code_memory() -> Result<Box<dyn CodeMemory>, Unavailable> {
    probe()
        .map(|pages| Box::new(pages) as Box<dyn CodeMemory>)
        .map_err(|error| Unavailable {
            reason: format!("the system refused {} ({})", error.step, error.source),
        })
}

/// Registers for barriers and replaces a page of its own, in both ways; executes
/// nothing. Where the system forbids to make memory executable that was written,
/// files in memory are no way around it: that is somebody's policy.
fn probe() -> Result<Pages, PatchError> {
    register()?;
    let mut pages = Pages::new()?;
    let page = mapping::executable(mapping::writable(pages.page)?)?;
    pages.try_on(page.as_ptr(), 0x90)?;
    pages.way = Replacement::File;
    if pages.try_on(page.as_ptr(), 0x91).is_err() {
        pages.way = Replacement::Anonymous;
    }
    pages.barrier()?;
    Ok(pages)
}

/// Announces to the kernel that this process will ask for barriers.
fn register() -> Result<(), PatchError> {
    membarrier(MembarrierCommand::RegisterPrivateExpeditedSyncCore)
        .map_err(|error| PatchError::new("membarrier", error))
}

/// How a page is put over another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Replacement {
    /// Mapped from a file in memory: one system call that the other processors
    /// notice.
    File,
    /// Anonymous memory, made executable and moved: three of them.
    Anonymous,
}

/// Replaces pages of private code.
struct Pages {
    way: Replacement,
    /// Why a copy of a page could not be moved that was left mapped, for the system
    /// refused to take it back as well. No more are made.
    leaves_copies: Option<(&'static str, io::ErrorKind)>,
    /// Size of a page in bytes, a power of two.
    page: usize,
    /// What [`CodeMemory::reserve_near`] has handed out and [`CodeMemory::open`] mapped.
    reserved: Vec<Range<usize>>,
    /// Code of loaded objects, as far as it was asked for.
    code: Vec<Range<usize>>,
    /// How many objects had been unloaded when `code` was right.
    unloads: u64,
}

impl Pages {
    fn new() -> Result<Self, PatchError> {
        // SAFETY: `sysconf` has no preconditions.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        match usize::try_from(page) {
            Ok(page) if page.is_power_of_two() => Ok(Self {
                way: Replacement::Anonymous,
                leaves_copies: None,
                page,
                reserved: Vec::new(),
                code: Vec::new(),
                unloads: 0,
            }),
            _ => Err(PatchError::new(
                "sysconf",
                io::Error::other("the page size is unknown"),
            )),
        }
    }

    /// Replaces a page that nobody uses, and looks whether that worked.
    fn try_on(&mut self, page: *const u8, byte: u8) -> Result<(), PatchError> {
        let edit = Edit {
            at: page as usize,
            bytes: &[byte],
        };
        // SAFETY: the caller has the page mapped, readable and executable, and
        // nobody else knows its address.
        unsafe { self.replace(&[edit]) }?;
        // SAFETY: the page is still mapped; the kernel has put the copy there.
        if unsafe { ptr::read_volatile(page) } == byte {
            Ok(())
        } else {
            Err(PatchError::new(
                "mmap",
                io::Error::other("the page was not replaced"),
            ))
        }
    }

    /// Replaces the pages of one run, or leaves them as they are.
    ///
    /// # Safety
    /// As for [`CodeMemory::replace`], for all of the run's pages.
    unsafe fn replace_run(&mut self, run: &Run, edits: &[Edit<'_>]) -> Result<(), PatchError> {
        let length = run.pages.len();
        let mut copy = Vec::new();
        copy.try_reserve_exact(length)
            .map_err(|_| PatchError::new("mmap", io::ErrorKind::OutOfMemory))?;
        // SAFETY: the caller has the run's pages mapped and readable, and nobody
        // writes them during the call.
        let live = unsafe { std::slice::from_raw_parts(run.pages.start as *const u8, length) };
        copy.extend_from_slice(live);
        for edit in edits {
            let from = edit.at - run.pages.start;
            copy[from..from + edit.bytes.len()].copy_from_slice(edit.bytes);
        }
        // SAFETY: the caller allows the copy's content in place of what was there.
        unsafe { self.put_over(&copy, run.pages.start) }
    }

    /// Puts whole pages with `bytes` in them over those at `to`.
    ///
    /// # Safety
    /// Nobody may need what was mapped there, except to execute what is now.
    unsafe fn put_over(&mut self, bytes: &[u8], to: usize) -> Result<(), PatchError> {
        // SAFETY: the caller's.
        if self.way == Replacement::File && unsafe { mapping::map_over(bytes, to) }.is_ok() {
            return Ok(());
        }
        // Out of files, say: no reason to give up.
        if let Some((step, kind)) = self.leaves_copies {
            return Err(PatchError::new(step, kind));
        }
        // SAFETY: the caller's.
        unsafe { mapping::move_over(bytes, to) }.map_err(|not_moved| {
            let error = not_moved.error;
            if not_moved.is_left {
                self.leaves_copies = Some((error.step, error.source.kind()));
            }
            error
        })
    }
}

impl CodeMemory for Pages {
    unsafe fn replace(&mut self, edits: &[Edit<'_>]) -> Result<(), PatchError> {
        let sorted = runs::sorted(edits);
        let mut span = 0..0;
        let runs = runs::runs(&sorted, self.page, |gap| {
            // One page more on both sides: the edits' own pages.
            let (first, last) = (gap.start - 1, gap.end);
            if !span.contains(&first) {
                let reserved = self
                    .reserved
                    .iter()
                    .find(|range| range.contains(&first))
                    .cloned();
                span = reserved
                    .or_else(|| objects::executable_span_of(first))
                    .unwrap_or(0..0);
            }
            span.contains(&first) && span.contains(&last)
        })?;
        for run in &runs {
            let within = &sorted[run.edits.clone()];
            // SAFETY: the caller vouches for the pages with edits in them, and
            // the pages between are of the same object's code or reserved.
            unsafe { self.replace_run(run, within) }.map_err(|error| PatchError {
                applied: run.edits.start,
                below: within[0].at,
                ..error
            })?;
        }
        Ok(())
    }

    fn reserve_near(
        &mut self,
        near: Range<usize>,
        bytes: usize,
    ) -> Result<Range<usize>, PatchError> {
        let length = bytes
            .max(1)
            .checked_next_multiple_of(self.page)
            .filter(|length| near.end.saturating_sub(near.start).saturating_add(*length) <= REACH)
            .ok_or_else(|| PatchError::arguments("too large to lie within reach"))?;
        let mapping = Reserved::new_at_one_of(candidates(&near, length, self.page), length)?;
        mapping.fill(BREAKPOINT);
        mapping.make_executable()?;
        let range = mapping.leak();
        self.reserved.push(range.clone());
        Ok(range)
    }

    unsafe fn open(&mut self, pages: Range<usize>) -> Result<(), PatchError> {
        let breakpoints = vec![BREAKPOINT; pages.len()];
        // SAFETY: the caller's: nobody uses them.
        unsafe { self.put_over(&breakpoints, pages.start) }?;
        self.reserved.push(pages);
        Ok(())
    }

    fn forget(&mut self, object: &Range<usize>) {
        self.reserved.retain(|pages| !object.contains(&pages.start));
    }

    fn is_code(&mut self, address: usize) -> bool {
        let unloads = objects::unload_count();
        if unloads != self.unloads {
            self.code.clear();
            self.unloads = unloads;
        }
        if self.code.iter().any(|span| span.contains(&address)) {
            return true;
        }
        let span = objects::executable_span_of(address);
        self.code.extend(span.clone());
        span.is_some()
    }

    fn barrier(&mut self) -> Result<(), PatchError> {
        let run = || membarrier(MembarrierCommand::PrivateExpeditedSyncCore);
        run().or_else(|_| {
            // A child of a fork may have lost the registration.
            register()?;
            run().map_err(|error| PatchError::new("membarrier", error))
        })
    }
}

/// Where to try to reserve `length` bytes, nearest first: below, and if there
/// is no room, above. Right above a program its heap grows, so the search
/// there starts a gigabyte off and comes closer only at the end.
fn candidates(
    near: &Range<usize>,
    length: usize,
    page: usize,
) -> impl Iterator<Item = usize> + use<> {
    let step = length.max(1 << 20);
    let start = near.start & !(page - 1);
    let end = near
        .end
        .checked_next_multiple_of(page)
        .unwrap_or(usize::MAX);
    let lowest = near.end.saturating_sub(REACH).max(1 << 16);
    let highest = near.start.saturating_add(REACH).saturating_sub(length);
    let heap = end.saturating_add(1 << 30);
    let below = (0..).map_while(move |n: usize| start.checked_sub(length + n.checked_mul(step)?));
    let above = (heap..highest)
        .step_by(step)
        .chain((end..heap.min(highest)).rev().step_by(step));
    below
        .take_while(move |&at| at >= lowest)
        .chain(above.map(move |at| at & !(page - 1)))
}
