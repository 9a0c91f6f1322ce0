use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Codec {
    #[static_dispatch(targets = 2)]
    fn encode(&self, source: &[u8], level: u8) -> usize;
}

fn plain(codec: &dyn Codec) -> usize {
    codec.encodee(b"abc", 1)
}

fn hot(codec: &dyn Codec) -> usize {
    static_call!(codec.encodee(b"abc", 1))
}

fn main() {}
