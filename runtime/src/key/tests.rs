//! Keys in this program's own code: that each copy of a call has its record, and what
//! becomes of calls when they are written.

use super::*;
use crate::arch::KEY_BYTES;
use crate::engine;
use crate::os;
use crate::publish::{Batch, Publisher};
use crate::site::{CallSite, Keys, ListOfMethod, Place, TRAMPOLINES};

static PLACE: Place = Place::new("asks", file!(), line!(), column!());
/// In no slice, so that nobody else switches them.
static SITES: [Site; 4] = [const { Site::new(&PLACE) }; 4];
/// The one whose keys are written.
const WRITTEN: usize = 3;

struct At<const N: usize>;

// SAFETY: its own.
unsafe impl<const N: usize> CallSite for At<N> {
    type Inline = ListOfMethod;

    fn site() -> &'static Site {
        &SITES[N]
    }

    fn keys() -> &'static Keys {
        static KEYS: Keys = Keys::new();
        &KEYS
    }
}

/// Whether the call goes by the arm. A copy for each type, which LLVM is not to merge.
#[inline(never)]
fn asks<const N: usize, T>(_: T) -> bool {
    std::hint::black_box(size_of::<T>());
    crate::key! { At<N>, on => true, off => false }
}

/// Nobody else writes code meanwhile: pages are shared.
fn alone(work: impl FnOnce()) {
    engine::with(|_| work());
}

/// The keys of these sites in order, and their paths.
fn placed(sites: &'static [Site]) -> Placed {
    Placed::new(sites, keys(), trampolines())
}

#[test]
fn each_copy_of_a_call_has_a_record_with_its_site() {
    assert!(!asks::<0, _>(1_u8) && !asks::<0, _>(1_u16) && !asks::<2, _>(()));
    let placed = placed(&SITES);
    let counts = [0, 1, 2, WRITTEN].map(|site| placed.keys_of(site).count());
    if !TRAMPOLINES {
        assert_eq!(counts, [0; 4]);
        return;
    }
    assert_eq!(counts, [2, 0, 1, 2]);
    let mut seen = Vec::new();
    for key in (0..4).flat_map(|site| placed.keys_of(site)) {
        assert!(
            key.at % 8 + KEY_BYTES <= 8,
            "{key:x?} crosses a word's edge"
        );
        assert_ne!(key.at, key.arm);
        assert!(!seen.contains(&key.at), "{key:x?} is there twice");
        seen.push(key.at);
    }
}

#[test]
fn the_sections_bounds_hold_one_record_that_stands_for_none() {
    if !TRAMPOLINES {
        assert!(keys().is_empty() && trampolines().is_empty());
        return;
    }
    let nobodys = keys().iter().filter(|record| record.site().is_none());
    assert_eq!(nobodys.count(), 1);
    let nobodys = trampolines()
        .iter()
        .filter(|record| record.path().is_none());
    assert_eq!(nobodys.count(), 1);
    assert!(keys().len() > 1 && trampolines().len() > 1);
}

#[test]
fn what_belongs_to_a_site_of_another_object_is_left_out() {
    assert!(!asks::<0, _>(1_u8) && !asks::<2, _>(()));
    let placed = placed(&SITES[1..2]);
    assert_eq!(placed.keys_of(0).count(), 0);
    let placed = self::placed(&SITES[2..3]);
    assert_eq!(placed.keys_of(0).count(), usize::from(TRAMPOLINES));
    // There is no such site.
    assert_eq!(placed.keys_of(1).count(), 0);
    let nothing = Placed::new(&[], keys(), trampolines());
    assert_eq!(nothing.keys_of(0).count() + nothing.paths_of(0).count(), 0);
}

#[test]
fn a_key_that_is_written_sends_every_copy_by_its_arm_and_back() {
    let Ok(memory) = os::code_memory() else {
        return;
    };
    let keys: Vec<_> = placed(&SITES).keys_of(WRITTEN).collect();
    let mut publisher = Publisher::new(memory);
    for round in 0..3 {
        for on in [true, false] {
            alone(|| {
                let mut batch = Batch::default();
                publisher.prepare_keys(&keys, on, &mut batch).unwrap();
                // SAFETY: the engine's lock is held, and this program stays loaded.
                unsafe { publisher.commit(&batch) }.unwrap();
                assert_eq!(asks::<WRITTEN, _>(1_u8), on, "{round}");
                assert_eq!(asks::<WRITTEN, _>(1_u16), on, "{round}");
                assert!(!asks::<2, _>(()), "another site's key");
            });
        }
    }
}

#[test]
fn keys_that_were_on_are_switched_off_without_allocation() {
    let Ok(memory) = os::code_memory() else {
        return;
    };
    let keys: Vec<_> = placed(&SITES).keys_of(WRITTEN).collect();
    let mut publisher = Publisher::new(memory);
    for _ in 0..3 {
        alone(|| {
            let mut batch = Batch::default();
            publisher.prepare_keys(&keys, true, &mut batch).unwrap();
            // SAFETY: the engine's lock is held, and this program stays loaded.
            unsafe { publisher.commit(&batch) }.unwrap();
            assert!(asks::<WRITTEN, _>(1_u8) && asks::<WRITTEN, _>(1_u16));
            let mut off = false;
            let allocated = crate::allocations::during(|| {
                // SAFETY: as above.
                off = unsafe { publisher.switch_off(&keys) };
                publisher.settle();
            });
            // Where pages are copies, this is left to the next pass.
            if off {
                assert!(!asks::<WRITTEN, _>(1_u8) && !asks::<WRITTEN, _>(1_u16));
            } else {
                let mut batch = Batch::default();
                publisher.prepare_keys(&keys, false, &mut batch).unwrap();
                // SAFETY: as above.
                unsafe { publisher.commit(&batch) }.unwrap();
            }
            assert_eq!(allocated, 0);
        });
    }
}
