use static_call::static_dispatch;

#[static_dispatch]
trait Codec {
    #[static_dispatch(inline = [Lz4, Lz4])]
    fn encode(&self, source: &[u8]) -> usize;
}

struct Lz4;

impl Codec for Lz4 {
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
}

fn main() {}
