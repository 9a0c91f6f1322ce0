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

#[static_dispatch]
trait Filter {
    fn apply(&self, x: u8) -> u8;
}

impl Filter for Lz4 {
    fn apply(&self, x: u8) -> u8 {
        x
    }
}

fn hot(filter: &dyn Filter) -> u8 {
    static_call!(filter.apply(1), inline = [Lz4])
}

fn main() {}
