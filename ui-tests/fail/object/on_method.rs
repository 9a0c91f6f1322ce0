use static_call::static_dispatch;

#[static_dispatch]
trait Codec {
    #[static_dispatch(object = FastCodec)]
    fn encode(&self, source: &[u8]) -> usize;
}

fn main() {}
