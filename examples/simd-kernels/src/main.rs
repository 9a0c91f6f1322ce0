//! Says which kernels were chosen, holds all sets against each other, and times them:
//! `cargo run --release -p static-call-example-simd-kernels`. With `--check` it does not
//! time them.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use static_call::{SwapError, runtime};
use static_call_example_simd_kernels::{KERNELS, Kernels, Scalar, is_same, sets};

/// Slices that are timed: short ones, where the call counts, and longer ones.
const LENGTHS: [usize; 3] = [16, 256, 4096];

fn main() -> ExitCode {
    match try_main() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn try_main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let times = match &*arguments {
        [] => true,
        [check] if check == "--check" => false,
        _ => return Err("there is one option, `--check`".into()),
    };
    // Kept for good, so that they can be bound by reference.
    let sets: Vec<&'static dyn Kernels> = sets().into_iter().map(|set| &*Box::leak(set)).collect();
    let names: Vec<_> = sets.iter().map(|set| set.name()).collect();
    println!("sets that this processor can run: {}", names.join(", "));
    println!("chosen: {}", KERNELS.name());

    runtime::retarget()?;
    for binding in runtime::report().bindings {
        println!("{}: {}, {}", binding.name, binding.state, binding.why);
    }

    let inputs = check(&sets)?;
    println!("results equal for all sets on {inputs} random inputs of 0 to 300 elements");

    if times {
        time(&sets)?;
    }
    Ok(())
}

/// Calls every set on random inputs; returns on how many.
fn check(sets: &[&'static dyn Kernels]) -> Result<usize, String> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut inputs = 0;
    for length in (0..=300).flat_map(|length| [length; 20]) {
        // Not always aligned.
        let from = random.usize(..8);
        let mut floats = |_| f32::from_bits(random.u32(..));
        let a: Vec<f32> = (0..from + length).map(&mut floats).collect();
        let b: Vec<f32> = (0..from + length).map(&mut floats).collect();
        let factor = floats(0);
        let bytes: Vec<u8> = (0..from + length).map(|_| random.u8(..16)).collect();
        let (a, b, bytes) = (&a[from..], &b[from..], &bytes[from..]);
        let wanted = run(&Scalar, factor, a, b, bytes);
        for set in sets {
            let given = run(*set, factor, a, b, bytes);
            if !given.is_same(&wanted) {
                return Err(format!(
                    "the set {} gives {given:?} where {wanted:?} is wanted",
                    set.name()
                ));
            }
        }
        inputs += 1;
    }
    Ok(inputs)
}

/// What all kernels of a set make of one input.
#[derive(Debug)]
struct Results {
    dot: f32,
    axpy: Vec<f32>,
    integers: (u64, usize, Option<usize>),
}

impl Results {
    fn is_same(&self, other: &Results) -> bool {
        is_same(self.dot, other.dot)
            && self
                .axpy
                .iter()
                .zip(&other.axpy)
                .all(|(a, b)| is_same(*a, *b))
            && self.integers == other.integers
    }
}

fn run(set: &dyn Kernels, factor: f32, a: &[f32], b: &[f32], bytes: &[u8]) -> Results {
    let mut axpy = b.to_vec();
    set.axpy(factor, a, &mut axpy);
    Results {
        dot: set.dot(a, b),
        axpy,
        integers: (set.sum(bytes), set.count(3, bytes), set.find(15, bytes)),
    }
}

/// Binds each set in turn, and prints what calls through the binding take.
fn time(sets: &[&'static dyn Kernels]) -> Result<(), SwapError> {
    print!("\nns per call   length");
    for set in sets {
        print!("{:>10}", set.name());
    }
    println!();
    let before = KERNELS.load();
    for length in LENGTHS {
        let floats = vec![0.5_f32; length];
        let mut sums = vec![0.5_f32; length];
        let bytes = vec![1_u8; length];
        let mut rows = [const { Vec::new() }; 5];
        for &set in sets {
            KERNELS.swap(set)?;
            let times = [
                per_call(|| KERNELS.dot(black_box(&floats), &floats)),
                per_call(|| KERNELS.axpy(black_box(0.5), &floats, &mut sums)),
                per_call(|| KERNELS.sum(black_box(&bytes))),
                per_call(|| KERNELS.count(black_box(2), &bytes)),
                per_call(|| KERNELS.find(black_box(2), &bytes)),
            ];
            for (row, time) in rows.iter_mut().zip(times) {
                row.push(time);
            }
        }
        for (kernel, row) in ["dot", "axpy", "sum", "count", "find"].iter().zip(rows) {
            print!("{kernel:<11} {length:>8}");
            for time in row {
                print!("{time:>10.1}");
            }
            println!();
        }
    }
    KERNELS.restore(&before)?;
    Ok(())
}

/// Nanoseconds, the least of some rounds.
fn per_call<R>(mut call: impl FnMut() -> R) -> f64 {
    const CALLS: u32 = 1_000;
    let round = || {
        let start = Instant::now();
        for _ in 0..CALLS {
            black_box(call());
        }
        start.elapsed()
    };
    let least = std::iter::repeat_with(round).take(20).min();
    least.map_or(0.0, |time: Duration| {
        time.as_secs_f64() * 1e9 / f64::from(CALLS)
    })
}
