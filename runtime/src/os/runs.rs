//! Which pages to replace together. Pure.

use std::ops::Range;

use super::{Edit, PatchError};

/// The largest gap, in pages, that is copied along rather than left alone.
/// Copying a page costs far less than the system calls of a second run and
/// the mapping that it leaves behind.
pub(crate) const GAP_TO_COPY: usize = 8;

/// The largest gap, in pages, that is moved along. Moving a page costs a hundredth of
/// the system calls of a second run; it is short of what would make threads that execute
/// in between wait for pages that nobody changes.
pub(crate) const GAP_TO_MOVE: usize = 64;

/// Neighbouring pages to be replaced by one system call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run<K> {
    /// The pages' addresses, from the first to past the last.
    pub(crate) pages: Range<usize>,
    /// Which of the sorted edits lie in them.
    pub(crate) edits: Range<usize>,
    /// How they are replaced.
    pub(crate) kind: K,
}

/// The pages that an edit lies in, of `page` bytes each, a power of two.
///
/// # Errors
/// It wraps around the address space.
pub(crate) fn pages(edit: &Edit<'_>, page: usize) -> Result<Range<usize>, PatchError> {
    let end = edit
        .at
        .checked_add(edit.bytes.len())
        .and_then(|end| end.checked_next_multiple_of(page))
        .ok_or_else(|| PatchError::arguments("an edit wraps around the address space"))?;
    Ok(edit.at & !(page - 1)..end)
}

/// Whether a processor that executes there sees all of an edit or nothing of it: it lies
/// in one aligned word of eight bytes.
pub(crate) fn is_in_one_word(edit: &Edit<'_>) -> bool {
    edit.at % 8 + edit.bytes.len() <= 8
}

/// Drops the empty edits and sorts the others by address. The order of edits
/// at one address is kept.
pub(crate) fn sorted<'a>(edits: &[Edit<'a>]) -> Vec<Edit<'a>> {
    let mut sorted: Vec<_> = edits
        .iter()
        .copied()
        .filter(|edit| !edit.bytes.is_empty())
        .collect();
    sorted.sort_by_key(|edit| edit.at);
    sorted
}

/// Groups sorted edits into runs of pages of `page` bytes each, a power of two. `kinds`
/// says of each edit how its pages are replaced, and of two that share a page the same.
/// A gap inside a run is closed if `closes` says that all of it may be replaced too.
///
/// # Errors
/// An edit that wraps around the address space.
pub(crate) fn runs<K: Copy + Eq>(
    sorted: &[Edit<'_>],
    kinds: &[K],
    page: usize,
    mut closes: impl FnMut(&Range<usize>, K) -> bool,
) -> Result<Vec<Run<K>>, PatchError> {
    let mut runs: Vec<Run<K>> = Vec::new();
    for (index, (edit, &kind)) in sorted.iter().zip(kinds).enumerate() {
        let Range { start, end } = pages(edit, page)?;
        if let Some(last) = runs.last_mut().filter(|last| last.kind == kind) {
            let gap = last.pages.end..start;
            if gap.is_empty() || closes(&gap, kind) {
                last.pages.end = last.pages.end.max(end);
                last.edits.end = index + 1;
                continue;
            }
        }
        runs.push(Run {
            pages: start..end,
            edits: index..index + 1,
            kind,
        });
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(places: &[(usize, usize)], is_code: bool) -> Vec<Run<()>> {
        let bytes = [0_u8; 0x3000];
        let edits: Vec<_> = places
            .iter()
            .map(|&(at, length)| Edit {
                at,
                bytes: &bytes[..length],
            })
            .collect();
        let closes = |gap: &Range<usize>, ()| is_code && gap.len() <= GAP_TO_COPY * 0x1000;
        runs(&sorted(&edits), &vec![(); edits.len()], 0x1000, closes).unwrap()
    }

    #[test]
    fn edits_in_one_page_or_in_neighbours_are_one_run() {
        let one = planned(&[(0x5040, 8), (0x4FFC, 8), (0x4000, 8), (0x5000, 0)], false);
        assert_eq!(
            one,
            [Run {
                pages: 0x4000..0x6000,
                edits: 0..3,
                kind: ()
            }]
        );
    }

    #[test]
    fn a_gap_is_closed_only_if_it_is_short_and_code() {
        let near = [(0x4000, 8), (0xD000, 8)];
        assert_eq!(
            planned(&near, true),
            [Run {
                pages: 0x4000..0xE000,
                edits: 0..2,
                kind: ()
            }]
        );
        assert_eq!(planned(&near, false).len(), 2);
        assert_eq!(planned(&[(0x4000, 8), (0xE000, 8)], true).len(), 2);
    }

    #[test]
    fn a_long_edit_is_not_cut_short_by_one_inside_it() {
        let run = planned(&[(0x4000, 0x3000), (0x4100, 8)], false);
        assert_eq!(
            run,
            [Run {
                pages: 0x4000..0x7000,
                edits: 0..2,
                kind: ()
            }]
        );
    }

    #[test]
    fn an_edit_that_wraps_around_is_refused() {
        let edits = [Edit {
            at: usize::MAX - 3,
            bytes: &[0; 8],
        }];
        let error = runs(&edits, &[()], 0x1000, |_, ()| false).unwrap_err();
        assert_eq!((error.step, error.applied), ("arguments", 0));
    }
}
