// One mistake, one message, although everything below needs the trait.
use static_call::{static_call, static_dispatch};

#[static_dispatch]
pub trait Codec: Send {
    #[static_dispatch(targets = 12)]
    fn encode(&self, source: &[u8]) -> usize;
    fn name(&self) -> &str {
        "codec"
    }
}

struct Lz4;

#[static_dispatch]
impl Codec for Lz4 {
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
}

fn hot(codec: &dyn Codec) -> usize {
    static_call!(codec.encode(b"abc"))
}

fn generic<T: Codec + ?Sized>(codec: &T) -> usize {
    codec.encode(codec.name().as_bytes())
}

fn main() {
    hot(&Lz4);
    generic(&Lz4);
}
