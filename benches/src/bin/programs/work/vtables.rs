//! One type, listed, with two vtables in one program: objects made here and in another
//! crate, which is what generic code and codegen units bring about anywhere.

use static_call_bench_bodies::{Body, Kind0};
use static_call_benches::stats::Shuffle;

use crate::program::{Program, Size, Work};

pub(super) const PROGRAMS: [Program; 1] = [Program::new(
    "two-vtables",
    "one listed type, half of its objects made in another crate",
    |size| Ok(Box::new(Bodies::new(size))),
)];

#[inline(never)]
fn step(bodies: &[&'static dyn Body], mut x: u64) -> u64 {
    mark!();
    for body in bodies {
        x = call!(body.step(x), inline = [Kind0]);
    }
    x
}

struct Bodies {
    bodies: Vec<&'static dyn Body>,
}

impl Bodies {
    fn new(size: Size) -> Self {
        static HERE: Kind0 = Kind0::new();
        let [elsewhere, ..] = static_call_bench_elsewhere::objects();
        let mut shuffle = Shuffle::new(8);
        let bodies = (0..size.of(20_000)).map(|_| match shuffle.below(2) {
            0 => &HERE as &dyn Body,
            _ => elsewhere,
        });
        Bodies {
            bodies: bodies.collect(),
        }
    }
}

impl Work for Bodies {
    fn run(&mut self) -> u64 {
        step(&self.bodies, 1)
    }
}
