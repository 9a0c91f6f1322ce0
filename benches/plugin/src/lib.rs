//! A plugin with a type that the benchmarks' host does not know.

use static_call::static_dispatch;
use static_call_bench_bodies::Body;

static_call::export_plugin! {
    "foreign" => fn() -> Box<dyn Body> { Box::new(Foreign { factor: 0xD134_2543_DE82_EF95, last: 0 }) },
}

/// As one of the host's kinds.
struct Foreign {
    factor: u64,
    last: u64,
}

impl Foreign {
    fn once(&self, x: u64) -> u64 {
        x.wrapping_mul(self.factor.rotate_left(31) | 1)
    }

    fn rounds(&self, mut x: u64, rounds: usize) -> u64 {
        for _ in 0..rounds {
            x = self.once(x ^ (x >> 29));
        }
        x
    }
}

#[static_dispatch]
impl Body for Foreign {
    fn step(&self, x: u64) -> u64 {
        self.once(x)
    }

    fn step_of_four(&self, x: u64) -> u64 {
        self.once(x)
    }

    fn step_mut(&mut self, x: u64) -> u64 {
        self.last = x;
        self.once(x)
    }

    fn medium(&self, x: u64) -> u64 {
        self.rounds(x, 4)
    }

    fn large(&self, x: u64) -> u64 {
        self.rounds(x, 30)
    }
}
