use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Codec {
    #[static_dispatch]
    fn encode(&self, source: &[u8], level: u8) -> usize;
}

fn hot(codec: &(dyn Codec + Unpin)) -> usize {
    static_call!(codec.encode(b"abc", 1))
}

fn main() {}
