//! What a region remembers: vtables whose type it has verified.
//!
//! Words are written once or a few times, so that all processors share their line from then on,
//! and a hit is a load and a compare. A vtable's type never changes while it is there, so a word
//! says all there is to know, and `Relaxed` is enough.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::home::Home;
use super::{Identity, exactly};
use crate::registry::TraitObject;
use crate::vtable::vtable_of;

/// Whether regions remember anything here: a processor that can compare and exchange, and a
/// system where it is known which loaded object an address lies in. Elsewhere a region compares
/// with the compiler's own vtables, and asks the object.
pub(crate) const IS_KEPT: bool = cfg!(target_has_atomic = "ptr") && Home::IS_KNOWN;

/// How often a region asks in vain, or learns what it has no room for, before it takes all that
/// it does not know for types that are not listed: some microseconds, once.
const FRUITLESS: usize = 4096;

/// How often it finds out of line what it knows not to be listed, without having met any listed
/// type, before it does so: a phase of a program may begin with others.
const IN_VAIN: usize = 1 << 20;

/// How many lists one region tells apart. A static in a generic function is shared by all its
/// instances, and their lists may differ.
const LISTS: usize = 4;

/// What stands for all vtables.
const ALL_OTHERS: usize = 1;

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
    /// One of no listed type, mixed with the key, or [`ALL_OTHERS`].
    unlisted: AtomicUsize,
    /// Asked out of line.
    second: [AtomicUsize; N],
    unlisted_too: [AtomicUsize; 3],
    fruitless: AtomicUsize,
    /// Visits by what is in `unlisted_too`, as long as no listed type was met.
    in_vain: AtomicUsize,
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
            in_vain: AtomicUsize::new(0),
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

    /// What the words say that are asked in line; `further`, if nothing.
    ///
    /// Whose they are is asked of a short list where one of them hits: that costs a hit what it would
    /// cost in front, and what is not listed nothing. The word for that is mixed with the list's key:
    /// by itself it says enough, for if it hit by chance, the plain call is right for all. A long list is asked in front:
    /// eight questions behind hits took a tenth longer than one.
    #[inline(always)]
    fn known(&self, key: usize, vtable: usize, further: impl FnOnce() -> usize) -> usize {
        const { assert!(N <= 8, "a list names at most 8 types") }
        let is_ours = || self.owner.load(Relaxed) == key;
        let is_short = const { N <= 2 };
        if !is_short && !is_ours() {
            return further();
        }
        // One by one, each with a way on of its own. A loop stays a loop where size is what is
        // optimized, and then the copies are found by a second test; and of one way on for all LLVM
        // makes one place to which all types go, and from there to the copies: eight types
        // shuffled took 1.5 times as long.
        macro_rules! ask {
            ($($index:literal)*) => {
                $(if $index < N && self.first[$index].load(Relaxed) == vtable {
                    if is_short && !is_ours() {
                        return further();
                    }
                    return $index;
                })*
            };
        }
        ask!(0 1 2 3 4 5 6 7);
        let unlisted = self.unlisted.load(Relaxed);
        if unlisted == mixed(vtable, key) || (unlisted == ALL_OTHERS && is_ours()) {
            return N;
        }
        further()
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

    /// Which of the types of the list `key` the object is of; `N` if none.
    #[inline(always)]
    pub(super) fn which<O: TraitObject + ?Sized>(
        &'static self,
        key: usize,
        object: &O,
        listed: &'static [Identity; N],
    ) -> usize {
        let vtable = vtable_of(object);
        self.lists[0].known(key, vtable, || self.ask(key, object, listed))
    }

    /// Out of line, with arguments that all are in registers.
    #[cold]
    #[inline(never)]
    fn ask<O: TraitObject + ?Sized>(
        &'static self,
        key: usize,
        object: &O,
        listed: &'static [Identity; N],
    ) -> usize {
        self.further(key, vtable_of(object), || exactly(object, listed))
    }

    fn further(&'static self, key: usize, vtable: usize, exactly: impl FnOnce() -> usize) -> usize {
        let Some(memory) = self.memory_of(key) else {
            // Another object's list, or one too many.
            if self.strangers.load(Relaxed) >= FRUITLESS {
                return N;
            }
            count(&self.strangers);
            return exactly();
        };
        memory.known(key, vtable, || self.learn(memory, key, vtable, exactly))
    }

    /// What the words that are asked out of line say, or the object.
    fn learn(
        &'static self,
        memory: &Memory<N>,
        key: usize,
        vtable: usize,
        exactly: impl FnOnce() -> usize,
    ) -> usize {
        let is = |word: &AtomicUsize| word.load(Relaxed) == vtable;
        if let Some(index) = memory.second.iter().position(is) {
            memory.prefer(index, vtable);
            return index;
        }
        if memory.unlisted_too.iter().any(is) {
            let is_unmet = |word: &AtomicUsize| word.load(Relaxed) == 0;
            if memory.first.iter().all(is_unmet) && count(&memory.in_vain) >= IN_VAIN {
                memory.unlisted.store(ALL_OTHERS, Relaxed);
            }
            return N;
        }
        let index = exactly();
        let is_kept = if index < N {
            // A type that is wrong at an address is undefined behaviour, and whoever unloads
            // another object makes room for other types at its addresses.
            self.home.contains(vtable)
                && (claim(&memory.first[index], vtable) || claim(&memory.second[index], vtable))
        } else {
            claim(&memory.unlisted, mixed(vtable, key))
                || memory.unlisted_too.iter().any(|word| claim(word, vtable))
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

/// A vtable in the memory of the list `key`. Turned by half a word, so that addresses of one loaded
/// object, which differ in their lower half, never make up for each other.
#[inline(always)]
fn mixed(vtable: usize, key: usize) -> usize {
    vtable ^ key.rotate_left(usize::BITS / 2)
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
        let has_many = |memory: &Memory<N>| memory.unlisted.load(Relaxed) == ALL_OTHERS;
        let others = |memory: &Memory<N>| {
            there(&memory.unlisted) + memory.unlisted_too.iter().map(there).sum::<usize>()
        };
        let in_all = |of: &dyn Fn(&Memory<N>) -> usize| self.lists.iter().map(of).sum::<usize>();
        let too_many = self.strangers.load(Relaxed) >= FRUITLESS;
        Met {
            listed: (0..N)
                .map(|index| in_all(&|one| of_type(one, index)))
                .collect(),
            unlisted: in_all(&others),
            too_many: too_many || self.lists.iter().any(has_many),
        }
    }
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::{ALL_OTHERS, AtomicUsize, FRUITLESS, IN_VAIN, LISTS, Region, Relaxed, mixed};
    use crate::specialize::key_of;

    /// Addresses that lie in this object, in place of vtables.
    static VTABLES: [[usize; 4]; 16] = [[0; 4]; 16];

    fn vtable(index: usize) -> usize {
        (&raw const VTABLES[index]).addr()
    }

    macro_rules! region {
        ($count:literal) => {{
            static REGION: Region<$count> = Region::new(crate::home!());
            &REGION
        }};
    }

    /// As `Region::which` does, with a vtable and an answer in place of an object.
    fn which<const N: usize>(
        region: &'static Region<N>,
        key: usize,
        vtable: usize,
        exactly: impl FnOnce() -> usize,
    ) -> usize {
        region.further(key, vtable, exactly)
    }

    fn words(words: &[AtomicUsize]) -> Vec<usize> {
        words.iter().map(|word| word.load(Relaxed)).collect()
    }

    #[test]
    fn what_was_asked_once_is_known() {
        let (region, key) = (region!(2), key_of::<(u8, u16)>());
        for (at, type_of_it) in [(0, 0), (1, 1), (2, 2), (3, 0), (4, 2)] {
            assert_eq!(which(region, key, vtable(at), || type_of_it), type_of_it);
            let asked = || panic!("{at} is known");
            assert_eq!(which(region, key, vtable(at), asked), type_of_it);
        }
        // A third vtable of a type is asked each time, until all that is unknown is unlisted.
        assert_eq!(which(region, key, vtable(5), || 0), 0);
        let asks = (0..2 * FRUITLESS).filter(|_| {
            let mut asks = false;
            which(region, key, vtable(5), || {
                asks = true;
                0
            });
            asks
        });
        assert_eq!(asks.count(), FRUITLESS - 1);
        let asked = || panic!("nothing is asked any more");
        assert_eq!(which(region, key, vtable(5), asked), 2);
        // What is asked out of line is unknown in line.
        for (at, type_of_it) in [(0, 0), (1, 1), (2, 2), (3, 2), (4, 2)] {
            assert_eq!(
                which(region, key, vtable(at), || unreachable!()),
                type_of_it
            );
        }
    }

    #[test]
    fn a_listed_type_is_found_however_often_a_few_others_came_before_it() {
        let (region, key) = (region!(2), key_of::<(u8, u16)>());
        for _ in 0..2 * FRUITLESS {
            for at in 1..5 {
                assert_eq!(which(region, key, vtable(at), || 2), 2);
            }
        }
        assert_eq!(which(region, key, vtable(0), || 0), 0);
        // And once one is there, for good.
        for _ in 0..IN_VAIN {
            assert_eq!(which(region, key, vtable(2), || unreachable!()), 2);
        }
        assert_eq!(which(region, key, vtable(5), || 1), 1);
    }

    #[test]
    fn a_region_that_nothing_listed_comes_to_looks_no_further_in_the_end() {
        let (region, key) = (region!(1), key_of::<(u8,)>());
        for _ in 0..=IN_VAIN {
            assert_eq!(which(region, key, vtable(1), || 1), 1);
            assert_eq!(which(region, key, vtable(2), || 1), 1);
        }
        assert_eq!(region.lists[0].unlisted.load(Relaxed), ALL_OTHERS);
        assert_eq!(which(region, key, vtable(0), || unreachable!()), 1);
    }

    #[test]
    fn a_vtable_of_another_object_is_asked_and_not_remembered() {
        let (region, key) = (region!(1), key_of::<(u8, u16)>());
        let elsewhere = Box::new(0_usize);
        let elsewhere = (&raw const *elsewhere).addr();
        for _ in 0..3 {
            assert_eq!(which(region, key, elsewhere, || 0), 0);
        }
        let memory = &region.lists[0];
        assert_eq!(memory.owner.load(Relaxed), key);
        let listed = [words(&memory.first), words(&memory.second)].concat();
        assert_eq!(listed, [0, 0], "what may be unloaded is remembered");
        // What is of no listed type may be remembered: the plain call is right for all.
        assert_eq!(which(region, key, elsewhere + 8, || 1), 1);
        assert_eq!(memory.unlisted.load(Relaxed), mixed(elsewhere + 8, key));
    }

    #[test]
    fn lists_have_memories_of_their_own_as_long_as_there_are_any() {
        let region = region!(1);
        let keys = [
            key_of::<(u8,)>(),
            key_of::<(u16,)>(),
            key_of::<(u32,)>(),
            key_of::<(u64,)>(),
        ];
        assert_eq!(keys.len(), LISTS);
        for (index, key) in keys.into_iter().enumerate() {
            assert_eq!(which(region, key, vtable(0), || index % 2), index % 2);
        }
        for (index, key) in keys.into_iter().enumerate() {
            assert_eq!(which(region, key, vtable(0), || unreachable!()), index % 2);
        }
        let late = key_of::<(i8,)>();
        for _ in 0..FRUITLESS {
            assert_eq!(which(region, late, vtable(0), || 0), 0);
        }
        assert_eq!(which(region, late, vtable(0), || unreachable!()), 1);
    }

    #[test]
    fn a_list_of_another_object_is_given_no_memory() {
        let region = region!(1);
        let elsewhere = Box::new(0_usize);
        let key = (&raw const *elsewhere).addr();
        assert_eq!(which(region, key, vtable(0), || 0), 0);
        assert_eq!(which(region, key, vtable(0), || 1), 1);
        let owners = region.lists.iter().map(|one| one.owner.load(Relaxed));
        assert_eq!(
            owners.max(),
            Some(0),
            "a key that may be unloaded is remembered"
        );
    }

    #[test]
    fn the_vtable_that_comes_is_asked_in_line() {
        let (region, key) = (region!(1), key_of::<(u8,)>());
        which(region, key, vtable(0), || 0);
        for _ in 0..2000 {
            assert_eq!(which(region, key, vtable(1), || 0), 0);
        }
        let memory = &region.lists[0];
        assert_eq!(words(&memory.first), [vtable(1)]);
        assert_eq!(words(&memory.second), [vtable(0)]);
        assert_eq!(which(region, key, vtable(0), || unreachable!()), 0);
    }

    #[test]
    fn what_stands_for_all_others_is_no_vtable() {
        assert!(!region!(1).home.contains(ALL_OTHERS));
    }

    #[test]
    fn a_region_is_at_home_in_this_program_and_nowhere_else() {
        let home = region!(1).home;
        let own: [usize; 3] = [
            (words as *const ()).addr(),
            vtable(3),
            (&raw const *region!(1)).addr(),
        ];
        assert!(own.iter().all(|one| home.contains(*one)));
        let (local, boxed) = (0_u8, Box::new(0_u8));
        let others = [
            (&raw const local).addr(),
            (&raw const *boxed).addr(),
            (libc::getpid as *const ()).addr(),
            0,
            usize::MAX,
        ];
        for other in others {
            assert!(!home.contains(other), "{other:x}");
        }
    }
}
