//! The program that is watched: `watched WAY SECONDS`. A loop for each kind of code that is
//! patched, each in a function of its own that no tool may lose.
//!
//! `WAY` is `plain`, where the runtime is never started, `patched`, where it is before
//! anything else is said, or `late`, where it is when a line comes on standard input. Says
//! `ready` as soon as tools may attach.

use std::hint::black_box;
use std::io::{BufRead as _, Write as _};
use std::time::{Duration, Instant};

use static_call::runtime::{self, Config, Mode};
use static_call::{binding, static_call, static_dispatch, static_key};

#[static_dispatch]
trait Body: Send + Sync {
    /// Guarded, where it is listed.
    #[static_dispatch(targets = 2)]
    fn listed(&self, x: u64) -> u64;
    /// A chain in the trampoline.
    #[static_dispatch(targets = 2)]
    fn near(&self, x: u64) -> u64;
    /// A chain that has no room there.
    #[static_dispatch(targets = 8)]
    fn far(&self, x: u64) -> u64;
    /// A chain again, and memory behind it.
    #[static_dispatch(targets = 2)]
    fn boxed(&self, x: u64) -> Box<u64>;
}

struct Times<const N: u64>;

impl<const N: u64> Body for Times<N> {
    fn listed(&self, x: u64) -> u64 {
        work(x, N)
    }
    fn near(&self, x: u64) -> u64 {
        work(x, N)
    }
    fn far(&self, x: u64) -> u64 {
        work(x, N)
    }
    fn boxed(&self, x: u64) -> Box<u64> {
        Box::new(x * N)
    }
}

/// Short, so that what leads to a body is a good part of what is sampled.
#[inline(always)]
fn work(x: u64, n: u64) -> u64 {
    (0..8).fold(x, |x, round| black_box(x.wrapping_mul(n) ^ round))
}

binding! { static BOUND: dyn Body = Times::<3>; }
static_key! { static DETAILS: bool = false; }

static TWO: [&dyn Body; 2] = [&Times::<1>, &Times::<2>];
static EIGHT: [&dyn Body; 8] = [
    &Times::<1>,
    &Times::<2>,
    &Times::<3>,
    &Times::<4>,
    &Times::<5>,
    &Times::<6>,
    &Times::<7>,
    &Times::<8>,
];

const CALLS: usize = 20_000;

#[inline(never)]
fn calls_guarded() -> u64 {
    let mut sum = 0;
    for x in 0..CALLS {
        let body = black_box(TWO[x % 2]);
        sum ^= static_call!(body.listed(x as u64), inline = [Times<1>, Times<2>]);
    }
    sum
}

#[inline(never)]
fn calls_near() -> u64 {
    let mut sum = 0;
    for x in 0..CALLS {
        let body = black_box(TWO[x % 2]);
        sum ^= static_call!(body.near(x as u64));
    }
    sum
}

#[inline(never)]
fn calls_far() -> u64 {
    let mut sum = 0;
    for x in 0..CALLS {
        let body = black_box(EIGHT[x % 8]);
        sum ^= static_call!(body.far(x as u64));
    }
    sum
}

#[inline(never)]
fn calls_bound() -> u64 {
    (0..CALLS as u64).fold(0, |sum, x| sum ^ BOUND.near(x))
}

#[inline(never)]
fn asks_a_key() -> u64 {
    let mut sum = 0;
    for x in 0..CALLS as u64 {
        sum ^= work(x, 5);
        if DETAILS.enabled() {
            sum += black_box(1);
        }
    }
    sum
}

#[inline(never)]
fn calls_for_memory() -> u64 {
    let mut sum = 0;
    for x in 0..100 {
        let body = black_box(TWO[x % 2]);
        sum ^= *black_box(static_call!(body.boxed(x as u64)));
    }
    sum
}

#[inline(never)]
fn all() -> u64 {
    let called = calls_guarded() ^ calls_near() ^ calls_far() ^ calls_bound();
    called ^ asks_a_key() ^ calls_for_memory()
}

/// Several passes, with calls between, until windows are full and plans are on.
fn patch() -> Result<(), Box<dyn std::error::Error>> {
    runtime::configure(Config::default().mode(Mode::Always).minimum_coverage(0.0))?;
    // Refused where a debugger has a breakpoint in the same page.
    if let Err(error) = DETAILS.enable() {
        eprintln!("{error}");
    }
    for _ in 0..20 {
        black_box(all());
        runtime::retarget()?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "watched plain|patched|late|sums SECONDS";
    let way = arguments.next().ok_or(usage)?;
    let seconds: f64 = arguments.next().ok_or(usage)?.parse()?;
    if way == "sums" {
        println!("{}", all());
        patch()?;
        println!("{}\n{}", all(), DETAILS.enabled());
        return Ok(());
    }
    if way == "patched" {
        patch()?;
    }
    println!("ready");
    std::io::stdout().flush()?;
    if way == "late" {
        black_box(all());
        std::io::stdin().lock().read_line(&mut String::new())?;
        patch()?;
        println!("patched");
    }
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    while Instant::now() < end {
        black_box(all());
    }
    if way != "plain" {
        eprintln!("{}", runtime::report());
    }
    Ok(())
}
