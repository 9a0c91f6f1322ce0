//! Which pages to replace together. Pure.

use std::ops::Range;

use super::{Edit, PatchError};

/// The largest gap, in pages, that is copied along rather than left alone.
/// Copying a page costs far less than the system calls of a second run and
/// the mapping that it leaves behind.
const GAP_PAGES: usize = 8;

/// Neighbouring pages to be replaced by one system call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The pages' addresses, from the first to past the last.
    pub(crate) pages: Range<usize>,
    /// Which of the sorted edits lie in them.
    pub(crate) edits: Range<usize>,
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

/// Groups sorted edits into runs of pages of `page` bytes each, a power of two.
/// A gap between two runs is closed if it is short and `is_code` says that all
/// of it is executable memory which may be copied and replaced too.
///
/// # Errors
/// An edit that wraps around the address space.
pub(crate) fn runs(
    sorted: &[Edit<'_>],
    page: usize,
    mut is_code: impl FnMut(&Range<usize>) -> bool,
) -> Result<Vec<Run>, PatchError> {
    let mut runs: Vec<Run> = Vec::new();
    for (index, edit) in sorted.iter().enumerate() {
        let start = edit.at & !(page - 1);
        let end = edit
            .at
            .checked_add(edit.bytes.len())
            .and_then(|end| end.checked_next_multiple_of(page))
            .ok_or_else(|| PatchError::arguments("an edit wraps around the address space"))?;
        if let Some(last) = runs.last_mut() {
            let gap = last.pages.end..start;
            let short = gap.end.saturating_sub(gap.start) <= GAP_PAGES * page;
            if gap.is_empty() || (short && is_code(&gap)) {
                last.pages.end = last.pages.end.max(end);
                last.edits.end = index + 1;
                continue;
            }
        }
        runs.push(Run {
            pages: start..end,
            edits: index..index + 1,
        });
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(places: &[(usize, usize)], is_code: bool) -> Vec<Run> {
        let bytes = [0_u8; 0x3000];
        let edits: Vec<_> = places
            .iter()
            .map(|&(at, length)| Edit {
                at,
                bytes: &bytes[..length],
            })
            .collect();
        runs(&sorted(&edits), 0x1000, |_| is_code).unwrap()
    }

    #[test]
    fn edits_in_one_page_or_in_neighbours_are_one_run() {
        let one = planned(&[(0x5040, 8), (0x4FFC, 8), (0x4000, 8), (0x5000, 0)], false);
        assert_eq!(
            one,
            [Run {
                pages: 0x4000..0x6000,
                edits: 0..3
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
                edits: 0..2
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
                edits: 0..2
            }]
        );
    }

    #[test]
    fn an_edit_that_wraps_around_is_refused() {
        let edits = [Edit {
            at: usize::MAX - 3,
            bytes: &[0; 8],
        }];
        let error = runs(&edits, 0x1000, |_| false).unwrap_err();
        assert_eq!((error.step, error.applied), ("arguments", 0));
    }
}
