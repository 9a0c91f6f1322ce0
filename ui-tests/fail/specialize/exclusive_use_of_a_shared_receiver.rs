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

#[static_dispatch(targets = 1)]
trait Resets {
    fn reset(&mut self);
}

impl Resets for Lz4 {
    fn reset(&mut self) {}
}

fn hot(codec: &(dyn Resets + 'static)) -> () {
    specialize!(codec: [Lz4] in { codec.reset() })
}

fn main() {}
