use std::fmt::Debug;

use static_call::static_dispatch;

#[static_dispatch(object = FastCodec)]
trait Codec: Debug {
    #[static_dispatch]
    fn encode(&self, source: &[u8]) -> usize;
}

impl<T: Debug + ?Sized> Codec for T {
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
}

fn main() {}
