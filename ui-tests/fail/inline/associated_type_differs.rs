use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Codec {
    #[static_dispatch(targets = 2)]
    fn encode(&self, source: &[u8]) -> usize;
}

struct Lz4;

impl Codec for Lz4 {
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
}

#[static_dispatch(targets = 2)]
trait Filter {
    type Sample;
    fn apply(&self, x: Self::Sample) -> Self::Sample;
}

impl Filter for Lz4 {
    type Sample = u8;
    fn apply(&self, x: u8) -> u8 {
        x
    }
}

fn hot(filter: &dyn Filter<Sample = u16>) -> u16 {
    static_call!(filter.apply(1), inline = [Lz4])
}

fn main() {}
