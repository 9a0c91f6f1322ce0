// One mistake, one message, although everything below needs the trait.
use static_call::{static_call, static_dispatch};

#[static_dispatch]
pub trait Codec {
    #[static_dispatch]
    fn encode(&self, source: &[u8]) -> usize;
    #[static_dispatch]
    fn finish(self: Box<Self>) -> usize;
}

struct Lz4;

#[static_dispatch]
impl Codec for Lz4 {
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
    fn finish(self: Box<Self>) -> usize {
        0
    }
}

fn hot(codec: Box<dyn Codec>) -> usize {
    static_call!(codec.encode(b"abc")) + codec.finish()
}

fn main() {
    hot(Box::new(Lz4));
}
