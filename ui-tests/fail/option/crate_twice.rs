use static_call::static_dispatch;

#[static_dispatch(crate = ::static_call, unsafe(crate = static_call))]
trait Codec {
    fn encode(&self, source: &[u8]) -> usize;
}

fn hot(codec: &dyn Codec) -> usize {
    codec.encode(b"abc")
}

fn main() {}
