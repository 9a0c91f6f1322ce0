//! Static keys whose switches are refused at every step, and whose pages others use too.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::arch::KEY_BYTES;
use crate::engine::{self, Engine, Patching};
use crate::key::{self, Placed};
use crate::os::{self, Refusing};
use crate::publish::{Batch, Publisher};
use crate::site::{CallSite, Keys, ListOfMethod, Place, Site, TRAMPOLINES};
use crate::static_key::{Change, DeclaredStaticKey, Places, StaticKeyError, places};
use crate::{StaticKey, static_key};

static_key! {
    static ASKED: bool = false;
    static LIKELY: bool = true;
    static NEVER_ASKED: bool = false;
}

/// A function for each number, which LLVM is not to merge.
#[inline(never)]
fn asks<const N: usize>() -> bool {
    black_box(N);
    ASKED.enabled()
}

macro_rules! eight {
    ($from:expr) => {
        [
            asks::<{ $from }>,
            asks::<{ $from + 1 }>,
            asks::<{ $from + 2 }>,
            asks::<{ $from + 3 }>,
            asks::<{ $from + 4 }>,
            asks::<{ $from + 5 }>,
            asks::<{ $from + 6 }>,
            asks::<{ $from + 7 }>,
        ]
    };
}

macro_rules! sixty_four {
    ($from:expr) => {
        [
            eight!($from),
            eight!($from + 8),
            eight!($from + 16),
            eight!($from + 24),
            eight!($from + 32),
            eight!($from + 40),
            eight!($from + 48),
            eight!($from + 56),
        ]
    };
}

/// On several pages.
type Asks = fn() -> bool;
static ASKING: [[[Asks; 8]; 8]; 8] = [
    sixty_four!(0),
    sixty_four!(64),
    sixty_four!(128),
    sixty_four!(192),
    sixty_four!(256),
    sixty_four!(320),
    sixty_four!(384),
    sixty_four!(448),
];

/// How many of the places see that the key is on.
fn seen() -> usize {
    ASKING
        .as_flattened()
        .as_flattened()
        .iter()
        .filter(|asks| asks())
        .count()
}

const ALL: usize = 512;

/// One test at a time: they have the keys in common.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn change<K: DeclaredStaticKey>(
    engine: &mut Engine,
    _: &StaticKey<K>,
    change: Change,
) -> Result<(), StaticKeyError> {
    engine.change_key(K::record(), change)
}

/// Runs `work` with an engine that patches so, and puts the other way back.
fn patching_by<R>(patching: Patching, work: impl FnOnce(&mut Engine) -> R) -> R {
    engine::with(|engine| {
        let usual = std::mem::replace(&mut engine.patching, patching);
        let result = work(engine);
        engine.patching = usual;
        result
    })
}

fn refusing(step: &'static str, once: bool, partly: usize) -> Patching {
    let memory = Refusing {
        once,
        partly,
        then: Some(partly / 2),
        inner: Some(os::code_memory().expect("asked before")),
        ..Refusing::at(step)
    };
    Patching::Works(Box::new(Publisher::new(Box::new(memory))))
}

fn pages_of_places() -> usize {
    let mut pages: Vec<_> = Places::new(places())
        .of(asked())
        .map(|place| place.at / 4096)
        .collect();
    pages.sort_unstable();
    pages.dedup();
    pages.len()
}

fn asked() -> &'static crate::static_key::StaticKeyRecord {
    fn record<K: DeclaredStaticKey>(
        _: &StaticKey<K>,
    ) -> &'static crate::static_key::StaticKeyRecord {
        K::record()
    }
    record(&ASKED)
}

#[test]
fn each_copy_of_a_question_is_a_place_of_its_key() {
    let _alone = alone();
    assert_eq!(seen(), 0);
    let places: Vec<_> = Places::new(places()).of(asked()).collect();
    if !TRAMPOLINES {
        assert!(places.is_empty());
        return;
    }
    assert!(places.len() >= ALL, "{}", places.len());
    for pair in places.windows(2) {
        assert!(pair[0].at < pair[1].at, "{pair:x?}");
    }
    for place in places {
        assert!(
            place.at % 8 + KEY_BYTES <= 8,
            "{place:x?} crosses a word's edge"
        );
    }
}

#[test]
fn after_a_refusal_every_place_sees_what_it_saw() {
    let _alone = alone();
    if os::code_memory().is_err() || !TRAMPOLINES {
        return;
    }
    assert!(pages_of_places() > 4, "too few pages to be refused between");
    for on in [true, false] {
        let there = if on { Change::Enable } else { Change::Disable };
        let before = seen();
        for step in ["mremap", "membarrier"] {
            for partly in [0, 1, 200, ALL] {
                let error = patching_by(refusing(step, true, partly), |engine| {
                    let error = change(engine, &ASKED, there).unwrap_err();
                    assert!(matches!(engine.patching, Patching::Failed { .. }));
                    error
                });
                let StaticKeyError::Refused {
                    step: refused,
                    torn,
                    ..
                } = error
                else {
                    panic!("{error}");
                };
                assert_eq!((refused, torn), (step, false));
                assert_eq!(seen(), before, "{step} after {partly}");
                assert_eq!(asked().state.word() != 0, !on);
            }
        }
        // What was refused once is tried again.
        engine::with(|engine| change(engine, &ASKED, there)).unwrap();
        assert_eq!(seen(), if on { ALL } else { 0 });
    }
}

#[test]
fn what_cannot_be_taken_back_is_said_and_mended_by_the_next_switch() {
    let _alone = alone();
    if os::code_memory().is_err() || !TRAMPOLINES {
        return;
    }
    let error = patching_by(refusing("mremap", false, 200), |engine| {
        change(engine, &ASKED, Change::Enable).unwrap_err()
    });
    assert!(
        matches!(error, StaticKeyError::Refused { torn: true, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("only some places"), "{error}");
    assert!((1..ALL).contains(&seen()), "{}", seen());
    engine::with(|engine| change(engine, &ASKED, Change::Acquire)).unwrap();
    assert_eq!(seen(), ALL);
    engine::with(|engine| change(engine, &ASKED, Change::Release)).unwrap();
    assert_eq!(seen(), 0);
}

#[test]
fn where_nothing_is_patched_a_key_says_why_and_stays() {
    let _alone = alone();
    if !TRAMPOLINES {
        return;
    }
    let reason = || "the test says so".to_owned();
    patching_by(Patching::Unavailable { reason: reason() }, |engine| {
        let error = change(engine, &ASKED, Change::Acquire).unwrap_err();
        assert!(error.to_string().ends_with("the test says so"), "{error}");
        let error = change(engine, &LIKELY, Change::Disable).unwrap_err();
        assert!(
            matches!(error, StaticKeyError::Unavailable { .. }),
            "{error}"
        );
        let error = change(engine, &ASKED, Change::Release).unwrap_err();
        assert!(matches!(error, StaticKeyError::NotAcquired), "{error}");
    });
    assert!(LIKELY.enabled() && seen() == 0);
}

#[test]
fn a_key_without_places_is_switched_like_any() {
    NEVER_ASKED.enable().unwrap();
    NEVER_ASKED.disable().unwrap();
}

#[test]
fn who_is_inside_the_runtime_is_refused_and_does_not_wait_for_itself() {
    let _alone = alone();
    let error = engine::with(|_| ASKED.enable()).unwrap_err();
    assert!(matches!(error, StaticKeyError::Reentered), "{error}");
    assert_eq!(seen(), 0);
}

static PLACE: Place = Place::new("shares", file!(), line!(), column!());
/// In no slice, so that nobody else switches it.
static SITES: [Site; 1] = [const { Site::new(&PLACE) }; 1];

struct Sharing;

// SAFETY: its own.
unsafe impl CallSite for Sharing {
    type Inline = ListOfMethod;

    fn site() -> &'static Site {
        &SITES[0]
    }

    fn keys() -> &'static Keys {
        static KEYS: Keys = Keys::new();
        &KEYS
    }
}

/// A place of the key, and a call site's switch next to it.
#[inline(never)]
fn shares() -> (bool, bool) {
    let key = ASKED.enabled();
    (key, crate::key! { Sharing, on => true, off => false })
}

/// Pages of call sites are moved aside, and show meanwhile what the file holds: the key as it
/// was declared.
#[test]
fn a_key_is_what_it_is_at_every_moment_while_call_sites_in_its_page_are_switched() {
    let _alone = alone();
    let Ok(memory) = os::code_memory() else {
        return;
    };
    if !TRAMPOLINES {
        return;
    }
    let site: Vec<_> = Placed::new(&SITES, key::keys(), key::trampolines())
        .keys_of(0)
        .collect();
    let mut publisher = Publisher::new(memory);
    let mut switch = |on| {
        engine::with(|_| {
            let mut batch = Batch::default();
            publisher.prepare_keys(&site, on, &mut batch).unwrap();
            // SAFETY: the engine's lock is held, and this program stays loaded.
            unsafe { publisher.commit(&batch) }.unwrap();
        });
    };
    // The page is the file's own at first.
    switch(true);
    assert_eq!(shares(), (false, true));
    ASKED.enable().unwrap();
    let (ended, asked) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut wrong = 0;
            while !ended.load(Ordering::Relaxed) {
                for _ in 0..1000 {
                    wrong += u64::from(!shares().0);
                }
                asked.fetch_add(1000, Ordering::Relaxed);
            }
            wrong
        });
        let mut round = 0;
        while round < 500 || asked.load(Ordering::Relaxed) < 100_000 {
            switch(round % 2 == 1);
            round += 1;
        }
        ended.store(true, Ordering::Relaxed);
        assert_eq!(reader.join().unwrap(), 0, "of {asked:?}");
    });
    ASKED.disable().unwrap();
    switch(false);
    assert_eq!(shares(), (false, false));
}
