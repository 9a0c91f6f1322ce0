//! A trait whose results say which implementation ran, and call sites for it.

use std::fs;

use crate::arch::{self, KEY_BYTES, Target};
use crate::engine::LoadedObject;
use crate::key::{self, Key, Placed};
use crate::registry::TraitObject as _;
use crate::site::{Phase, Place, Site};
use crate::static_dispatch;
use crate::vtable::vtable_of;
use crate::window::Block;

#[static_dispatch(unsafe(crate = crate))]
pub(super) trait Tagged: Sync {
    #[static_dispatch(targets = 2)]
    fn tagged(&self, x: u64) -> u64;
}

/// An implementation for each tag, all of the same layout: nothing but the result
/// tells one from another.
pub(super) struct Kind<const TAG: u64> {
    data: u64,
}

impl<const TAG: u64> Tagged for Kind<TAG> {
    fn tagged(&self, x: u64) -> u64 {
        answer(TAG, self.data, x)
    }
}

/// What the implementation of `tag` says.
fn answer(tag: u64, data: u64, x: u64) -> u64 {
    tag << 56 | (data ^ x).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 8
}

/// An object that knows which implementation it must reach.
pub(super) struct Object {
    pub(super) tagged: Box<dyn Tagged>,
    tag: u64,
    data: u64,
}

impl Object {
    /// One object of each of the four implementations.
    pub(super) fn one_of_each() -> [Object; KINDS] {
        fn object<const TAG: u64>() -> Object {
            let data = 1000 + TAG;
            Object {
                tagged: Box::new(Kind::<TAG> { data }),
                tag: TAG,
                data,
            }
        }
        [object::<0>(), object::<1>(), object::<2>(), object::<3>()]
    }

    /// Its target for `tagged`.
    pub(super) fn target(&self) -> Target {
        Target {
            vtable: vtable_of(&*self.tagged),
            shim: self.tagged.__table().shim(0).expect("one method"),
        }
    }

    /// Calls it and panics if another implementation answers.
    pub(super) fn call(&self, through: Through, x: u64) {
        assert_eq!(
            through(&*self.tagged, x),
            answer(self.tag, self.data, x),
            "a call on an object of implementation {} went elsewhere",
            self.tag
        );
    }
}

pub(super) const KINDS: usize = 4;
/// Sites of one test.
pub(super) const SITES: usize = 8;
/// Tests that have sites.
const SETS: usize = 4;

/// The `N`th call site of a set.
pub(super) type Through = fn(&dyn Tagged, u64) -> u64;

/// Sites that are in no slice: the process's own engine leaves them alone.
static PLACE: Place = Place::new("tagged", file!(), line!(), column!());
static STATICS: [[Site; SITES]; SETS] = [const { [const { Site::new(&PLACE) }; SITES] }; SETS];

macro_rules! through {
    ($($set:literal: $($site:literal)*;)*) => {
        [$([$({
            use crate::site::{CallSite, DispatchedMethod, Gate};

            struct At;

            // SAFETY: its own.
            unsafe impl CallSite for At {
                type Inline = crate::site::ListOfMethod;

                fn keys() -> &'static crate::site::Keys {
                    static KEYS: crate::site::Keys = crate::site::Keys::new();
                    &KEYS
                }

                fn site() -> &'static Site {
                    &STATICS[$set][$site]
                }
            }

            crate::trampoline! { At }

            fn gate<M: DispatchedMethod>() -> Gate<At, M> {
                // SAFETY: its own.
                Gate::new(__trampoline::<M>, unsafe { crate::site::Own::new() })
            }

            #[inline(never)]
            fn through(object: &dyn Tagged, x: u64) -> u64 {
                object.tagged__needs_dyn_static_dispatch(
                    (gate(), x))
            }

            through as Through
        }),*]),*]
    };
}

static THROUGH: [[Through; SITES]; SETS] = through! {
    0: 0 1 2 3 4 5 6 7;
    1: 0 1 2 3 4 5 6 7;
    2: 0 1 2 3 4 5 6 7;
    3: 0 1 2 3 4 5 6 7;
};

/// A test's sites and how to call through each.
pub(super) fn sites<const SET: usize>() -> (&'static [Site], [Through; SITES]) {
    (&STATICS[SET], THROUGH[SET])
}

/// Where the keys and trampolines of these sites are.
pub(super) fn placed(sites: &'static [Site]) -> Placed {
    Placed::new(sites, key::keys(), key::trampolines())
}

/// These sites as an object of their own.
pub(super) fn object(sites: &'static [Site], plugin: Option<u64>) -> LoadedObject {
    LoadedObject::new(sites, placed(sites), &[], &[], plugin)
}

/// Leaves a site as if it were new, except that its route is known.
pub(super) fn renew(site: &Site) {
    let lock = site.lock().expect("nobody else uses this site");
    lock.close();
    lock.open(Phase::Resting, Block::PLAIN, None);
    drop(lock);
    site.switch(false);
}

/// Whether these keys are on: all of them, or none.
pub(super) fn are_on(keys: impl Iterator<Item = Key>) -> bool {
    let on = keys.map(|key| {
        // SAFETY: an instruction of this program.
        let bytes: [u8; KEY_BYTES] =
            unsafe { std::ptr::read_volatile(std::ptr::with_exposed_provenance(key.at)) };
        let jump = arch::key_on(key.at, key.arm).expect("within reach");
        assert!([jump, arch::key_off()].contains(&bytes), "{bytes:x?}");
        bytes == jump
    });
    let on: Vec<_> = on.collect();
    assert!(!on.is_empty(), "there is no key");
    assert!(on.iter().all(|one| *one == on[0]), "{on:?}");
    on[0]
}

/// The lines of `/proc/self/maps`: address range and access.
pub(super) fn mappings() -> Vec<(std::ops::Range<usize>, String)> {
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux lists mappings");
    let number = |text| usize::from_str_radix(text, 16).expect("an address");
    maps.lines()
        .map(|line| {
            let (range, rest) = line.split_once(' ').expect("a range");
            let (start, end) = range.split_once('-').expect("two addresses");
            (number(start)..number(end), rest[..4].to_owned())
        })
        .collect()
}

/// Panics if some memory is writable and executable.
pub(super) fn assert_nothing_is_writable_and_executable() {
    for (range, access) in mappings() {
        assert!(
            !(access.contains('w') && access.contains('x')),
            "{range:x?} is {access}"
        );
    }
}
