//! Swaps and forks while another thread is in the runtime nearly all the time.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use static_call::{binding, runtime, static_dispatch};

#[static_dispatch]
trait Turn: Send + Sync {
    fn turn(&self) -> u64;
}

struct Number(u64);

impl Turn for Number {
    fn turn(&self) -> u64 {
        self.0
    }
}

static ONE: Number = Number(1);
static TWO: Number = Number(2);

binding! { static TURN: dyn Turn = ONE; }

/// Says so when it goes.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_swap_waits_for_a_few_passes_at_most_however_tightly_others_re_plan() {
    const SWAPS: usize = 100;
    let _alone = crate::alone();
    let (done, passes) = (AtomicBool::new(false), AtomicU32::new(0));
    let mut waits: Vec<u32> = thread::scope(|scope| {
        let _done = Done(&done);
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    runtime::retarget().unwrap();
                    passes.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let swaps = [&ONE, &TWO].into_iter().cycle().take(SWAPS);
        let wait = |object: &'static Number| {
            // They are at it again.
            let last = passes.load(Ordering::Relaxed);
            while passes.load(Ordering::Relaxed) - last < 10 {
                thread::yield_now();
            }
            let before = passes.load(Ordering::Relaxed);
            TURN.swap(object).unwrap();
            let waited = passes.load(Ordering::Relaxed) - before;
            assert_eq!(TURN.turn(), object.0);
            waited
        };
        swaps.map(wait).collect()
    });
    waits.sort_unstable();
    println!("passes while a swap waited: {waits:?}");
    // A swap asks for two turns, and each of the two threads has its own before each once at
    // the most. Whoever is interrupted between looking and asking counts more, which is not
    // the rule: on a busy machine it happens in every tenth wait.
    assert!(waits[SWAPS / 2] <= 6, "{waits:?}");
}
