//! Copy and flip by page replacement.
//!
//! To change code, its pages are taken out of their place, edited, and put back. The
//! kernel takes the old page out and puts the new one in under the lock that a faulting
//! thread waits for, so a thread that executes there sees one or the other. Nothing is
//! ever writable and executable, no alias stays, and mappings are private: a child's
//! changes are its own.
//!
//! # Four ways
//! - **The file's own pages** ([`Came::Own`]): moved aside with `MREMAP_DONTUNMAP`, made
//!   writable, edited, made executable, moved back. Meanwhile their place shows what the
//!   file holds. `perf`, debuggers and unwinders go on seeing the program's file. Linux
//!   5.13 and later.
//! - **A copy in a private mapping of the same file** ([`Origin`]), mapped anew, written,
//!   made executable and moved over the page. It is the program's file to all of these, too.
//! - **A copy from a file in memory** ([`Replacement::File`]), mapped over the page: where the
//!   file cannot be opened any more, and for memory that is no file's.
//! - **An anonymous copy** ([`Replacement::Anonymous`]), made executable and moved over it.
//!
//! A page goes the first way as long as nothing was written to it but single instructions,
//! each inside one aligned word of eight bytes: a thread may stand before such an
//! instruction or behind it, and is right to run what the file holds at any time. In
//! longer code a thread may stand anywhere, and the file does not hold it: such a page
//! has to be a copy, which is exchanged without showing anything else. A page that is a
//! copy stays one: what `MREMAP_DONTUNMAP` leaves of anonymous memory are zeros. Where
//! memory is locked, all pages are copies: it would unlock the mapping. So are pages with
//! places of static keys: what the file holds there is another value.
//!
//! # Mappings
//! A part of a mapping that is moved aside and back is a mapping of its own afterwards,
//! since it was writable and its neighbours were not. So a mapping is first moved and
//! put back as a whole, unchanged: all of it has then been writable, and its parts become
//! one again whenever they are put back. A program of 100 MB with 5,000 patched pages has
//! one mapping of code, as before. Where that is refused (limits, other pages that somebody
//! has written to), and for copies, each run of pages adds up to two mappings: no more than an eighth of
//! `vm.max_map_count` in all, and then pages are left as they are.
//!
//! # Limits
//! - Copies by the last two ways are not the object's: `perf` finds no symbols there (debuggers
//!   and unwinders do, by the object's headers).
//! - A page in which somebody else has written is left alone: [`survey`].
//! - A `fork` from another thread between two of the calls, by other means than the C
//!   library's, leaves the child one unused private copy and the file's own bytes.

use std::fs::File;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fmt, io, ptr};

use self::ledger::{Came, Ledger};
use self::mapping::{Aside, Reserved};
use self::perf_map::PerfMap;
use self::survey::{Origin, Page, Survey};
use super::objects;
use crate::arch::{self, BREAKPOINTS, REACH};
use crate::os::runs::{self, GAP_TO_COPY, GAP_TO_MOVE, Run};
use crate::os::{CodeMemory, Edit, PatchError, Unavailable};

mod ledger;
mod lock;
mod mapping;
mod perf_map;
mod survey;
#[cfg(all(test, patched))]
mod tests;

/// The provider for this process, after everything that it needs was tried
/// once. Costs about a dozen system calls.
///
/// # Errors
/// The step that was refused, and what the kernel said.
pub(crate) fn code_memory() -> Result<Box<dyn CodeMemory>, Unavailable> {
    let asked = |mut pages: Pages| {
        pages.names = PerfMap::from_environment();
        if pages.names.is_some() {
            pages.way = Replacement::Anonymous;
        }
        pages
    };
    probe(&LEDGER)
        .map(|pages| Box::new(asked(pages)) as Box<dyn CodeMemory>)
        .map_err(|error| Unavailable {
            reason: format!("the system refused {} ({})", error.step, error.source),
        })
}

/// What was done to this process's pages, by whichever provider.
static LEDGER: Mutex<Ledger> = Mutex::new(Ledger::new());

/// Up to this size, memory that was reserved is replaced as a whole, so that it stays one
/// mapping.
const WHOLE_BYTES: usize = 64 * 1024;

/// The longest piece of code that is ever written: far more than all chains together.
const LONGEST: usize = 256 << 20;

/// Registers for barriers and replaces pages of its own, in all ways; executes
/// nothing. Where the system forbids to make memory executable that was written,
/// files in memory are no way around it: that is somebody's policy.
fn probe(ledger: &'static Mutex<Ledger>) -> Result<Pages, PatchError> {
    register()?;
    let mut pages = Pages::new(ledger)?;
    let page = mapping::executable(mapping::writable(pages.page)?)?;
    pages.try_on(page.as_ptr(), 0x90)?;
    pages.way = Replacement::File;
    if pages.try_on(page.as_ptr(), 0x91).is_err() {
        pages.way = Replacement::Anonymous;
    }
    // The page goes.
    let tried = page.as_ptr() as usize;
    let size = pages.page;
    pages.ledger().forget(&(tried..tried + size), size);
    pages.keeps_files = !only_copies() && mapping::moves_aside(pages.page);
    pages.copies_files = true;
    pages.barrier()?;
    Ok(pages)
}

/// Whether pages are always replaced by copies: `STATIC_CALL_PAGES=copied` is in the
/// environment. For emulators, whose `MREMAP_DONTUNMAP` may leave a hole for a moment (QEMU's
/// user mode does), in which a thread that executes there ends the program.
fn only_copies() -> bool {
    std::env::var_os("STATIC_CALL_PAGES").is_some_and(|way| way == "copied")
}

/// Announces to the kernel that this process will ask for barriers.
fn register() -> Result<(), PatchError> {
    membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)
}

fn membarrier(command: libc::c_int) -> Result<(), PatchError> {
    // SAFETY: these commands take neither flags nor memory.
    let answer = unsafe { libc::syscall(libc::SYS_membarrier, command, 0) };
    if answer == -1 {
        return Err(PatchError::new("membarrier", io::Error::last_os_error()));
    }
    Ok(())
}

/// How a copy is put over a page.
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
    /// Whether pages of a file can stay its own.
    keeps_files: bool,
    /// Whether a copy is put into a private mapping of the file that it is of.
    copies_files: bool,
    /// What code was mapped from, as far as it was asked for.
    origins: Vec<Origin>,
    ledger: &'static Mutex<Ledger>,
    /// Whether pages may be moved aside, once it was asked in a batch.
    may_move: Option<bool>,
    /// What was said to that last.
    moved: bool,
    /// Where chains get names, if that is asked for.
    names: Option<PerfMap>,
    /// What was seen last of what is mapped.
    survey: Option<Survey>,
    /// How many mappings more there may be for what was replaced.
    limit: usize,
    /// Why a copy of a page could not be moved that was left mapped, for the system
    /// refused to take it back as well. No more are made.
    leaves_copies: Option<(&'static str, io::ErrorKind)>,
    /// Size of a page in bytes, a power of two.
    page: usize,
    /// What [`CodeMemory::reserve_near`] has handed out and [`CodeMemory::open`] mapped.
    reserved: Vec<Range<usize>>,
    /// Rooms for chains, which are code of objects.
    rooms: Vec<Range<usize>>,
    /// Code of loaded objects, as far as it was asked for.
    code: Vec<Range<usize>>,
    /// How many objects had been unloaded when `code` was right.
    unloads: u64,
}

impl Pages {
    fn new(ledger: &'static Mutex<Ledger>) -> Result<Self, PatchError> {
        // SAFETY: `sysconf` has no preconditions.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        match usize::try_from(page) {
            Ok(page) if page.is_power_of_two() => Ok(Self {
                way: Replacement::Anonymous,
                keeps_files: false,
                copies_files: false,
                origins: Vec::new(),
                ledger,
                may_move: None,
                moved: false,
                names: None,
                survey: None,
                limit: limit(),
                leaves_copies: None,
                page,
                reserved: Vec::new(),
                rooms: Vec::new(),
                code: Vec::new(),
                unloads: 0,
            }),
            _ => Err(PatchError::new(
                "sysconf",
                io::Error::other("the page size is unknown"),
            )),
        }
    }

    fn ledger(&self) -> MutexGuard<'static, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// How the pages of each edit are to be replaced, up to the first edit of a page that
    /// is to be left alone.
    fn kinds(
        &mut self,
        sorted: &[Edit<'_>],
    ) -> Result<(Vec<Came>, Result<(), PatchError>), PatchError> {
        // Pages in which a thread may stand inside what is written.
        let mut copied: Vec<Range<usize>> = Vec::new();
        for edit in sorted {
            let pages = runs::pages(edit, self.page)?;
            if runs::is_in_one_word(edit) {
                continue;
            }
            match copied.last_mut() {
                Some(last) if pages.start <= last.end => last.end = last.end.max(pages.end),
                _ => copied.push(pages),
            }
        }
        let is_copied = |at| {
            let index = copied.partition_point(|pages| pages.end <= at);
            copied.get(index).is_some_and(|pages| pages.contains(&at))
        };
        let mut kinds = Vec::with_capacity(sorted.len());
        let mut last = None;
        for edit in sorted {
            let pages = runs::pages(edit, self.page)?;
            let stops = |error| {
                let (applied, below) = (kinds.len(), edit.at);
                Err(PatchError {
                    applied,
                    below,
                    ..error
                })
            };
            if pages.len() > LONGEST {
                let stopped = stops(PatchError::new("mmap", io::ErrorKind::OutOfMemory));
                return Ok((kinds, stopped));
            }
            // Where nothing can be learnt of a page, each edit is looked at.
            let blind = self.survey.as_ref().is_some_and(Survey::is_blind);
            let mut kind = Came::Own;
            for at in pages.step_by(self.page) {
                let one = match last {
                    Some((known, one)) if known == at && !blind => one,
                    _ => match self.kind(at, is_copied(at), Some(edit)) {
                        Ok(one) => one,
                        Err(error) => {
                            let stopped = stops(error);
                            return Ok((kinds, stopped));
                        }
                    },
                };
                last = Some((at, one));
                if one == Came::Copied {
                    kind = Came::Copied;
                }
            }
            kinds.push(kind);
        }
        Ok((kinds, Ok(())))
    }

    /// How the page at `at` is to be replaced: as a copy, if more than single words are
    /// written there.
    fn kind(
        &mut self,
        at: usize,
        copied: bool,
        edit: Option<&Edit<'_>>,
    ) -> Result<Came, PatchError> {
        let came = self.ledger().came(at);
        if came == Some(Came::Copied) || self.reservation(at).is_some() {
            return Ok(Came::Copied);
        }
        // What its file holds is wrong there, if only for a moment.
        let copied = copied || self.ledger().is_exchanged_whole(at);
        if came == Some(Came::Own) {
            let stays = !copied && self.may_move();
            return Ok(if stays { Came::Own } else { Came::Copied });
        }
        let page = self.survey().look(at);
        match page {
            Page::Foreign(why) => {
                let why = format!("the page at {at:#x} is left alone: {why}");
                return Err(PatchError::left_alone("looking at its bytes", why));
            }
            Page::Unknown if edit.is_some_and(stands_at_a_breakpoint) => {
                let why = format!("the page at {at:#x} is left alone: it holds a breakpoint");
                return Err(PatchError::left_alone("looking at its bytes", why));
            }
            Page::OfItsFile if self.keeps_files && !copied && self.may_move() => {}
            _ => return Ok(Came::Copied),
        }
        if !self.ledger().is_decided(at) {
            self.join(at);
        }
        Ok(Came::Own)
    }

    /// Forgets what lay in objects that are gone: whoever came in their place has pages
    /// that nobody has written to.
    fn notice_unloads(&mut self) {
        let unloads = objects::unload_count();
        if unloads == self.unloads {
            return;
        }
        self.unloads = unloads;
        self.code.clear();
        self.origins.clear();
        let mut survey = Survey::new(self.page);
        let own = self.ledger().within(&(0..usize::MAX), Came::Own);
        for at in own {
            if !survey.is_copy(at) {
                self.ledger().forget_page(at);
                self.ledger().forget_mapping(at);
            }
        }
        self.survey = Some(survey);
    }

    /// Whether pages may be moved aside in this batch.
    fn may_move(&mut self) -> bool {
        let may_move = *self.may_move.get_or_insert_with(survey::nothing_is_locked);
        self.moved = may_move;
        may_move
    }

    /// The memory for chains that `at` lies in.
    fn reservation(&self, at: usize) -> Option<&Range<usize>> {
        let all = self.reserved.iter().chain(&self.rooms);
        all.into_iter().find(|range| range.contains(&at))
    }

    fn survey(&mut self) -> &mut Survey {
        if !self.survey.as_ref().is_some_and(Survey::is_fresh) {
            self.survey = None;
        }
        let page = self.page;
        self.survey.get_or_insert_with(|| Survey::new(page))
    }

    /// Sees to it that whatever part of the mapping of `at` is replaced becomes one with
    /// the rest again.
    fn join(&mut self, at: usize) {
        let survey = self.survey();
        let whole = survey.mapping_around(at).unwrap_or(0..0);
        let may = survey.is_unchanged(&whole);
        // SAFETY: one private mapping of a file, and each page shows what that holds.
        let joined = may && unsafe { join(&whole) };
        self.ledger().note_mapping(whole, joined);
    }

    /// Whether a gap between two runs may be replaced with them.
    fn closes(&mut self, gap: &Range<usize>, kind: Came) -> bool {
        // One page more on both sides: the edits' own pages.
        let (first, last) = (gap.start - 1, gap.end);
        match kind {
            Came::Own => {
                let ledger = self.ledger();
                let joined = ledger.joined_around(first).unwrap_or(0..0);
                gap.len() <= GAP_TO_MOVE * self.page
                    && joined.contains(&last)
                    && ledger.within(gap, Came::Copied).is_empty()
            }
            Came::Copied => {
                if gap.len() > GAP_TO_COPY * self.page {
                    return false;
                }
                if let Some(reserved) = self.reservation(first) {
                    return reserved.contains(&last);
                }
                objects::executable_span_of(first).is_some_and(|span| span.contains(&last))
                    && gap
                        .clone()
                        .step_by(self.page)
                        .all(|at| match self.ledger().came(at) {
                            Some(came) => came == Came::Copied,
                            None => {
                                matches!(self.survey().look(at), Page::OfItsFile | Page::AsBuilt)
                            }
                        })
            }
        }
    }

    /// Replaces the pages of one run, or leaves them as they are. What it says of edits
    /// is of the run's.
    ///
    /// # Safety
    /// As for [`CodeMemory::replace`], for all of the run's pages.
    unsafe fn replace_run(
        &mut self,
        pages: Range<usize>,
        kind: Came,
        edits: &[Edit<'_>],
    ) -> Result<(), PatchError> {
        if let Some(whole) = self.whole_reservations(&pages) {
            // SAFETY: the caller upholds `CodeMemory::replace` for the run; what lies in the
            // same reservation is code of ours, which is copied as it is.
            return unsafe { self.replace_by_copies(&whole, edits) };
        }
        if self.ledger().mappings_with(&pages, kind, self.page) > self.limit {
            return Err(PatchError::left_alone(
                "counting mappings",
                format!(
                    "the pages at {:#x} are left alone: {} mappings were added",
                    pages.start,
                    self.ledger().mappings()
                ),
            ));
        }
        match kind {
            // SAFETY: the caller upholds `CodeMemory::replace` for all pages of the run.
            Came::Own => unsafe { self.replace_own(pages, edits) },
            // SAFETY: as for the other arm.
            Came::Copied => unsafe { self.copy_instead(&pages, edits) },
        }
    }

    /// Pages that begin and end in reserved memory, with all of that if it is small.
    fn whole_reservations(&self, pages: &Range<usize>) -> Option<Range<usize>> {
        let first = self.reservation(pages.start)?;
        let last = self.reservation(pages.end - 1)?;
        let is_small = |range: &Range<usize>| range.len() <= WHOLE_BYTES;
        let start = if is_small(first) {
            first.start
        } else {
            pages.start
        };
        let end = if is_small(last) { last.end } else { pages.end };
        Some(start..end)
    }

    /// Replaces pages by copies, and takes note of it.
    ///
    /// # Safety
    /// As for [`Self::replace_run`].
    unsafe fn copy_instead(
        &mut self,
        pages: &Range<usize>,
        edits: &[Edit<'_>],
    ) -> Result<(), PatchError> {
        // SAFETY: the caller upholds `CodeMemory::replace` for these pages.
        unsafe { self.replace_by_copies(pages, edits) }?;
        self.ledger().note(pages, Came::Copied, self.page);
        Ok(())
    }

    /// Replaces pages of a file that stay the file's.
    ///
    /// # Safety
    /// As for [`Self::replace_run`]. They are of one private mapping, or of several.
    unsafe fn replace_own(
        &mut self,
        pages: Range<usize>,
        edits: &[Edit<'_>],
    ) -> Result<(), PatchError> {
        // SAFETY: single instructions were written there and nothing else, over what the
        // file holds; the caller vouches for those who execute it.
        let aside = match unsafe { Aside::take(&pages) } {
            Ok(aside) => aside,
            // More than one mapping, say.
            Err(_) if pages.len() > self.page => {
                return self.each_page(edits, |pages, page, edits| {
                    // SAFETY: one page of those for which the caller upholds
                    // `CodeMemory::replace`, and its edits.
                    unsafe { pages.replace_own(page, edits) }
                });
            }
            // SAFETY: the caller upholds `CodeMemory::replace` for these pages.
            Err(_) => return unsafe { self.copy_instead(&pages, edits) },
        };
        // SAFETY: the caller upholds `CodeMemory::replace` for these pages, and they are the
        // ones that were taken aside.
        unsafe { self.edit_aside(aside, &pages, edits) }
    }

    /// Edits pages that were taken out of their place, and puts them back. Does not allocate
    /// unless that is refused.
    ///
    /// # Safety
    /// As for [`Self::replace_own`].
    unsafe fn edit_aside(
        &mut self,
        aside: Aside,
        pages: &Range<usize>,
        edits: &[Edit<'_>],
    ) -> Result<(), PatchError> {
        if let Err(error) = aside.make_writable() {
            // SAFETY: nothing was written to what was taken from there.
            if unsafe { aside.put_back() }.is_ok() {
                return self.each_page(edits, |pages, page, edits| {
                    // SAFETY: one page of those for which the caller upholds
                    // `CodeMemory::replace`, and its edits.
                    unsafe { pages.copy_instead(&page, edits) }
                });
            }
            // SAFETY: the caller upholds `CodeMemory::replace` for these pages.
            return unsafe { self.rescue(aside, pages, edits, error) };
        }
        for edit in edits {
            aside.write(edit.at, edit.bytes);
        }
        // SAFETY: it is executable, and the caller allows the new bytes there.
        let put_back = aside
            .make_executable()
            .and_then(|()| unsafe { aside.put_back() });
        if let Err(error) = put_back {
            // SAFETY: the caller upholds `CodeMemory::replace` for these pages.
            return unsafe { self.rescue(aside, pages, edits, error) };
        }
        let mut last = 0;
        for edit in edits {
            // SAFETY: edited addresses are mapped and readable, as `CodeMemory` asks of callers,
            // and their pages are back.
            unsafe { arch::written(edit.at, edit.bytes.len()) };
            let at = edit.at & !(self.page - 1);
            if at != last {
                let page = at..at + self.page;
                self.ledger().note(&page, Came::Own, self.page);
            }
            last = at;
        }
        Ok(())
    }

    /// Does something with each page that has edits, which lie in one page each.
    fn each_page(
        &mut self,
        edits: &[Edit<'_>],
        mut with: impl FnMut(&mut Self, Range<usize>, &[Edit<'_>]) -> Result<(), PatchError>,
    ) -> Result<(), PatchError> {
        let mut done = 0;
        while let Some(edit) = edits.get(done) {
            let start = edit.at & !(self.page - 1);
            let page = start..start + self.page;
            let count = edits[done..].partition_point(|edit| edit.at < page.end);
            with(self, page, &edits[done..done + count])
                .map_err(|error| error.after(done, edits))?;
            done += count;
        }
        Ok(())
    }

    /// Puts copies in the place of pages that are aside and cannot be put back.
    ///
    /// # Safety
    /// As for [`Self::replace_own`].
    unsafe fn rescue(
        &mut self,
        aside: Aside,
        pages: &Range<usize>,
        edits: &[Edit<'_>],
        error: PatchError,
    ) -> Result<(), PatchError> {
        let mut changed = self.ledger().within(pages, Came::Own);
        changed.extend(edits.iter().map(|edit| edit.at & !(self.page - 1)));
        changed.sort_unstable();
        changed.dedup();
        let mut result = Ok(());
        for at in changed {
            let mut bytes = aside.read(at, self.page);
            let here = |edit: &&Edit<'_>| (at..at + self.page).contains(&edit.at);
            for edit in edits.iter().filter(here) {
                bytes[edit.at - at..][..edit.bytes.len()].copy_from_slice(edit.bytes);
            }
            // SAFETY: what was there, with the edits that the caller allows.
            if unsafe { self.put_over(&bytes, at) }.is_err() {
                let lost = self.ledger().within(&(at..pages.end), Came::Own);
                for at in lost {
                    self.ledger().forget_page(at);
                }
                let applied = edits.partition_point(|edit| edit.at < at);
                result = Err(PatchError {
                    applied,
                    below: at,
                    at_rest: at..pages.end,
                    ..error
                });
                break;
            }
            self.ledger()
                .note(&(at..at + self.page), Came::Copied, self.page);
        }
        if !aside.give_up() && self.leaves_copies.is_none() {
            self.leaves_copies = Some(("munmap", io::ErrorKind::Other));
        }
        result
    }

    /// Puts a copy with the edits in it over pages, or leaves them as they are.
    ///
    /// # Safety
    /// As for [`Self::replace_run`].
    unsafe fn replace_by_copies(
        &mut self,
        pages: &Range<usize>,
        edits: &[Edit<'_>],
    ) -> Result<(), PatchError> {
        let length = pages.len();
        let mut copy = Vec::new();
        copy.try_reserve_exact(length)
            .map_err(|_| PatchError::new("mmap", io::ErrorKind::OutOfMemory))?;
        // SAFETY: the caller has the run's pages mapped and readable, and nobody
        // writes them during the call.
        let live = unsafe { std::slice::from_raw_parts(pages.start as *const u8, length) };
        copy.extend_from_slice(live);
        for edit in edits {
            let from = edit.at - pages.start;
            copy[from..from + edit.bytes.len()].copy_from_slice(edit.bytes);
        }
        // SAFETY: the caller allows the copy's content in place of what was there.
        unsafe { self.put_over(&copy, pages.start) }
    }

    /// Puts whole pages with `bytes` in them over those at `to`.
    ///
    /// # Safety
    /// Nobody may need what was mapped there, except to execute what is now.
    unsafe fn put_over(&mut self, bytes: &[u8], to: usize) -> Result<(), PatchError> {
        // SAFETY: by the caller's word nobody needs what was mapped there.
        unsafe { self.put_over_somehow(bytes, to) }?;
        // SAFETY: what was just put there is as long as `bytes`, readable, and stays: nobody else
        // replaces pages meanwhile, by the caller's word.
        unsafe { arch::written(to, bytes.len()) };
        Ok(())
    }

    /// In the best way that there is.
    ///
    /// # Safety
    /// As for [`Self::put_over`].
    unsafe fn put_over_somehow(&mut self, bytes: &[u8], to: usize) -> Result<(), PatchError> {
        if let Some((file, offset)) = self.file_of(&(to..to + bytes.len()))
            // SAFETY: by the caller's word nobody needs what was mapped there.
            && unsafe { self.move_over(bytes, to, Some((&file, offset))) }.is_ok()
        {
            return Ok(());
        }
        // SAFETY: as above.
        if self.way == Replacement::File && unsafe { mapping::map_over(bytes, to) }.is_ok() {
            return Ok(());
        }
        // Out of files, say: no reason to give up.
        // SAFETY: as above.
        unsafe { self.move_over(bytes, to, None) }
    }

    /// Moves a copy over pages, unless one was left mapped before.
    ///
    /// # Safety
    /// As for [`Self::put_over`].
    unsafe fn move_over(
        &mut self,
        bytes: &[u8],
        to: usize,
        file: Option<(&File, u64)>,
    ) -> Result<(), PatchError> {
        if let Some((step, kind)) = self.leaves_copies {
            return Err(PatchError::new(step, kind));
        }
        // SAFETY: by the caller's word nobody needs what was mapped there.
        unsafe { mapping::move_over(bytes, to, file) }.map_err(|not_moved| {
            let error = not_moved.error;
            if not_moved.is_left {
                self.leaves_copies = Some((error.step, error.source.kind()));
            }
            error
        })
    }

    /// The file that all of these pages were mapped from, and where in it they are.
    fn file_of(&mut self, pages: &Range<usize>) -> Option<(File, u64)> {
        let has =
            |origin: &&Origin| origin.pages.start <= pages.start && pages.end <= origin.pages.end;
        let is_reserved = |range: &Range<usize>| range.contains(&pages.start);
        if !self.copies_files || self.reserved.iter().any(is_reserved) {
            return None;
        }
        if let Some(known) = self.origins.iter().find(has) {
            return known.at(pages.start);
        }
        let origin = self.survey().origin(pages.start).filter(|one| has(&one))?;
        let found = origin.at(pages.start);
        self.origins.push(origin);
        found
    }
}

impl CodeMemory for Pages {
    unsafe fn replace(&mut self, edits: &[Edit<'_>]) -> Result<(), PatchError> {
        let sorted = runs::sorted(edits);
        let _held = lock::hold();
        self.may_move = None;
        self.notice_unloads();
        let (kinds, stopped) = self.kinds(&sorted)?;
        let page = self.page;
        let runs = runs::runs(&sorted, &kinds, page, |gap, kind| self.closes(gap, kind))?;
        for Run { pages, edits, kind } in runs {
            let within = &sorted[edits.clone()];
            // SAFETY: the caller vouches for the pages with edits in them, and
            // the pages between are of the same object's code or reserved.
            unsafe { self.replace_run(pages, kind, within) }
                .map_err(|error| error.after(edits.start, &sorted))?;
        }
        self.survey = None;
        stopped
    }

    unsafe fn replace_again(&mut self, edit: &Edit<'_>) -> Result<(), PatchError> {
        let start = edit.at & !(self.page - 1);
        let came = self
            .ledger
            .try_lock()
            .ok()
            .and_then(|ledger| ledger.came(start));
        // What is locked was looked at by the last pass that moved pages: no file is read here.
        if came != Some(Came::Own) || !runs::is_in_one_word(edit) || !self.moved {
            return Err(PatchError::new("mremap", io::ErrorKind::WouldBlock));
        }
        let Some(_held) = lock::try_hold() else {
            return Err(PatchError::new("mremap", io::ErrorKind::WouldBlock));
        };
        let page = start..start + self.page;
        // SAFETY: the caller upholds `CodeMemory::replace` for this edit; the page is the
        // file's own, as the ledger says. A copy of it
        // would have to be allocated: where it cannot be moved, it stays.
        unsafe {
            let aside = Aside::take(&page)?;
            self.edit_aside(aside, &page, std::slice::from_ref(edit))
        }
    }

    fn exchange_whole(&mut self, at: usize) {
        let page = at & !(self.page - 1);
        self.ledger().exchange_whole(page);
    }

    fn admit(&mut self, at: usize) -> Result<(), PatchError> {
        self.kind(at & !(self.page - 1), true, None).map(|_| ())
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
        mapping.fill(BREAKPOINTS);
        mapping.make_executable()?;
        let range = mapping.leak();
        self.reserved.push(range.clone());
        Ok(range)
    }

    unsafe fn keep_together(&mut self, pages: Range<usize>) {
        // Where pages are larger than a room's alignment, other code shares its own.
        if pages.start.is_multiple_of(self.page) && pages.end.is_multiple_of(self.page) {
            self.rooms.push(pages);
        }
    }

    fn name(&mut self, code: &Range<usize>, name: fmt::Arguments<'_>) {
        // A room is its file's, and has the file's name.
        let of_a_file = self.rooms.iter().any(|room| room.contains(&code.start));
        if let Some(names) = &mut self.names
            && !of_a_file
        {
            names.add(code, name);
        }
    }

    fn naming_error(&self) -> Option<&str> {
        self.names.as_ref()?.error()
    }

    fn forget(&mut self, object: &Range<usize>) {
        self.rooms.retain(|pages| !object.contains(&pages.start));
        self.origins
            .retain(|one| !object.contains(&one.pages.start));
        self.ledger().forget(object, self.page);
        self.survey = None;
    }

    fn is_code(&mut self, address: usize) -> bool {
        self.notice_unloads();
        if self.code.iter().any(|span| span.contains(&address)) {
            return true;
        }
        let span = objects::executable_span_of(address);
        self.code.extend(span.clone());
        span.is_some()
    }

    fn barrier(&mut self) -> Result<(), PatchError> {
        let run = || membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);
        run().or_else(|_| {
            // A child of a fork may have lost the registration.
            register()?;
            run()
        })
    }
}

/// Moves a mapping aside and back. Whether it was done; if not it is as before.
///
/// # Safety
/// It is one private mapping of a file, and each page shows what that holds.
unsafe fn join(whole: &Range<usize>) -> bool {
    // SAFETY: what is executed meanwhile is the same.
    let Ok(aside) = (unsafe { Aside::take(whole) }) else {
        return false;
    };
    let was_writable = aside.make_writable().is_ok();
    // SAFETY: it is executable, and the same as what is at its place.
    let is_back = aside.make_executable().is_ok() && unsafe { aside.put_back() }.is_ok();
    if !is_back {
        // It is the same as what is at its place: nothing is lost.
        aside.give_up();
    }
    was_writable && is_back
}

/// Whether the first instruction to be replaced is a breakpoint, as nothing of ours is.
fn stands_at_a_breakpoint(edit: &Edit<'_>) -> bool {
    let mut word = [0; 8];
    if runs::is_in_one_word(edit) {
        for (offset, byte) in word[..edit.bytes.len()].iter_mut().enumerate() {
            // SAFETY: edited addresses are mapped and readable, as `CodeMemory` asks of callers.
            *byte = unsafe { ptr::read_volatile((edit.at + offset) as *const u8) };
        }
    }
    arch::is_breakpoint(word)
}

/// An eighth of the mappings that a process may have.
fn limit() -> usize {
    let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok();
    let limit = limit.and_then(|limit| limit.trim().parse().ok());
    limit.unwrap_or(65_530_usize) / 8
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
