//! What it takes to switch keys with 1, 100 and 10,000 places.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use static_call::static_key;
use static_call_benches::stats::Summary;
use static_keys::{define_static_key_false, static_branch_unlikely};

static_key! {
    static ONE: bool = false;
    static HUNDRED: bool = false;
    static MANY: bool = false;
}
define_static_key_false!(OTHERS_ONE);
define_static_key_false!(OTHERS_HUNDRED);
define_static_key_false!(OTHERS_MANY);

/// What an answer has more if the key is on: more than there are places.
const ON: u64 = 1 << 20;

/// A function for each number that asks a key.
macro_rules! asks {
    ($name:ident, $ask:expr) => {
        #[inline(never)]
        fn $name<const N: usize>(x: u64) -> u64 {
            if $ask {
                return black_box(x) + ON;
            }
            black_box(x) ^ (N as u64)
        }
    };
}

asks!(one, ONE.enabled());
asks!(hundred, HUNDRED.enabled());
asks!(many, MANY.enabled());
asks!(others_one, static_branch_unlikely!(OTHERS_ONE));
asks!(others_hundred, static_branch_unlikely!(OTHERS_HUNDRED));
asks!(others_many, static_branch_unlikely!(OTHERS_MANY));

type Asks = fn(u64) -> u64;

/// Ten times as many, from `from` on, in steps.
macro_rules! ten {
    ($each:ident $(, $more:ident)*; $name:ident, $from:expr, $step:expr) => {
        [
            $each!($($more),*; $name, $from, $step / 10),
            $each!($($more),*; $name, $from + $step, $step / 10),
            $each!($($more),*; $name, $from + $step * 2, $step / 10),
            $each!($($more),*; $name, $from + $step * 3, $step / 10),
            $each!($($more),*; $name, $from + $step * 4, $step / 10),
            $each!($($more),*; $name, $from + $step * 5, $step / 10),
            $each!($($more),*; $name, $from + $step * 6, $step / 10),
            $each!($($more),*; $name, $from + $step * 7, $step / 10),
            $each!($($more),*; $name, $from + $step * 8, $step / 10),
            $each!($($more),*; $name, $from + $step * 9, $step / 10),
        ]
    };
}

macro_rules! function {
    (; $name:ident, $number:expr, $step:expr) => {
        $name::<{ $number }> as Asks
    };
}

type Hundred = [[Asks; 10]; 10];
type Thousands = [[Hundred; 10]; 10];

static HUNDREDS: [Hundred; 2] = [
    ten!(ten, function; hundred, 0, 10),
    ten!(ten, function; others_hundred, 0, 10),
];
static OURS: Thousands = ten!(ten, ten, ten, function; many, 0, 1000);
static THEIRS: Thousands = ten!(ten, ten, ten, function; others_many, 0, 1000);

/// How many see that the key is on.
fn seen(asks: &[Asks]) -> usize {
    let on = |ask: &&Asks| ask(black_box(1 << 40)) == (1 << 40) + ON;
    asks.iter().filter(on).count()
}

/// A key, its places, and how it is switched.
struct Switched {
    name: &'static str,
    asks: &'static [Asks],
    switch: fn(bool),
    /// Whether other threads may run meanwhile.
    in_threads: bool,
}

macro_rules! ours {
    ($key:ident, $asks:expr) => {
        Switched {
            name: "`static_key!`",
            asks: $asks,
            switch: |on| {
                let switched = if on { $key.enable() } else { $key.disable() };
                switched.expect("the benchmark needs patching");
            },
            in_threads: true,
        }
    };
}

macro_rules! theirs {
    ($key:ident, $asks:expr) => {
        Switched {
            name: "`static-keys` 0.8",
            asks: $asks,
            // SAFETY: no other thread runs, which `measure` sees to.
            switch: |on| unsafe { if on { $key.enable() } else { $key.disable() } },
            in_threads: false,
        }
    };
}

fn switched() -> [Switched; 6] {
    static SINGLE: [[Asks; 1]; 2] = [[one::<0>], [others_one::<0>]];
    [
        ours!(ONE, &SINGLE[0]),
        theirs!(OTHERS_ONE, &SINGLE[1]),
        ours!(HUNDRED, HUNDREDS[0].as_flattened()),
        theirs!(OTHERS_HUNDRED, HUNDREDS[1].as_flattened()),
        ours!(MANY, OURS.as_flattened().as_flattened().as_flattened()),
        theirs!(
            OTHERS_MANY,
            THEIRS.as_flattened().as_flattened().as_flattened()
        ),
    ]
}

pub(super) fn measure(rounds: usize) {
    println!("\n| a switch | places | other threads | µs | p10 | p90 |\n|---|---|---|---|---|---|");
    let all = switched();
    alternate(&all, rounds, "none");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for one in all.iter().filter(|one| one.in_threads) {
                    black_box(seen(one.asks));
                }
            }
        });
        let ours: Vec<_> = switched()
            .into_iter()
            .filter(|one| one.in_threads)
            .collect();
        alternate(&ours, rounds, "one that asks");
        stop.store(true, Ordering::Relaxed);
    });
}

fn alternate(all: &[Switched], rounds: usize, threads: &str) {
    let mut times = vec![Vec::with_capacity(2 * rounds); all.len()];
    // The first one of a page takes longer.
    for round in 0..=rounds {
        for (one, times) in all.iter().zip(&mut times) {
            for on in [true, false] {
                let start = Instant::now();
                (one.switch)(on);
                let time = start.elapsed().as_secs_f64() * 1e6;
                if round > 0 {
                    times.push(time);
                }
                let wanted = if on { one.asks.len() } else { 0 };
                assert_eq!(seen(one.asks), wanted, "{}", one.name);
            }
        }
    }
    for (one, times) in all.iter().zip(&times) {
        let Summary {
            median, p10, p90, ..
        } = Summary::of(times).expect("there are rounds");
        let places = one.asks.len();
        println!(
            "| {} | {places} | {threads} | {median:.0} | {p10:.0} | {p90:.0} |",
            one.name
        );
    }
}
