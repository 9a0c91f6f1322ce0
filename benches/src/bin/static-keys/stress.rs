//! Questions while keys are switched, each answer checked.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use static_call::runtime::{self, Config, Mode};
use static_call::{static_call, static_dispatch, static_key};

static_key! {
    static FIRST: bool = false;
    static LIKELY: bool = true;
    static SPREAD: bool = false;
}

/// Call sites in the same pages, which are switched too.
#[static_dispatch]
trait Step: Sync {
    #[static_dispatch(targets = 2)]
    fn step(&self, x: u64) -> u64;
}

struct Add(u64);

impl Step for Add {
    fn step(&self, x: u64) -> u64 {
        x.wrapping_add(self.0)
    }
}

/// Odd while a switch is under way; twice an odd number while the keys are on.
static EPOCH: AtomicU64 = AtomicU64::new(0);

/// Whether an answer is right, if nothing was under way meanwhile.
#[inline(always)]
fn settled(ask: impl Fn() -> bool) -> Option<bool> {
    let before = EPOCH.load(Ordering::SeqCst);
    let is_on = ask();
    let after = EPOCH.load(Ordering::SeqCst);
    (before == after && before.is_multiple_of(2)).then_some(is_on == (before % 4 == 2))
}

/// Each number has a place in another function, some pages on.
#[inline(never)]
fn spread<const N: u64>() -> bool {
    if SPREAD.enabled() {
        return black_box(N) == N;
    }
    black_box(N) != N
}

const SPREADS: [fn() -> bool; 8] = [
    spread::<0>,
    spread::<1>,
    spread::<2>,
    spread::<3>,
    spread::<4>,
    spread::<5>,
    spread::<6>,
    spread::<7>,
];

#[derive(Clone, Copy, Default)]
struct Seen {
    asked: u64,
    settled: u64,
    wrong: u64,
}

fn ask(seen: &mut Seen, step: &dyn Step) {
    for spread in SPREADS {
        let answers = [
            settled(|| FIRST.enabled()),
            settled(|| {
                if LIKELY.enabled() {
                    true
                } else {
                    black_box(false)
                }
            }),
            settled(|| !FIRST.enabled()).map(|is_on| !is_on),
            settled(spread),
        ];
        seen.asked += 4;
        for is_right in answers.into_iter().flatten() {
            seen.settled += 1;
            seen.wrong += u64::from(!is_right);
        }
    }
    seen.wrong += u64::from(static_call!(step.step(1)) != 4);
}

pub(super) fn run(questions: u64) {
    const THREADS: u64 = 2;
    runtime::configure(Config::default().mode(Mode::Always)).expect("the mode is valid");
    LIKELY.disable().expect("the benchmark needs patching");
    let ended = AtomicBool::new(false);
    let start = Instant::now();
    let (switches, seen) = thread::scope(|scope| {
        let switching = scope.spawn(|| {
            let mut switches = 0_u64;
            while !ended.load(Ordering::Relaxed) {
                for on in [true, false] {
                    EPOCH.fetch_add(1, Ordering::SeqCst);
                    let results = if on {
                        [FIRST.enable(), LIKELY.acquire(), SPREAD.enable()]
                    } else {
                        [FIRST.disable(), LIKELY.release(), SPREAD.disable()]
                    };
                    for result in results {
                        result.expect("nothing is refused");
                    }
                    EPOCH.fetch_add(1, Ordering::SeqCst);
                    switches += 3;
                    // For some of the time the keys are as they are.
                    thread::yield_now();
                }
                if switches.is_multiple_of(60) {
                    let mode = [Mode::Always, Mode::Off][usize::from(switches.is_multiple_of(120))];
                    runtime::configure(Config::default().mode(mode)).expect("it is valid");
                    runtime::retarget().expect("nothing is refused");
                }
            }
            switches
        });
        let readers: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = Seen::default();
                    while seen.asked < questions / THREADS {
                        ask(&mut seen, black_box(&Add(3)));
                    }
                    seen
                })
            })
            .collect();
        let mut all = Seen::default();
        for reader in readers {
            let one = reader.join().expect("a reader does not panic");
            all.asked += one.asked;
            all.settled += one.settled;
            all.wrong += one.wrong;
        }
        ended.store(true, Ordering::Relaxed);
        (switching.join().expect("nothing is refused"), all)
    });
    println!(
        "{} questions, {} of them while nothing was under way; {switches} switches; {} wrong; \
         {:.0} s",
        seen.asked,
        seen.settled,
        seen.wrong,
        start.elapsed().as_secs_f64()
    );
    assert_eq!(seen.wrong, 0, "an answer was wrong");
}
