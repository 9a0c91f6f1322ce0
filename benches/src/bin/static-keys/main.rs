//! What a static key costs while it is off, beside no branch, a relaxed load and the crate
//! `static-keys`, and what switching one costs:
//! `cargo run --release -p static-call-benches --bin static-keys`. With
//! `--stress 1000000000`, so many questions are asked while keys are switched, and each answer
//! is checked.
//!
//! Every loop stands in eight copies at different places, and rounds alternate. The other crate
//! must not switch while other threads run, and is measured without.

mod flips;
mod stress;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::Parser;
use static_call::static_key;
use static_call_benches::stats::{Shuffle, Summary};
use static_keys::{define_static_key_false, static_branch_unlikely};

/// Measures static keys.
#[derive(Parser)]
struct Arguments {
    /// Few rounds: to see that it works.
    #[arg(long)]
    quick: bool,
    /// Asks so many times while keys are switched, and checks each answer.
    #[arg(long, value_name = "QUESTIONS")]
    stress: Option<u64>,
}

static_key! {
    static TRACE: bool = false;
}
define_static_key_false!(OTHERS);
static LOADED: AtomicBool = AtomicBool::new(false);

/// What is traced: rare.
#[cold]
#[inline(never)]
fn event(x: u64) {
    black_box(x);
}

/// Eight copies of a loop.
macro_rules! copies {
    ($name:literal, $value:ident, $sum:ident, $body:block, $event:expr) => {
        [
            copies!(@one $name, 0, $value, $sum, $body, $event),
            copies!(@one $name, 1, $value, $sum, $body, $event),
            copies!(@one $name, 2, $value, $sum, $body, $event),
            copies!(@one $name, 3, $value, $sum, $body, $event),
            copies!(@one $name, 4, $value, $sum, $body, $event),
            copies!(@one $name, 5, $value, $sum, $body, $event),
            copies!(@one $name, 6, $value, $sum, $body, $event),
            copies!(@one $name, 7, $value, $sum, $body, $event),
        ]
    };
    (@one $name:literal, $copy:literal, $value:ident, $sum:ident, $body:block, $event:expr) => {{
        #[inline(never)]
        fn run(values: &[u64]) -> u64 {
            static_call_benches::place!($name, $copy);
            let mut $sum = 1_u64;
            for $value in values {
                $event;
                $sum = $body;
            }
            $sum
        }
        run
    }};
}

type Loops = [fn(&[u64]) -> u64; 8];

/// The ways to have an event in a loop, with one body.
macro_rules! variants {
    ($names:tt, $value:ident, $sum:ident, $body:block) => {
        variants!(@ $names, $value, $sum, $body)
    };
    (@ [$plain:literal $again:literal $key:literal $load:literal $others:literal],
     $value:ident, $sum:ident, $body:block) => {
        [
            ("no branch", copies!($plain, $value, $sum, $body, ())),
            ("no branch, again", copies!($again, $value, $sum, $body, ())),
            (
                "`static_key!`, off",
                copies!($key, $value, $sum, $body, {
                    if TRACE.enabled() {
                        event(*$value);
                    }
                }),
            ),
            (
                "relaxed load, false",
                copies!($load, $value, $sum, $body, {
                    if LOADED.load(Ordering::Relaxed) {
                        event(*$value);
                    }
                }),
            ),
            (
                "`static-keys` 0.8, off",
                copies!($others, $value, $sum, $body, {
                    if static_branch_unlikely!(OTHERS) {
                        event(*$value);
                    }
                }),
            ),
        ]
    };
}

/// Each step waits for the one before.
static CHAINED: [(&str, Loops); 5] = variants!([0 1 2 3 4], value, sum, {
    (sum ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15)
});
/// Steps of a cycle, of which the compiler unrolls several.
static SHORT: [(&str, Loops); 5] = variants!([5 6 7 8 9], value, sum, {
    sum.rotate_left(5) ^ value
});
/// What the compiler does eight at a time, if there is no branch.
static VECTORS: [(&str, Loops); 5] = variants!([10 11 12 13 14], value, sum, {
    sum.wrapping_add(value ^ (value >> 7))
});

fn measure(rounds: usize, body: &str, variants: &[(&str, Loops); 5]) {
    const STEPS: u32 = 2000;
    let values: Vec<u64> = (0..u64::from(STEPS)).map(|x| black_box(x * 77)).collect();
    let mut shuffle = Shuffle::new(7);
    let mut base = Vec::with_capacity(rounds);
    let mut ratios = vec![Vec::with_capacity(rounds); variants.len()];
    for round in 0..rounds {
        let mut times = [0.0; 5];
        let mut order = [0, 1, 2, 3, 4];
        for last in (1..order.len()).rev() {
            order.swap(last, shuffle.below(last + 1));
        }
        for index in order {
            let run = variants[index].1[round % 8];
            let start = Instant::now();
            black_box(run(black_box(&values)));
            times[index] = start.elapsed().as_secs_f64();
        }
        let plain = f64::midpoint(times[0], times[1]);
        base.push(plain);
        for (ratios, time) in ratios.iter_mut().zip(times) {
            ratios.push(time / plain);
        }
    }
    let base = Summary::of(&base).expect("there are rounds").median * 1e9 / f64::from(STEPS);
    println!("| {body} | {base:.3} ns a step | | |");
    for ((name, _), ratios) in variants.iter().zip(&ratios).skip(1) {
        let Summary {
            median, p10, p90, ..
        } = Summary::of(ratios).expect("there are rounds");
        println!("| {name} | {median:.3} | {p10:.3} | {p90:.3} |");
    }
}

fn main() {
    let Arguments { quick, stress } = Arguments::parse();
    if let Some(questions) = stress {
        return stress::run(questions);
    }
    static_keys::global_init();
    // Or the compiler knows what is never stored.
    LOADED.store(black_box(false), Ordering::Relaxed);
    let rounds = if quick { 80 } else { 8000 };
    println!("| a loop's body | of the loop without a branch | p10 | p90 |\n|---|---|---|---|");
    measure(rounds, "chained multiplications", &CHAINED);
    measure(rounds, "a rotation and an xor", &SHORT);
    measure(rounds, "a sum that is vectorized", &VECTORS);
    flips::measure(if quick { 3 } else { 40 });
}
