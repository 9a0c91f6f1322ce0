use static_call::static_dispatch;

#[static_dispatch]
trait Codec {
    #[static_dispatch(apart)]
    fn encode(&self, source: &[u8]) -> usize;
}

fn hot(codec: &dyn Codec) -> usize {
    codec.encode(b"abc")
}

fn main() {}
