// One mistake, one message, although everything below needs the trait.
use static_call::{static_call, static_dispatch};

#[static_dispatch(target = 2)]
pub trait Codec {
    fn encode(&self, source: &[u8]) -> usize;
}

struct Lz4;

#[static_dispatch]
impl Codec for Lz4 {
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
}

fn hot(codec: &dyn Codec) -> usize {
    static_call!(codec.encode(b"abc"))
}

fn main() {
    hot(&Lz4);
}
