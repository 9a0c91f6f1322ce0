//! Guards in a program of three crates: what they miss of a million calls, counted.

use std::process::ExitCode;

use shapes::Shape;
use solids::{Square, Triangle};
use static_call::runtime::{self, Config, Mode};
use static_call::static_call;

const CALLS: u64 = 1_000_000;

#[inline(never)]
fn sum(shapes: &[Box<dyn Shape>], times: u64) -> u64 {
    shapes.iter().fold(0, |sum, shape| {
        sum ^ static_call!(shape.area(times), inline = [Square, Triangle])
    })
}

#[inline(never)]
fn plain_sum(shapes: &[Box<dyn Shape>], times: u64) -> u64 {
    shapes
        .iter()
        .fold(0, |sum, shape| sum ^ shape.area(times))
}

fn main() -> ExitCode {
    // More misses than there are calls, so that all of them would be counted.
    let config = Config::default().mode(Mode::Always).misses(1_000_000);
    runtime::configure(config).expect("it is valid");
    let shapes: Vec<_> = (0..1000)
        .map(|side| match side % 4 {
            0 => solids::triangle(side),
            _ => solids::square(side),
        })
        .collect();
    for times in 0..4 {
        assert_eq!(sum(&shapes, times), plain_sum(&shapes, times));
        runtime::retarget().expect("nothing is refused");
    }
    let before = runtime::sites().remove(0).misses;
    for times in 0..CALLS / 1000 {
        assert_eq!(sum(&shapes, times), plain_sum(&shapes, times));
    }
    let site = runtime::sites().remove(0);
    let missed = site.misses - before;
    // Misses are counted: here are ten.
    let strangers: Vec<_> = (0..10).map(solids::strip).collect();
    assert_eq!(sum(&strangers, 3), plain_sum(&strangers, 3));
    let counted = runtime::sites().remove(0).misses - site.misses;
    let inlined: Vec<_> = site.targets.iter().filter(|one| one.inlined).collect();
    #[expect(clippy::cast_precision_loss, reason = "a percentage")]
    let rate = 100.0 * (1.0 - missed as f64 / CALLS as f64);
    println!("{missed} of {CALLS} calls missed their guards: a hit rate of {rate:.4} %");
    let proved = rate > 99.9 && counted == 10 && inlined.len() == 2;
    if !proved {
        println!("{counted} of 10 strangers counted: {site:#?}");
    }
    ExitCode::from(u8::from(!proved))
}
