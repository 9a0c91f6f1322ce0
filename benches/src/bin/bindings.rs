//! What a call of a binding costs, beside a direct call and the other ways to have a
//! global that can be exchanged, and what a swap costs:
//! `cargo run --release -p static-call-benches --bin bindings`.
//!
//! Every loop stands in eight copies at different places, and rounds alternate. Each
//! call takes what the one before returned, so that calls do not overlap.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{OnceLock, RwLock};
use std::time::Instant;

use arc_swap::ArcSwap;
use static_call::runtime::{self, Config, Mode};
use static_call::{binding, static_dispatch};
use static_call_benches::stats::Summary;

/// A trait to bind.
#[static_dispatch]
pub trait Clock: Send + Sync {
    /// The body: a multiplication.
    #[static_dispatch(none = 0)]
    fn now(&self, x: u64) -> u64;
    /// A body of some nanoseconds.
    #[static_dispatch(none = 0)]
    fn work(&self, x: u64) -> u64;
    /// Nothing to give.
    #[static_dispatch]
    fn tick(&self);
}

#[inline]
fn some_work(mut x: u64, factor: u64) -> u64 {
    for _ in 0..4 {
        x = x.wrapping_mul(factor).rotate_left(7) ^ factor;
    }
    x
}

/// What is bound.
pub struct Multiply(u64);

impl Clock for Multiply {
    #[inline]
    fn now(&self, x: u64) -> u64 {
        x.wrapping_mul(self.0).wrapping_add(1)
    }
    #[inline]
    fn work(&self, x: u64) -> u64 {
        some_work(x, self.0)
    }
    fn tick(&self) {}
}

/// Another type, with another body.
pub struct Add(u64);

impl Clock for Add {
    #[inline]
    fn now(&self, x: u64) -> u64 {
        x.wrapping_add(self.0) ^ 0x5555
    }
    #[inline]
    fn work(&self, x: u64) -> u64 {
        some_work(x, !self.0)
    }
    fn tick(&self) {}
}

static DIRECT: Multiply = Multiply(0x9E37_79B9_7F4A_7C15);
static AGAIN: Multiply = Multiply(0x9E37_79B9_7F4A_7C15);
static OTHER: Add = Add(0xBF58_476D);

binding! {
    /// Bound at first to what is called directly.
    pub static CLOCK: dyn Clock = Multiply(0x9E37_79B9_7F4A_7C15);
    /// Swapped before it is measured, so that its code lies elsewhere.
    pub static SWAPPED: dyn Clock = Multiply(0x9E37_79B9_7F4A_7C15);
    /// Bound to nothing.
    pub static NOTHING: dyn Clock = None;
    /// Swapped by the second table.
    pub static SWITCH: dyn Clock = Multiply(1);
}

static ONCE: OnceLock<Box<dyn Clock>> = OnceLock::new();
static ARC_SWAP: OnceLock<ArcSwap<Box<dyn Clock>>> = OnceLock::new();
static RW_LOCK: OnceLock<RwLock<Box<dyn Clock>>> = OnceLock::new();
static REFERENCE: &dyn Clock = &DIRECT;
static ATOMIC: AtomicPtr<&'static dyn Clock> =
    AtomicPtr::new(core::ptr::from_ref(&REFERENCE).cast_mut());
static FUNCTION: AtomicPtr<()> = AtomicPtr::new(now as fn(u64) -> u64 as *mut ());

/// The direct call: a function with the body in it, as shims and vtables' methods are.
#[inline(never)]
fn directly(clock: &Multiply, x: u64) -> u64 {
    clock.now(x)
}

/// The same for the longer body.
#[inline(never)]
fn work_directly(clock: &Multiply, x: u64) -> u64 {
    clock.work(x)
}

#[inline(never)]
fn now(x: u64) -> u64 {
    DIRECT.now(x)
}

#[inline(never)]
fn empty() {
    black_box(());
}

/// Eight copies of a loop.
macro_rules! copies {
    ($name:literal, |$x:ident| $call:expr) => {
        [
            copies!(@one $name, 0, $x, $call),
            copies!(@one $name, 1, $x, $call),
            copies!(@one $name, 2, $x, $call),
            copies!(@one $name, 3, $x, $call),
            copies!(@one $name, 4, $x, $call),
            copies!(@one $name, 5, $x, $call),
            copies!(@one $name, 6, $x, $call),
            copies!(@one $name, 7, $x, $call),
        ]
    };
    (@one $name:literal, $copy:literal, $x:ident, $call:expr) => {{
        #[inline(never)]
        fn run(calls: u64) -> u64 {
            static_call_benches::place!($name, $copy);
            let mut $x = 1;
            for _ in 0..calls {
                $x = $call;
            }
            $x
        }
        run
    }};
}

type Loops = [fn(u64) -> u64; 8];

static DIRECTLY: Loops = copies!(0, |x| directly(&DIRECT, x));
static CONTROL: Loops = copies!(1, |x| directly(&DIRECT, x));
static BOUND: Loops = copies!(2, |x| CLOCK.now(x));
static BOUND_ELSEWHERE: Loops = copies!(3, |x| SWAPPED.now(x));
static BY_ONCE: Loops = copies!(4, |x| ONCE.get().expect("it is set").now(x));
static BY_ARC_SWAP: Loops = copies!(5, |x| ARC_SWAP.get().expect("it is set").load().now(x));
static BY_RW_LOCK: Loops = copies!(6, |x| {
    let lock = RW_LOCK.get().expect("it is set");
    lock.read().expect("nobody panics").now(x)
});
static BY_ATOMIC: Loops = copies!(7, |x| {
    // SAFETY: the address of a reference in a static.
    unsafe { *ATOMIC.load(Ordering::Acquire) }.now(x)
});
static BY_FUNCTION: Loops = copies!(8, |x| {
    let function = FUNCTION.load(Ordering::Acquire);
    // SAFETY: the address of a function of this type.
    (unsafe { core::mem::transmute::<*mut (), fn(u64) -> u64>(function) })(x)
});
static EMPTY: Loops = copies!(9, |x| {
    empty();
    x + 1
});
static EMPTY_AGAIN: Loops = copies!(10, |x| {
    empty();
    x + 1
});
static UNBOUND: Loops = copies!(11, |x| {
    NOTHING.tick();
    x + 1
});

static WORK: Loops = copies!(12, |x| work_directly(&DIRECT, x));
static WORK_AGAIN: Loops = copies!(13, |x| work_directly(&DIRECT, x));
static WORK_BOUND: Loops = copies!(14, |x| CLOCK.work(x));
static WORK_BY_ATOMIC: Loops = copies!(15, |x| {
    // SAFETY: the address of a reference in a static.
    unsafe { *ATOMIC.load(Ordering::Acquire) }.work(x)
});

const VARIANTS: [(&str, &Loops); 9] = [
    ("direct call", &DIRECTLY),
    ("direct call again", &CONTROL),
    ("binding", &BOUND),
    ("binding, swapped before", &BOUND_ELSEWHERE),
    ("`OnceLock<Box<dyn Clock>>`", &BY_ONCE),
    ("`ArcSwap<Box<dyn Clock>>`", &BY_ARC_SWAP),
    ("`RwLock<Box<dyn Clock>>`", &BY_RW_LOCK),
    ("`AtomicPtr` to a static", &BY_ATOMIC),
    ("function pointer", &BY_FUNCTION),
];

const WORK_VARIANTS: [(&str, &Loops); 4] = [
    ("direct call, longer body", &WORK),
    ("direct call again", &WORK_AGAIN),
    ("binding, longer body", &WORK_BOUND),
    ("`AtomicPtr` to a static, longer body", &WORK_BY_ATOMIC),
];

const EMPTY_VARIANTS: [(&str, &Loops); 3] = [
    ("empty call", &EMPTY),
    ("empty call again", &EMPTY_AGAIN),
    ("binding to nothing", &UNBOUND),
];

fn measure(rounds: usize, way: &str, variants: &[(&str, &Loops)]) {
    const CALLS: u32 = 1000;
    let mut base = Vec::with_capacity(rounds);
    let mut ratios = vec![Vec::with_capacity(rounds); variants.len()];
    for round in 0..rounds {
        let times: Vec<f64> = variants
            .iter()
            .map(|(_, loops)| {
                let start = Instant::now();
                black_box(loops[round % 8](black_box(CALLS.into())));
                start.elapsed().as_secs_f64()
            })
            .collect();
        base.push(times[0]);
        for (ratios, time) in ratios.iter_mut().zip(&times) {
            ratios.push(time / times[0]);
        }
    }
    let base = Summary::of(&base).expect("there are rounds").median * 1e9 / f64::from(CALLS);
    println!("| {} | {way} | {base:.3} ns | | |", variants[0].0);
    for ((name, _), ratios) in variants.iter().zip(&ratios).skip(1) {
        let Summary {
            median, p10, p90, ..
        } = Summary::of(ratios).expect("there are rounds");
        println!("| {name} | {way} | {median:.2} | {p10:.2} | {p90:.2} |");
    }
}

/// One call at a time, after the caches were filled with something else: what a global
/// costs that is called now and then.
fn cold(calls: usize, variants: &[(&str, &Loops)]) {
    let mut other = vec![1_u64; (4 << 20) / 8];
    let mut times = vec![Vec::with_capacity(calls); variants.len()];
    for call in 0..calls {
        for ((_, loops), times) in variants.iter().zip(&mut times) {
            // Every line, and written, so that what was there is gone.
            for word in other.iter_mut().step_by(8) {
                *word = word.wrapping_add(1);
            }
            // The loop's own code is not what is measured.
            black_box(loops[call % 8](black_box(0)));
            let start = Instant::now();
            black_box(loops[call % 8](black_box(1)));
            times.push(start.elapsed().as_secs_f64() * 1e9);
        }
    }
    black_box(other);
    let base = Summary::of(&times[0]).expect("there are calls").median;
    for ((name, _), times) in variants.iter().zip(&times).skip(1) {
        let Summary {
            median, p10, p90, ..
        } = Summary::of(times).expect("there are calls");
        let above = [median, p10, p90].map(|time| time - base);
        println!(
            "| {name} | {:+.0} | {:+.0} | {:+.0} |",
            above[0], above[1], above[2]
        );
    }
}

fn swaps(rounds: usize, calling: &str) {
    let mut fixed = Vec::with_capacity(rounds);
    let mut boxed = Vec::with_capacity(rounds);
    let timed = |times: &mut Vec<f64>, work: &dyn Fn()| {
        let start = Instant::now();
        work();
        times.push(start.elapsed().as_secs_f64() * 1e6);
    };
    for round in 0..rounds {
        timed(&mut fixed, &|| {
            let to: &'static dyn Clock = if round % 2 == 0 { &OTHER } else { &DIRECT };
            SWITCH.swap(to).expect("the benchmark needs patching");
        });
        timed(&mut boxed, &|| {
            SWITCH
                .swap_boxed(Box::new(Add(1)))
                .expect("the benchmark needs patching");
        });
    }
    for (name, times) in [("`swap`", &fixed), ("`swap_boxed`", &boxed)] {
        let Summary {
            median, p10, p90, ..
        } = Summary::of(times).expect("there are rounds");
        println!("| {name} | {calling} | {median:.1} | {p10:.1} | {p90:.1} |");
    }
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { 80 } else { 4000 };
    let boxed = || Box::new(Multiply(DIRECT.0)) as Box<dyn Clock>;
    ONCE.set(boxed())
        .unwrap_or_else(|_| unreachable!("set once"));
    ARC_SWAP.get_or_init(|| ArcSwap::from_pointee(boxed()));
    RW_LOCK.get_or_init(|| RwLock::new(boxed()));
    // Or the compiler knows what is never stored.
    ATOMIC.store(
        black_box(core::ptr::from_ref(&REFERENCE).cast_mut()),
        Ordering::Release,
    );
    FUNCTION.store(
        black_box(now as fn(u64) -> u64 as *mut ()),
        Ordering::Release,
    );
    println!("| call | code | of a direct call | p10 | p90 |\n|---|---|---|---|---|");
    for (mode, way) in [(Mode::Off, "portable"), (Mode::Always, "patched")] {
        runtime::configure(Config::default().mode(mode)).expect("the mode is valid");
        runtime::retarget().expect("the benchmark needs patching");
        if mode == Mode::Always {
            SWAPPED.swap(&OTHER).expect("it can be swapped");
            SWAPPED.swap(&AGAIN).expect("it can be swapped");
        }
        measure(rounds, way, &VARIANTS);
        measure(rounds, way, &WORK_VARIANTS);
        measure(rounds, way, &EMPTY_VARIANTS);
    }
    println!("\n| one call, caches cold | ns above a direct call | p10 | p90 |\n|---|---|---|---|");
    cold(if quick { 50 } else { 1000 }, &VARIANTS);
    println!("\n| swap of three methods | other core | µs | p10 | p90 |\n|---|---|---|---|---|");
    swaps(rounds.min(1000), "idle");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let calling = scope.spawn(|| {
            let mut x = 1;
            while !stop.load(Ordering::Relaxed) {
                x = SWITCH.now(x);
            }
            black_box(x)
        });
        swaps(rounds.min(1000), "calling");
        stop.store(true, Ordering::Relaxed);
        drop(calling);
    });
}
