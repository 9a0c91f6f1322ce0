//! Which pages were replaced, and how. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// How a page came to be what it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Came {
    /// It is the file's mapping still, with our bytes in it.
    Own,
    /// As a copy, of which nothing can be got back but by another one.
    Copied,
}

/// All pages that were replaced.
#[derive(Debug)]
pub(super) struct Ledger {
    pages: BTreeMap<usize, Came>,
    /// Pages that may never show what their file holds, replaced or not.
    whole: BTreeSet<usize>,
    /// Mappings of which any part can be replaced without a trace: those are one again
    /// afterwards. Each began and ended there when it was made so.
    joined: Vec<Range<usize>>,
    /// Mappings that could not be made so.
    apart: Vec<Range<usize>>,
    /// How many mappings more there are for what was replaced, at most.
    mappings: usize,
}

impl Ledger {
    pub(super) const fn new() -> Self {
        Ledger {
            pages: BTreeMap::new(),
            whole: BTreeSet::new(),
            joined: Vec::new(),
            apart: Vec::new(),
            mappings: 0,
        }
    }

    /// How the page at `at` came, if it was replaced.
    pub(super) fn came(&self, at: usize) -> Option<Came> {
        self.pages.get(&at).copied()
    }

    /// The page at `at` may never show what its file holds.
    pub(super) fn exchange_whole(&mut self, at: usize) {
        self.whole.insert(at);
    }

    /// Whether that was said of it.
    pub(super) fn is_exchanged_whole(&self, at: usize) -> bool {
        self.whole.contains(&at)
    }

    /// Those in a range that came so.
    pub(super) fn within(&self, range: &Range<usize>, came: Came) -> Vec<usize> {
        self.each_within(range, came).collect()
    }

    fn each_within(&self, range: &Range<usize>, came: Came) -> impl Iterator<Item = usize> {
        let pages = self.pages.range(range.clone());
        let came = pages.filter(move |(_, one)| **one == came);
        came.map(|(at, _)| *at)
    }

    /// How many mappings more there will be at most once `range`, in pages of this size,
    /// has come so: one for the run of pages, and one for what is cut off behind it.
    pub(super) fn mappings_with(&self, range: &Range<usize>, came: Came, page: usize) -> usize {
        let known = self.each_within(range, came).count() * page;
        let is_joined = came == Came::Own && self.joined_around(range.start).is_some();
        let more = if is_joined || known == range.len() {
            0
        } else {
            2
        };
        self.mappings + more
    }

    /// Allocates nothing for pages that have come so before.
    pub(super) fn note(&mut self, range: &Range<usize>, came: Came, page: usize) {
        self.mappings = self.mappings_with(range, came, page);
        for at in range.clone().step_by(page) {
            self.pages.insert(at, came);
        }
    }

    pub(super) fn note_mapping(&mut self, range: Range<usize>, joined: bool) {
        let list = if joined {
            &mut self.joined
        } else {
            &mut self.apart
        };
        list.push(range);
    }

    /// The joined mapping of `at`.
    pub(super) fn joined_around(&self, at: usize) -> Option<Range<usize>> {
        let mut joined = self.joined.iter();
        joined.find(|range| range.contains(&at)).cloned()
    }

    /// Whether it was tried to join the mapping of `at`.
    pub(super) fn is_decided(&self, at: usize) -> bool {
        let mut all = self.joined.iter().chain(&self.apart);
        all.any(|range| range.contains(&at))
    }

    /// How many mappings more there are for what was replaced.
    pub(super) fn mappings(&self) -> usize {
        self.mappings
    }

    /// Forgets what lies in an object that is gone.
    pub(super) fn forget(&mut self, object: &Range<usize>, page: usize) {
        self.pages.retain(|at, _| !object.contains(at));
        self.whole.retain(|at| !object.contains(at));
        self.joined.retain(|range| !object.contains(&range.start));
        self.apart.retain(|range| !object.contains(&range.start));
        self.mappings = 0;
        let mut follows = None;
        for (&at, &came) in &self.pages {
            let is_joined = came == Came::Own && self.joined_around(at).is_some();
            if !is_joined && follows != Some(at) {
                self.mappings += 2;
            }
            follows = (came == Came::Copied).then_some(at + page);
        }
    }

    /// Forgets that a page was replaced: it shows its file.
    pub(super) fn forget_page(&mut self, at: usize) {
        self.pages.remove(&at);
    }

    /// Forgets the mapping of `at`, in whose place there is another.
    pub(super) fn forget_mapping(&mut self, at: usize) {
        let elsewhere = |range: &Range<usize>| !range.contains(&at);
        self.joined.retain(elsewhere);
        self.apart.retain(elsewhere);
    }
}
