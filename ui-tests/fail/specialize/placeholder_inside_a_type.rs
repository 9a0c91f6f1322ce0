// Each `_` might be another type, and one would be read as the other.
#![forbid(unsafe_code)]
use static_call::{specialize, static_dispatch};

#[static_dispatch]
pub trait Weigh {
    #[static_dispatch]
    fn weigh(&self) -> u64;
}

pub struct Crate<T>(T);

impl Weigh for Crate<u64> {
    fn weigh(&self) -> u64 {
        self.0
    }
}

trait Label {
    fn label(&self) -> usize;
}

impl Label for dyn Weigh {
    fn label(&self) -> usize {
        0
    }
}

impl Label for Crate<String> {
    fn label(&self) -> usize {
        self.0.len()
    }
}

macro_rules! hidden {
    () => { Crate<_> };
}

fn hot(weigh: &(dyn Weigh + 'static)) -> usize {
    specialize!(weigh: [Crate<_>] in { Label::label(weigh) })
        + specialize!(weigh: [hidden!()] in { Label::label(weigh) })
}

fn main() {}
