//! What a forced chain costs where a method's result is more than registers hold, or no
//! number by its spelling: `cargo run --release -p static-call-benches --bin wide-results`.
//!
//! Every loop stands in four copies at different places, orders are new in each round, and
//! rounds alternate. Each chain is published for the mix that it is measured on.

use std::hint::black_box;
use std::time::Instant;

use static_call::runtime::{self, Config, Mode, State};
use static_call::{static_call, static_dispatch};
use static_call_benches::stats::{Shuffle, Summary};

/// A number by another name.
#[derive(Clone, Copy)]
pub struct Narrow(u32);

/// Results of several sizes.
#[static_dispatch(targets = 2)]
pub trait Probe<T> {
    /// 24 bytes.
    fn two(&self, x: f64) -> Option<[f64; 2]>;
    /// 32 bytes.
    fn three(&self, x: f64) -> Option<[f64; 3]>;
    /// 40 bytes.
    fn text(&self, x: f64) -> Result<String, [u64; 4]>;
    /// 16 bytes, two numbers.
    fn pair(&self, x: f64) -> (f64, f64);
    /// 4 bytes.
    fn narrow(&self, x: f64) -> Narrow;
    /// 8 bytes.
    fn generic(&self, x: f64) -> T;
    /// 48 bytes of argument.
    fn taken(&self, x: [f64; 6]) -> f64;
}

/// What most objects are.
pub struct Near(f64);
/// What the others are.
pub struct Far(f64);

macro_rules! probe {
    ($ty:ident, $compare:tt, $factor:literal) => {
        impl Probe<u64> for $ty {
            fn two(&self, x: f64) -> Option<[f64; 2]> {
                (x $compare self.0).then_some([x, self.0 * $factor])
            }
            fn three(&self, x: f64) -> Option<[f64; 3]> {
                (x $compare self.0).then_some([x, self.0, x * $factor])
            }
            fn text(&self, x: f64) -> Result<String, [u64; 4]> {
                Err([x.to_bits(), self.0.to_bits(), 3, (x * $factor).to_bits()])
            }
            fn pair(&self, x: f64) -> (f64, f64) {
                (x * $factor, self.0)
            }
            #[allow(clippy::cast_possible_truncation, reason = "the lower half will do")]
            fn narrow(&self, x: f64) -> Narrow {
                Narrow(((x * $factor).to_bits() >> 32 ^ self.0.to_bits()) as u32)
            }
            fn generic(&self, x: f64) -> u64 {
                (x * $factor).to_bits() ^ self.0.to_bits()
            }
            fn taken(&self, x: [f64; 6]) -> f64 {
                x[0] + x[5] * self.0 * $factor
            }
        }
    };
}
probe!(Near, <, 2.0);
probe!(Far, >, 3.0);

type Object = dyn Probe<u64>;

/// The same by hand, for one method, without a switch in front of it.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod by_hand {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{Far, Near, Object, Probe};

    type Result = Option<[f64; 3]>;

    static NEAR: AtomicUsize = AtomicUsize::new(0);
    static FAR: AtomicUsize = AtomicUsize::new(0);

    #[unsafe(link_section = "static_call_text")]
    unsafe fn shim_of_near(near: &Near, _: usize, x: f64) -> Result {
        near.three(x)
    }

    #[unsafe(link_section = "static_call_text")]
    unsafe fn shim_of_far(far: &Far, _: usize, x: f64) -> Result {
        far.three(x)
    }

    unsafe fn fallback(object: &Object, x: f64) -> Result {
        object.three(x)
    }

    #[unsafe(naked)]
    #[unsafe(link_section = "static_call_text")]
    unsafe extern "C-unwind" fn trampoline() {
        core::arch::naked_asm!(
            ".balign 64",
            "cmp rdx, qword ptr [rip + {near}]",
            "je {shim_of_near}",
            "cmp rdx, qword ptr [rip + {far}]",
            "je {shim_of_far}",
            "jmp {fallback}",
            near = sym NEAR,
            far = sym FAR,
            shim_of_near = sym shim_of_near,
            shim_of_far = sym shim_of_far,
            fallback = sym fallback,
        )
    }

    #[inline(always)]
    pub(super) fn three(object: &Object, x: f64) -> Result {
        type Function = unsafe fn(&Object, f64) -> Result;
        // SAFETY: it leads to functions of this type, that of the object's own type if a
        // key says so, whose receiver is the first of the object's two words.
        unsafe {
            core::mem::transmute::<unsafe extern "C-unwind" fn(), Function>(trampoline)(object, x)
        }
    }

    pub(super) fn publish() {
        let vtable = |object: &Object| {
            // SAFETY: a reference to an object is two words, the second one the vtable's address.
            let words = unsafe { core::mem::transmute::<&Object, [usize; 2]>(object) };
            words[1]
        };
        NEAR.store(vtable(&Near(0.0)), Ordering::Relaxed);
        FAR.store(vtable(&Far(0.0)), Ordering::Relaxed);
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
mod by_hand {
    use super::Object;

    pub(super) fn three(object: &Object, x: f64) -> Option<[f64; 3]> {
        object.three(x)
    }

    pub(super) fn publish() {}
}
type Loop = fn(&[&Object]) -> u64;

/// Calls in a round of one copy.
const CALLS: usize = 2048;

/// Four copies of a loop that adds up what `call` says. With more of them the trampolines
/// fill a page, and jumps leave it.
macro_rules! copies {
    ($name:literal, |$object:ident, $x:ident| $call:expr) => {
        copies!(@all $name, $object, $x, $call, 0 2 4 6)
    };
    (@all $name:literal, $object:ident, $x:ident, $call:expr, $($copy:literal)*) => {
        [$({
            #[inline(never)]
            fn run(objects: &[&Object]) -> u64 {
                static_call_benches::place!($name, $copy);
                let $x = black_box(3.0);
                let mut sum = 0_u64;
                for &$object in objects {
                    sum = sum.wrapping_add($call);
                }
                sum
            }
            run as Loop
        }),*]
    };
}

/// The same loop on plain calls, on plain calls again, and on a site's.
struct Row {
    name: &'static str,
    loops: [[Loop; 4]; 3],
    /// The last is written by hand, and has no sites.
    is_by_hand: bool,
}

/// `row!(0 1 2 "title", |object, x| method(arguments), |result| number)`, with numbers that no
/// other loop has.
macro_rules! row {
    (
        $plain:literal $again:literal $chain:literal $name:literal,
        |$object:ident, $x:ident| $method:ident($argument:expr),
        |$result:ident| $number:expr
    ) => {
        Row {
            name: $name,
            loops: [
                copies!($plain, |$object, $x| {
                    let $result = $object.$method($argument);
                    $number
                }),
                copies!($again, |$object, $x| {
                    let $result = $object.$method($argument);
                    $number
                }),
                copies!($chain, |$object, $x| {
                    let $result = static_call!($object.$method($argument));
                    $number
                }),
            ],
            is_by_hand: false,
        }
    };
}

macro_rules! by_hand {
    ($plain:literal $again:literal $chain:literal $name:literal, |$result:ident| $number:expr) => {
        Row {
            name: $name,
            loops: [
                copies!($plain, |object, x| {
                    let $result = object.three(x);
                    $number
                }),
                copies!($again, |object, x| {
                    let $result = object.three(x);
                    $number
                }),
                copies!($chain, |object, x| {
                    let $result = by_hand::three(object, x);
                    $number
                }),
            ],
            is_by_hand: true,
        }
    };
}

fn rows() -> [Row; 11] {
    [
        row!(0 1 2 "`Option<[f64; 2]>`, used", |object, x| two(x),
            |result| result.map_or(0, |all| all[1].to_bits())),
        row!(3 4 5 "`Option<[f64; 2]>`, `is_some`", |object, x| two(x),
            |result| u64::from(result.is_some())),
        row!(6 7 8 "`Option<[f64; 3]>`, used", |object, x| three(x),
            |result| result.map_or(0, |all| all[0].to_bits())),
        row!(9 10 11 "`Option<[f64; 3]>`, `is_some`", |object, x| three(x),
            |result| u64::from(result.is_some())),
        row!(12 13 14 "`Result<String, [u64; 4]>`", |object, x| text(x),
            |result| result.map_or_else(|all| all[3], |text| text.len() as u64)),
        row!(15 16 17 "`(f64, f64)`", |object, x| pair(x), |result| result.0.to_bits()),
        row!(18 19 20 "a struct of a `u32`", |object, x| narrow(x), |result| result.0.into()),
        row!(21 22 23 "a `T` that is a `u64`", |object, x| generic(x), |result| result),
        row!(24 25 26 "an argument of 48 bytes", |object, x| taken([x; 6]),
            |result| result.to_bits()),
        by_hand!(27 28 29 "`Option<[f64; 3]>`, used, by hand without a switch",
            |result| result.map_or(0, |all| all[0].to_bits())),
        by_hand!(30 31 32 "`Option<[f64; 3]>`, `is_some`, by hand without a switch",
            |result| u64::from(result.is_some())),
    ]
}

/// Objects of which so many in a hundred are near.
fn order(near: usize, shuffle: &mut Shuffle) -> Vec<&'static Object> {
    static NEAR: [Near; 7] = [
        Near(0.0),
        Near(1.0),
        Near(2.0),
        Near(3.5),
        Near(4.0),
        Near(5.0),
        Near(6.0),
    ];
    static FAR: [Far; 7] = [
        Far(0.0),
        Far(1.0),
        Far(2.0),
        Far(3.5),
        Far(4.0),
        Far(5.0),
        Far(6.0),
    ];
    (0..CALLS)
        .map(|index| {
            if shuffle.below(100) < near {
                &NEAR[index % 7] as &Object
            } else {
                &FAR[index % 7]
            }
        })
        .collect()
}

/// Learns anew, until each site that was called has a chain of so many types.
fn publish(row: &Row, near: usize, targets: usize) {
    let mode = |mode| {
        runtime::configure(Config::default().mode(mode)).expect("a valid configuration");
        runtime::retarget().expect("code can be patched here");
    };
    if row.is_by_hand {
        by_hand::publish();
        return;
    }
    mode(Mode::Off);
    mode(Mode::Always);
    let mut shuffle = Shuffle::new(7);
    for _ in 0..50 {
        for run in row.loops[2] {
            black_box(run(&order(near, &mut shuffle)));
        }
        runtime::retarget().expect("code can be patched here");
        let sites = runtime::sites();
        let chained = sites.iter().filter(|site| {
            let in_chain = site.targets.iter().filter(|target| target.in_chain);
            site.state == State::Patched && in_chain.count() == targets
        });
        if chained.count() == 4 {
            return;
        }
    }
    panic!("no chains: {:#?}", runtime::sites());
}

fn measure(row: &Row, (mix, near, targets): (&str, usize, usize), rounds: usize) {
    publish(row, near, targets);
    let mut shuffle = Shuffle::new(1);
    let (mut plain, mut again, mut chain) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let order = order(near, &mut shuffle);
        let (mut times, mut sums) = ([0.0; 3], [0; 3]);
        for turn in 0..3 {
            let which = (turn + round) % 3;
            let start = Instant::now();
            sums[which] = row.loops[which][round / 3 % 4](black_box(&order));
            times[which] = start.elapsed().as_secs_f64();
        }
        assert_eq!([sums[0]; 3], sums, "{}", row.name);
        plain.push(times[0]);
        again.push(times[1] / times[0]);
        chain.push(times[2] / times[0]);
    }
    let summary = |samples: &[f64]| Summary::of(samples).expect("there are rounds");
    #[allow(clippy::cast_precision_loss, reason = "two thousand")]
    let nanoseconds = summary(&plain).median * 1e9 / CALLS as f64;
    let (again, chain) = (summary(&again).median, summary(&chain));
    println!(
        "| {} | {mix} | {nanoseconds:.2} ns | {again:.2} | {:.2} | {:.2} | {:.2} |",
        row.name, chain.median, chain.p10, chain.p90
    );
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { 48 } else { 3000 };
    println!(
        "| result | mix | plain call | again | chain | p10 | p90 |\n|---|---|---|---|---|---|---|"
    );
    for mix in [("one type", 100, 1), ("80/20", 80, 2)] {
        for row in rows() {
            measure(&row, mix, rounds);
        }
    }
}
