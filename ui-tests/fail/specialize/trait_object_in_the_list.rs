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

fn hot(codec: &(dyn Codec + 'static)) -> usize {
    specialize!(codec: [dyn Codec] in { codec.encode(b"abc") })
}

fn main() {}
