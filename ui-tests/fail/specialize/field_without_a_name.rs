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

fn hot(codec: (&'static dyn Codec,)) -> usize {
    specialize!(codec.0: [Lz4] in { codec.encode(b"abc") })
}

fn main() {}
