use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Codec {
    #[static_dispatch(targets = 2)]
    fn encode(&self, source: &[u8], level: u8) -> usize;
    #[static_dispatch]
    fn reset(&mut self);
    fn name(&self) -> &str;
}

struct Lz4;

#[static_dispatch]
impl Codec for Lz4 {
    fn encode(&self, source: &[u8], _level: u8) -> usize {
        source.len()
    }
    fn reset(&mut self) {}
    fn name(&self) -> &str {
        "lz4"
    }
}

fn hot(codec: &Lz4) -> usize {
    static_call!(codec.encode(b"abc", 1))
}

fn main() {}
