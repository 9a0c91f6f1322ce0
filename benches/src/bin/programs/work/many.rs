//! A program with a thousand call sites, in use one after the other.

use static_call_bench_bodies::{Body, Kind0, Kind1};
use static_call_benches::stats::Shuffle;

use crate::program::{Program, Size, Work};

pub(super) const PROGRAMS: [Program; 1] = [Program::new(
    "thousand-sites",
    "1,024 calls in a row, each a call site that meets one type (64 in debug builds)",
    |size| Ok(Box::new(Row::new(size))),
)];

type Bodies = [&'static dyn Body; CALLS];

// `fn all(bodies: &Bodies, x: u64) -> u64`, the functions that it calls, and how many
// `CALLS` there are in them; see the build script.
include!(concat!(env!("OUT_DIR"), "/many.rs"));

struct Row {
    bodies: Box<Bodies>,
    rounds: usize,
}

impl Row {
    fn new(size: Size) -> Self {
        static FIRST: Kind0 = Kind0::new();
        static SECOND: Kind1 = Kind1::new();
        let mut shuffle = Shuffle::new(13);
        let mut body = || match shuffle.below(2) {
            0 => &FIRST as &dyn Body,
            _ => &SECOND,
        };
        Row {
            bodies: Box::new(std::array::from_fn(|_| body())),
            rounds: size.of(10),
        }
    }
}

impl Work for Row {
    fn run(&mut self) -> u64 {
        (0..self.rounds).fold(1, |x, _| all(&self.bodies, x))
    }
}
