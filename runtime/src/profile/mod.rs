//! What a learning window has seen.
//!
//! A window is open for a bounded number of calls, so profiles are few: `retarget()`
//! hands them out when it opens windows and takes them back. A site's profile is written
//! only under the site's try-lock.

use crate::registry::Table;
use crate::sync::{Exclusive, const_unless_loom};

/// Distinct vtables that one window can tell apart; the rest are counted as others.
pub(crate) const SEEN: usize = 16;

/// One vtable met in a window.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Seen {
    pub(crate) vtable: usize,
    /// A pointer and not a reference: the library that holds the table may be
    /// gone when the profile is read.
    pub(crate) table: *const Table,
    pub(crate) count: u32,
}

/// The content of a profile.
#[repr(C)]
pub(crate) struct Notes {
    seen: [Option<Seen>; SEEN],
    /// Calls recorded.
    pub(crate) samples: u32,
    /// Calls on vtables beyond the first [`SEEN`].
    pub(crate) others: u32,
    /// Whose the last call was, in one word; 0 if it is not the call before the next one.
    last: usize,
    /// Calls of which the one before is known, and those of them on the same object.
    pub(crate) pairs: u32,
    pub(crate) again: u32,
}

impl Notes {
    const EMPTY: Notes = Notes {
        seen: [None; SEEN],
        samples: 0,
        others: 0,
        last: 0,
        pairs: 0,
        again: 0,
    };

    /// Counts one call.
    pub(crate) fn note(&mut self, vtable: usize, table: &'static Table) {
        // A plan may be on for months, and its misses be noted that nobody asks for.
        self.samples = self.samples.saturating_add(1);
        for slot in &mut self.seen {
            match slot {
                Some(seen) if seen.vtable == vtable => {
                    seen.count = seen.count.saturating_add(1);
                    return;
                }
                Some(_) => {}
                None => {
                    *slot = Some(Seen {
                        vtable,
                        table,
                        count: 1,
                    });
                    return;
                }
            }
        }
        self.others = self.others.saturating_add(1);
    }

    /// Compares the receiver with that of the call before. It is never followed.
    pub(crate) fn follow(&mut self, receiver: usize, vtable: usize) {
        // Objects without content have no address of their own. A vtable's high bits say
        // nothing, and nor do the low ones of an address.
        let receiver = receiver ^ vtable.rotate_left(usize::BITS / 2);
        if self.last != 0 {
            self.pairs = self.pairs.saturating_add(1);
            self.again = (self.again).saturating_add(u32::from(self.last == receiver));
        }
        self.last = receiver;
    }

    /// Calls that nobody notes come next.
    pub(crate) fn pause(&mut self) {
        self.last = 0;
    }

    pub(crate) fn seen(&self) -> impl Iterator<Item = &Seen> {
        self.seen.iter().flatten()
    }

    /// Forgets every vtable that `keep` refuses, as when a library goes away.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Seen) -> bool) {
        let before = core::mem::replace(&mut self.seen, [None; SEEN]);
        let mut slots = self.seen.iter_mut();
        for seen in before.into_iter().flatten() {
            if !keep(&seen) {
                self.samples = self.samples.saturating_sub(seen.count);
            } else if let Some(slot) = slots.next() {
                // Without gaps: the first empty slot ends the search in `note`.
                *slot = Some(seen);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Notes::EMPTY;
    }
}

/// Storage for one window.
#[repr(C)]
pub(crate) struct Profile {
    notes: Exclusive<Notes>,
}

// SAFETY: a profile's pointers are compared, and followed only by whoever knows
// that what they lead to is still there.
unsafe impl Send for Notes {}

impl Profile {
    const_unless_loom! {
        /// An empty profile.
        pub(crate) fn new() -> Self {
            Profile {
                notes: Exclusive::new(Notes::EMPTY),
            }
        }
    }

    /// # Safety
    /// The caller holds the lock of the site that owns this profile, or has taken
    /// the profile away from its site, and lets go of the reference before it
    /// lets go of that.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn notes(&self) -> &mut Notes {
        // SAFETY: exclusive by this function's contract.
        unsafe { self.notes.get() }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
