//! Many swaps among four implementations while threads call. `STATIC_CALL_SWAPS` says
//! how many: a million by hand, fewer by default.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use static_call::{binding, runtime, static_dispatch};

fn swaps() -> u64 {
    let swaps = std::env::var("STATIC_CALL_SWAPS");
    swaps.map_or(40_000, |swaps| swaps.parse().expect("a number of swaps"))
}

#[static_dispatch]
trait Secret: Send + Sync {
    #[static_dispatch]
    fn answer(&self, x: u64) -> u64;
    #[static_dispatch]
    fn described(&self, x: u64, text: String) -> (u64, String);
    #[static_dispatch]
    fn borrowed(&self) -> &[u64; 2];
}

/// What code number `tag` answers on an object that holds `data`.
fn answer(tag: u64, data: u64, x: u64) -> u64 {
    tag << 56 | (data ^ x).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 8
}

/// What an object of this number holds. No other code knows what to do with it.
#[allow(clippy::cast_possible_truncation, reason = "tags are below 8")]
const fn secret(tag: u64) -> u64 {
    0x1234_5678_9ABC_DEF0_u64.rotate_left(tag as u32 * 13) ^ tag
}

/// Of one layout: nothing but the code knows what the data must be.
struct Kind<const TAG: u64>([u64; 2]);

impl<const TAG: u64> Kind<TAG> {
    const NEW: Self = Kind([secret(TAG), TAG]);
}

impl<const TAG: u64> Secret for Kind<TAG> {
    fn answer(&self, x: u64) -> u64 {
        answer(TAG, self.0[0], x)
    }
    fn described(&self, x: u64, text: String) -> (u64, String) {
        (answer(TAG, self.0[0], x), format!("{text}{TAG}"))
    }
    fn borrowed(&self) -> &[u64; 2] {
        &self.0
    }
}

/// Calls each method once. Each result is one that an implementation gives on its own
/// data; different methods may be called on different objects.
fn check(binding: &impl Callable, x: u64, seen: &[AtomicU64; 4]) {
    let result = binding.answer(x);
    let tag = result >> 56;
    assert!(tag < 4, "{result:x}");
    assert_eq!(
        result,
        answer(tag, secret(tag), x),
        "data and code of two objects"
    );
    seen[usize::try_from(tag).unwrap()].fetch_add(1, Ordering::Relaxed);
    let (result, text) = binding.described(x, "text".to_owned());
    let tag = result >> 56;
    assert!(tag < 4, "{result:x}");
    assert_eq!(
        result,
        answer(tag, secret(tag), x),
        "data and code of two objects"
    );
    assert_eq!(text, format!("text{tag}"));
    let [data, tag] = binding.borrowed();
    assert_eq!(data, secret(tag));
}

/// The two bindings below.
trait Callable: Sync {
    fn answer(&self, x: u64) -> u64;
    fn described(&self, x: u64, text: String) -> (u64, String);
    fn borrowed(&self) -> [u64; 2];
}

macro_rules! callable {
    ($name:ident, $binding:ident) => {
        struct $name;
        impl Callable for $name {
            fn answer(&self, x: u64) -> u64 {
                $binding.answer(x)
            }
            fn described(&self, x: u64, text: String) -> (u64, String) {
                $binding.described(x, text)
            }
            fn borrowed(&self) -> [u64; 2] {
                *$binding.borrowed()
            }
        }
    };
}

static KINDS: (Kind<0>, Kind<1>, Kind<2>, Kind<3>) = (Kind::NEW, Kind::NEW, Kind::NEW, Kind::NEW);

binding! {
    static STATICS: dyn Secret = Kind::<0>::NEW;
    static BOXES: dyn Secret = Kind::<0>::NEW;
}
callable!(Statics, STATICS);
callable!(Boxes, BOXES);

#[test]
fn while_statics_are_swapped_every_call_is_wholly_ones_own() {
    let _alone = crate::alone();
    let swaps = swaps();
    let seen = [const { AtomicU64::new(0) }; 4];
    let (done, calls) = (AtomicBool::new(false), AtomicU64::new(0));
    let all: [&'static dyn Secret; 4] = [&KINDS.0, &KINDS.1, &KINDS.2, &KINDS.3];
    let bytes_of_all = |all: &[&'static dyn Secret]| {
        for one in all {
            STATICS.swap(*one).unwrap();
        }
        let report = runtime::report();
        (report.chains, report.chain_bytes)
    };
    let before = bytes_of_all(&all);
    thread::scope(|scope| {
        let callers = [1, 2].map(|caller| {
            let (seen, done, calls) = (&seen, &done, &calls);
            scope.spawn(move || {
                let mut x = caller;
                while !done.load(Ordering::Relaxed) {
                    for _ in 0..100 {
                        x += 2;
                        check(&Statics, x, seen);
                    }
                    calls.fetch_add(300, Ordering::Relaxed);
                }
            })
        });
        let mut state = 1_u64;
        let all_seen = || seen.iter().all(|seen| seen.load(Ordering::Relaxed) > 0);
        for made in 0..1000 * swaps {
            // Where a swap is a store, the callers may not have begun by then.
            if made >= swaps && all_seen() {
                break;
            }
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            STATICS
                .swap(all[usize::try_from(state >> 62).unwrap()])
                .unwrap();
            if callers.iter().any(thread::ScopedJoinHandle::is_finished) {
                break;
            }
        }
        done.store(true, Ordering::Relaxed);
        for caller in callers {
            caller.join().expect("no call went elsewhere");
        }
    });
    let after = bytes_of_all(&all);
    let made = crate::row("million", "STATICS").swaps;
    println!("{made} swaps, {calls:?} calls, of the kinds {seen:?}; chains {before:?}, {after:?}");
    assert_eq!(before, after, "chains keep growing");
    assert!(seen.iter().all(|seen| seen.load(Ordering::Relaxed) > 0));
    assert!(calls.load(Ordering::Relaxed) > 0);
    // A list of them would grow with swaps, were they not known.
    assert!(made >= swaps);
}

/// A box that knows who is inside of it, and that it was not dropped yet.
struct Watched<const TAG: u64> {
    data: [u64; 2],
    inside: AtomicU32,
    alive: AtomicU64,
    dropped: Arc<Dropped>,
}

const ALIVE: u64 = 0xA11F_E000_0000_0000;

#[derive(Debug, Default)]
struct Dropped {
    once: AtomicU64,
    inside: AtomicU64,
    twice: AtomicU64,
}

impl<const TAG: u64> Watched<TAG> {
    fn boxed(dropped: &Arc<Dropped>) -> Box<dyn Secret> {
        Box::new(Watched::<TAG> {
            data: [secret(TAG), TAG],
            inside: AtomicU32::new(0),
            alive: AtomicU64::new(ALIVE | TAG),
            dropped: Arc::clone(dropped),
        })
    }

    fn inside<R>(&self, work: impl FnOnce() -> R) -> R {
        self.inside.fetch_add(1, Ordering::SeqCst);
        assert_eq!(
            self.alive.load(Ordering::SeqCst),
            ALIVE | TAG,
            "called after its end"
        );
        let result = work();
        assert_eq!(
            self.alive.load(Ordering::SeqCst),
            ALIVE | TAG,
            "dropped during a call"
        );
        self.inside.fetch_sub(1, Ordering::SeqCst);
        result
    }
}

impl<const TAG: u64> Drop for Watched<TAG> {
    fn drop(&mut self) {
        // Counted and not asserted: a panic in `drop` may be swallowed.
        if self.alive.swap(0, Ordering::SeqCst) == ALIVE | TAG {
            self.dropped.once.fetch_add(1, Ordering::Relaxed);
        } else {
            self.dropped.twice.fetch_add(1, Ordering::Relaxed);
        }
        if self.inside.load(Ordering::SeqCst) != 0 {
            self.dropped.inside.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<const TAG: u64> Secret for Watched<TAG> {
    fn answer(&self, x: u64) -> u64 {
        self.inside(|| answer(TAG, self.data[0], x))
    }
    fn described(&self, x: u64, text: String) -> (u64, String) {
        self.inside(|| (answer(TAG, self.data[0], x), format!("{text}{TAG}")))
    }
    fn borrowed(&self) -> &[u64; 2] {
        self.inside(|| &self.data)
    }
}

#[test]
fn boxes_are_dropped_once_each_and_never_during_a_call() {
    const CALLERS: usize = 2;
    const SWAPS_A_ROUND: u64 = 500;
    let _alone = crate::alone();
    let swaps = swaps();
    let seen = [const { AtomicU64::new(0) }; 4];
    let (calls, dropped) = (AtomicU64::new(0), Arc::new(Dropped::default()));
    let (pause, done) = (AtomicBool::new(false), AtomicBool::new(false));
    let barrier = Barrier::new(CALLERS + 1);
    let (mut made, mut reclaimed, mut at_rounds) = (0, 0, Vec::new());
    thread::scope(|scope| {
        let callers = [1, 2].map(|caller| {
            let (seen, pause, done, calls, barrier) = (&seen, &pause, &done, &calls, &barrier);
            scope.spawn(move || {
                let mut x = caller;
                let mut failed = None;
                while !done.load(Ordering::Acquire) {
                    // Also after a failure, or the others would wait for ever.
                    if pause.load(Ordering::Acquire) {
                        barrier.wait();
                        barrier.wait();
                    }
                    let checked = std::panic::catch_unwind(|| {
                        for step in 0..20 {
                            check(&Boxes, x + 2 * step, seen);
                        }
                    });
                    x += 40;
                    calls.fetch_add(60, Ordering::Relaxed);
                    failed = failed.or(checked.err());
                }
                if let Some(failure) = failed {
                    std::panic::resume_unwind(failure);
                }
            })
        });
        while made < swaps {
            for _ in 0..SWAPS_A_ROUND.min(swaps - made) {
                let object = match made % 7 % 4 {
                    0 => Watched::<0>::boxed(&dropped),
                    1 => Watched::<1>::boxed(&dropped),
                    2 => Watched::<2>::boxed(&dropped),
                    _ => Watched::<3>::boxed(&dropped),
                };
                BOXES.swap_boxed(object).unwrap();
                made += 1;
            }
            // A rendezvous: all callers stand between two calls.
            let before = dropped.once.load(Ordering::Relaxed);
            assert_eq!(before, reclaimed, "dropped by nobody's leave");
            pause.store(true, Ordering::Release);
            barrier.wait();
            // SAFETY: no caller is inside, and each has copied what it got.
            let gone = unsafe { BOXES.reclaim() }.unwrap() as u64;
            reclaimed += gone;
            let report = runtime::report();
            at_rounds.push((report.chains, report.chain_bytes));
            pause.store(false, Ordering::Release);
            barrier.wait();
        }
        done.store(true, Ordering::Release);
        for caller in callers {
            caller.join().expect("no call went elsewhere");
        }
    });
    // The one that is still bound.
    BOXES.swap(&KINDS.0).unwrap();
    // SAFETY: the callers are gone.
    reclaimed += unsafe { BOXES.reclaim() }.unwrap() as u64;
    println!(
        "{made} swaps, {calls:?} calls, of the kinds {seen:?}; {dropped:?}; chains at first {:?}, at last {:?}",
        at_rounds[0],
        at_rounds.last().unwrap(),
    );
    assert_eq!(
        (reclaimed, dropped.once.load(Ordering::Relaxed)),
        (swaps, swaps)
    );
    assert_eq!(
        dropped.inside.load(Ordering::Relaxed),
        0,
        "dropped during a call"
    );
    assert_eq!(dropped.twice.load(Ordering::Relaxed), 0, "dropped twice");
    // Three methods, in their trampolines or outside of them.
    let (least, most) = (
        at_rounds.iter().min().unwrap(),
        at_rounds.iter().max().unwrap(),
    );
    assert!(
        most.0 <= least.0 + 3 && most.1 <= least.1 + 3 * 64,
        "{least:?}, {most:?}"
    );
    assert!(seen.iter().all(|seen| seen.load(Ordering::Relaxed) > 0));
}
