//! What a learning window has seen.
//!
//! A window is open for a bounded number of calls, so profiles are few: `retarget()`
//! hands them out when it opens windows and takes them back. A site's profile is written
//! only under the site's try-lock.
//!
//! The order of the calls is kept too, as long as it is an order that some processor
//! has seen. A thread that calls notes what it does one after the other; of several at
//! once, each drops what it cannot note without waiting, and the rest is interleaved by
//! chance. Such a window is told by calls that come on one stack now and on another
//! then, and is said to have no order. A thread is not asked for its name: storage of
//! its own may have to be allocated first, and a call may come from an allocator.

use crate::registry::Table;
use crate::site::FIRST_WINDOW;
use crate::sync::{Exclusive, const_unless_loom};

/// Distinct vtables that one window can tell apart; the rest are counted as others.
pub(crate) const SEEN: usize = 16;
/// Calls whose order one window keeps: as many as the first window has.
const ORDER: usize = FIRST_WINDOW as usize;
/// Stands for all vtables beyond the first [`SEEN`] in an order.
const OTHER: u8 = u8::MAX;
/// Between two calls of a thread at one site, its stack seldom grows or shrinks by
/// more bytes; stacks of two threads lie further apart.
const ANOTHER_STACK: usize = 16 << 10;
/// A change of threads in fewer calls than this leaves no order.
const CALLS_PER_THREAD: u32 = 32;
/// A call comes soon after the one before if no more ticks lie between them, some ten
/// microseconds. Of less often than that nobody notices what a call takes.
const SOON: u64 = 1 << 15;

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
    /// Calls whose vtable differed from the call before: `samples / changes` is
    /// the mean run length.
    pub(crate) changes: u32,
    last: usize,
    /// Where the stack of the call before ended.
    stack: usize,
    /// Calls that came on another stack than the one before.
    handovers: u32,
    /// When the call before came, in ticks of the processor's.
    ticks: u64,
    /// Calls that came soon after the one before.
    soon: u32,
    /// Places in `seen`, or [`OTHER`], of the first calls one after the other.
    order: [u8; ORDER],
    ordered: usize,
}

impl Notes {
    const EMPTY: Notes = Notes {
        seen: [None; SEEN],
        samples: 0,
        others: 0,
        changes: 0,
        last: 0,
        stack: 0,
        handovers: 0,
        ticks: 0,
        soon: 0,
        order: [0; ORDER],
        ordered: 0,
    };

    /// Counts one call, made with the stack's end near the address `stack`, and after so
    /// many `ticks` of the processor.
    pub(crate) fn note(&mut self, vtable: usize, table: &'static Table, stack: usize, ticks: u64) {
        self.soon += u32::from(ticks.wrapping_sub(self.ticks) <= SOON);
        self.ticks = ticks;
        let another = self.stack != 0 && self.stack.abs_diff(stack) > ANOTHER_STACK;
        self.handovers += u32::from(another);
        self.stack = stack;
        self.samples += 1;
        if vtable != self.last {
            self.changes += 1;
            self.last = vtable;
        }
        let kind = self.count(vtable, table);
        if let Some(place) = self.order.get_mut(self.ordered) {
            *place = kind;
            self.ordered += 1;
        }
    }

    /// Counts a call of this vtable, and says its place in `seen`.
    fn count(&mut self, vtable: usize, table: &'static Table) -> u8 {
        for (slot, place) in self.seen.iter_mut().zip(0..) {
            match slot {
                Some(seen) if seen.vtable == vtable => {
                    seen.count += 1;
                    return place;
                }
                Some(_) => {}
                None => {
                    *slot = Some(Seen {
                        vtable,
                        table,
                        count: 1,
                    });
                    return place;
                }
            }
        }
        self.others += 1;
        OTHER
    }

    /// The first calls of the window one after the other, each as a number that stands
    /// for its vtable, or one for all that were not told apart.
    ///
    /// [`None`] if several threads called in turns: who won the site's lock when is an
    /// order that no processor has seen.
    pub(crate) fn order(&self) -> Option<&[u8]> {
        let of_one_thread = self.handovers <= self.samples / CALLS_PER_THREAD;
        of_one_thread.then(|| &self.order[..self.ordered])
    }

    /// Whether the order of further calls would be kept.
    pub(crate) fn order_grows(&self) -> bool {
        self.ordered < ORDER
    }

    pub(crate) fn seen(&self) -> impl Iterator<Item = &Seen> {
        self.seen.iter().flatten()
    }

    /// Forgets every vtable that `keep` refuses, as when a library goes away.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Seen) -> bool) {
        let before = core::mem::replace(&mut self.seen, [None; SEEN]);
        let mut slots = (0..).zip(&mut self.seen);
        let mut places = [OTHER; SEEN];
        for (place, seen) in places.iter_mut().zip(before.into_iter().flatten()) {
            if !keep(&seen) {
                self.samples -= seen.count;
            } else if let Some((new, slot)) = slots.next() {
                // Without gaps: the first empty slot ends the search in `count`.
                *slot = Some(seen);
                *place = new;
            }
        }
        for kind in &mut self.order[..self.ordered] {
            *kind = places.get(usize::from(*kind)).map_or(OTHER, |place| *place);
        }
        self.last = 0;
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
