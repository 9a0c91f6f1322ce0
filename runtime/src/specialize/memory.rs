//! What a region remembers: vtables whose type it has verified.
//!
//! Words are written once or a few times, so that all processors share their line from then on, and a hit is
//! a load and a compare. A vtable's type never changes while it is there, so a word says all
//! there is to know, and `Relaxed` is enough.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::home::Home;

/// Whether regions remember anything here: a processor that can compare and exchange, and a
/// system where it is known which loaded object an address lies in. Elsewhere a region compares
/// with the compiler's own vtables, and asks the object.
pub(crate) const IS_KEPT: bool = cfg!(target_has_atomic = "ptr") && Home::IS_KNOWN;

/// How often a region asks in vain, or learns what it has no room for, before it takes all that
/// it does not know for types that are not listed: some microseconds, once.
const FRUITLESS: usize = 4096;

/// No vtable: what stands for all of them.
const ALL_OTHERS: usize = 1;

/// How many lists one region tells apart. A static in a generic function is shared by all its
/// instances, and their lists may differ.
const LISTS: usize = 4;

/// The memory of one region with `N` listed types. A line of its own, so that nobody who
/// writes beside it slows it down.
#[repr(C, align(64))]
pub struct Region<const N: usize> {
    /// The first in use is asked in line.
    lists: [Memory<N>; LISTS],
    /// Fruitless questions by lists without a memory.
    strangers: AtomicUsize,
    home: Home,
}

/// What is known to the instances with one list.
#[repr(C)]
struct Memory<const N: usize> {
    /// Whose it is: the list's key. Claimed once; nobody else reads or writes the rest.
    owner: AtomicUsize,
    /// The first vtable met of each listed type.
    first: [AtomicUsize; N],
    /// One of no listed type, or [`ALL_OTHERS`].
    unlisted: AtomicUsize,
    /// Asked out of line.
    second: [AtomicUsize; N],
    unlisted_too: [AtomicUsize; 3],
    fruitless: AtomicUsize,
    /// Times that the second was what was met.
    exchanged: AtomicUsize,
}

impl<const N: usize> Memory<N> {
    const fn new() -> Self {
        Memory {
            owner: AtomicUsize::new(0),
            first: [const { AtomicUsize::new(0) }; N],
            unlisted: AtomicUsize::new(0),
            second: [const { AtomicUsize::new(0) }; N],
            unlisted_too: [const { AtomicUsize::new(0) }; 3],
            fruitless: AtomicUsize::new(0),
            exchanged: AtomicUsize::new(0),
        }
    }

    /// Counts that a type's second vtable was met, and has it asked in line if it is that one
    /// that comes. A few times only: words that are written again and again go from processor
    /// to processor. Whoever reads between the two writes finds words that say what is so.
    fn prefer(&self, index: usize, vtable: usize) {
        const AFTER: usize = 1024;
        const MOST: usize = 16 * AFTER;
        if self.exchanged.load(Relaxed) < MOST && count(&self.exchanged).rem_euclid(AFTER) == 0 {
            let first = self.first[index].load(Relaxed);
            self.first[index].store(vtable, Relaxed);
            self.second[index].store(first, Relaxed);
        }
    }

    /// What the words asked in line say.
    #[inline(always)]
    fn known(&self, vtable: usize) -> Option<usize> {
        let mut index = 0;
        while index < N {
            if self.first[index].load(Relaxed) == vtable {
                return Some(index);
            }
            index += 1;
        }
        let unlisted = self.unlisted.load(Relaxed);
        (unlisted == vtable || unlisted == ALL_OTHERS).then_some(N)
    }
}

impl<const N: usize> Region<N> {
    /// A region that has met nothing.
    pub const fn new(home: Home) -> Self {
        Region {
            lists: [const { Memory::new() }; LISTS],
            strangers: AtomicUsize::new(0),
            home,
        }
    }

    /// Which of the types of the list `key` have this vtable; `N` if none. `exactly` asks.
    #[inline(always)]
    pub(super) fn which(
        &'static self,
        key: usize,
        vtable: usize,
        exactly: impl FnOnce() -> usize,
    ) -> usize {
        let memory = &self.lists[0];
        if memory.owner.load(Relaxed) == key
            && let Some(index) = memory.known(vtable)
        {
            return index;
        }
        self.further(key, vtable, exactly)
    }

    #[cold]
    #[inline(never)]
    fn further(&'static self, key: usize, vtable: usize, exactly: impl FnOnce() -> usize) -> usize {
        let Some(memory) = self.memory_of(key) else {
            // Another object's list, or one too many.
            if self.strangers.load(Relaxed) >= FRUITLESS {
                return N;
            }
            count(&self.strangers);
            return exactly();
        };
        if let Some(index) = memory.known(vtable) {
            return index;
        }
        let is = |word: &AtomicUsize| word.load(Relaxed) == vtable;
        if let Some(index) = memory.second.iter().position(is) {
            memory.prefer(index, vtable);
            return index;
        }
        let is_known = memory.unlisted_too.iter().any(is);
        let index = if is_known { N } else { exactly() };
        let is_kept = if index < N {
            // A type that is wrong at an address is undefined behaviour, and whoever unloads
            // another object makes room for other types at its addresses.
            self.home.contains(vtable)
                && (claim(&memory.first[index], vtable) || claim(&memory.second[index], vtable))
        } else {
            !is_known
                && (claim(&memory.unlisted, vtable)
                    || memory.unlisted_too.iter().any(|word| claim(word, vtable)))
        };
        if !is_kept && count(&memory.fruitless) >= FRUITLESS {
            memory.unlisted.store(ALL_OTHERS, Relaxed);
        }
        index
    }

    /// The memory of a list, which is given one if there is one left. A key, too, is an address
    /// that means something else when its object is unloaded.
    fn memory_of(&'static self, key: usize) -> Option<&'static Memory<N>> {
        let owned = |memory: &&Memory<N>| memory.owner.load(Relaxed) == key;
        self.lists.iter().find(owned).or_else(|| {
            let is_full = self.lists.iter().all(|one| one.owner.load(Relaxed) != 0);
            if is_full || !self.home.contains(key) {
                return None;
            }
            // Whoever has lost one to the same list has it all the same.
            let won = |memory: &&Memory<N>| claim(&memory.owner, key) || owned(memory);
            self.lists.iter().find(won)
        })
    }
}

/// Writes a word that is written once.
#[cfg(target_has_atomic = "ptr")]
fn claim(word: &AtomicUsize, value: usize) -> bool {
    word.compare_exchange(0, value, Relaxed, Relaxed).is_ok()
}

/// Writes nothing: see [`IS_KEPT`].
#[cfg(not(target_has_atomic = "ptr"))]
fn claim(_: &AtomicUsize, _: usize) -> bool {
    false
}

/// How often that was, about: threads at the same time may count as one.
fn count(times: &AtomicUsize) -> usize {
    let now = times.load(Relaxed).saturating_add(1);
    times.store(now, Relaxed);
    now
}

/// What a region remembers, for the report.
#[cfg(feature = "std")]
pub(crate) struct Met {
    /// Vtables of each listed type, in the list's order.
    pub(crate) listed: Vec<usize>,
    /// Vtables of no listed type.
    pub(crate) unlisted: usize,
    /// Whether there are too many to tell apart.
    pub(crate) too_many: bool,
}

/// A region, however many types it lists.
#[cfg(feature = "std")]
pub trait Remembers: Sync {
    #[doc(hidden)]
    #[allow(private_interfaces, reason = "for the report alone")]
    fn met(&self) -> Met;
}

#[cfg(feature = "std")]
impl<const N: usize> Remembers for Region<N> {
    #[allow(private_interfaces, reason = "as declared")]
    fn met(&self) -> Met {
        let there = |word: &AtomicUsize| usize::from(word.load(Relaxed) > ALL_OTHERS);
        let of_type = |memory: &Memory<N>, index: usize| {
            there(&memory.first[index]) + there(&memory.second[index])
        };
        let in_all = |of: &dyn Fn(&Memory<N>) -> usize| self.lists.iter().map(of).sum::<usize>();
        Met {
            listed: (0..N)
                .map(|index| in_all(&|one| of_type(one, index)))
                .collect(),
            unlisted: in_all(&|one| {
                there(&one.unlisted) + one.unlisted_too.iter().map(there).sum::<usize>()
            }),
            too_many: self.strangers.load(Relaxed) >= FRUITLESS
                || self
                    .lists
                    .iter()
                    .any(|one| one.unlisted.load(Relaxed) == ALL_OTHERS),
        }
    }
}
