use static_call::static_dispatch;

#[static_dispatch]
trait Codec {
    #[static_dispatch(targets = TARGETS)]
    fn encode(&self, source: &[u8]) -> usize;
}

const TARGETS: u8 = 2;

fn hot(codec: &dyn Codec) -> usize {
    codec.encode(b"abc")
}

fn main() {}
