use static_call::static_dispatch;

#[static_dispatch]
trait Codec {
    #[static_dispatch]
    fn encode(&self, source: &[u8]) -> usize;
}

#[static_dispatch(object = FastCodec)]
impl Codec for u8 {
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
}

fn main() {}
