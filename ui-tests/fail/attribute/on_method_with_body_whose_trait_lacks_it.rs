use static_call::static_dispatch;

trait Codec {
    #[static_dispatch]
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
}

fn hot(codec: &dyn Codec) -> usize {
    codec.encode(b"abc")
}

fn main() {}
