//! Why the library's code has the shape it has: other shapes for the same work, written
//! out by hand and measured beside each other, without the library.
//! `cargo run --release -p static-call-benches --bin shapes`.
//!
//! Every loop stands in eight copies at different places, orders are new in each round,
//! and rounds alternate.

mod four;
mod guards;
mod pages;
mod straight;

use std::hint::black_box;
use std::time::Instant;

use static_call_bench_bodies::Body;
use static_call_benches::stats::{Shuffle, Summary};

use guards::OBJECTS;

/// Calls in a round of one copy.
const CALLS: usize = 1024;

/// A loop over objects.
type Loop = fn(&[&'static dyn Body]) -> u64;

/// Eight copies of a loop that makes of `x` what a call returns:
/// `copies!(number, |body, x| call)`, each with another number.
macro_rules! copies {
    ($name:literal, |$body:ident, $x:ident| $call:expr) => {
        copies!(@all $name, $body, $x, $call, 0 1 2 3 4 5 6 7)
    };
    (@all $name:literal, $body:ident, $x:ident, $call:expr, $($copy:literal)*) => {
        [$({
            #[inline(never)]
            fn run(objects: &[&'static dyn static_call_bench_bodies::Body]) -> u64 {
                static_call_benches::place!($name, $copy);
                let mut $x = 1;
                for &$body in objects {
                    $x = $call;
                }
                $x
            }
            run as crate::Loop
        }),*]
    };
}
pub(crate) use copies;

/// How often each of the objects comes by.
struct Mix {
    name: &'static str,
    /// In a hundred calls.
    shares: [usize; 4],
}

impl Mix {
    fn order(&self, shuffle: &mut Shuffle) -> Vec<&'static dyn Body> {
        let one = |shuffle: &mut Shuffle| {
            let mut left = shuffle.below(100);
            let of = self.shares.iter().position(|&share| {
                let found = left < share;
                left = left.saturating_sub(share);
                found
            });
            OBJECTS[of.unwrap_or(0)]
        };
        (0..CALLS).map(|_| one(shuffle)).collect()
    }
}

/// The address of an object's vtable.
#[inline(always)]
fn vtable(object: &dyn Body) -> usize {
    // SAFETY: a reference to an object is two words, the second one the vtable's address.
    let words = unsafe { core::mem::transmute::<&dyn Body, [*const (); 2]>(object) };
    words[1].addr()
}

/// The object as what it is.
///
/// # Safety
/// It is a `T`.
#[inline(always)]
unsafe fn assume<T>(object: &dyn Body) -> &T {
    // SAFETY: the caller's word.
    unsafe { &*core::ptr::from_ref(object).cast::<T>() }
}

/// Each variant's time as a multiple of the first one's in the same round.
fn measure(rounds: usize, mix: &Mix, variants: &[(&str, [Loop; 8])]) {
    let mut shuffle = Shuffle::new(1);
    let mut base = Vec::with_capacity(rounds);
    let mut ratios = vec![Vec::with_capacity(rounds); variants.len()];
    for round in 0..rounds {
        let order = mix.order(&mut shuffle);
        let mut times = vec![0.0; variants.len()];
        for turn in 0..variants.len() {
            let which = (turn + round) % variants.len();
            let start = Instant::now();
            black_box(variants[which].1[round / variants.len() % 8](black_box(
                &order,
            )));
            times[which] = start.elapsed().as_secs_f64();
        }
        base.push(times[0]);
        for (ratios, time) in ratios.iter_mut().zip(&times) {
            ratios.push(time / times[0]);
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "a thousand")]
    let calls = CALLS as f64;
    let base = Summary::of(&base).expect("there are rounds").median * 1e9 / calls;
    println!("| {} | {} | {base:.2} ns | | |", mix.name, variants[0].0);
    for ((name, _), ratios) in variants.iter().zip(&ratios).skip(1) {
        row(&[mix.name, name], ratios);
    }
}

fn row(names: &[&str], ratios: &[f64]) {
    let Summary {
        median, p10, p90, ..
    } = Summary::of(ratios).expect("there are rounds");
    println!(
        "| {} | {median:.2} | {p10:.2} | {p90:.2} |",
        names.join(" | ")
    );
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { 40 } else { 2000 };
    println!(
        "| mix | guards for two types | of the plain call | p10 | p90 |\n|---|---|---|---|---|"
    );
    guards::measure(rounds);
    println!("\n| mix | chain | of the plain call | p10 | p90 |\n|---|---|---|---|---|");
    four::measure(rounds);
    println!(
        "\n| a jump on the way of a direct call | of the call | p10 | p90 |\n|---|---|---|---|"
    );
    pages::measure(rounds);
    println!(
        "\n| switches of 4,096 calls in straight code | of the plain calls | p10 | p90 |\n|---|---|---|---|"
    );
    straight::measure(rounds);
}
