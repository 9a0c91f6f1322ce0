use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Codec {
    #[static_dispatch(targets = 2)]
    fn encode(&self, source: &[u8], level: u8) -> usize;
}

fn plain(codec: &dyn Codec) -> usize {
    codec.encode(b"abc", 1, 2)
}

fn hot(codec: &dyn Codec) -> usize {
    static_call!(codec.encode(b"abc", 1, 2))
}

fn main() {}
