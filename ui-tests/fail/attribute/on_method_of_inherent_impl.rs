use static_call::static_dispatch;

struct Lz4;

impl Lz4 {
    #[static_dispatch]
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
}

fn main() {
    Lz4.encode(b"abc");
}
