use static_call::static_dispatch;

#[static_dispatch(apart, targets = 2, apart)]
trait Codec {
    fn encode(&self, source: &[u8]) -> usize;
}

fn hot(codec: &dyn Codec) -> usize {
    codec.encode(b"abc")
}

fn main() {}
