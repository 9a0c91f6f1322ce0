use static_call::{specialize, static_dispatch};

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

trait Filter {
    fn apply(&self, x: u8) -> u8;
}

impl Filter for Lz4 {
    fn apply(&self, x: u8) -> u8 {
        x
    }
}

fn hot(filter: &(dyn Filter + 'static)) -> u8 {
    specialize!(filter: [Lz4] in { filter.apply(1) })
}

fn main() {}
