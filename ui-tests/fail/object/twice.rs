use static_call::static_dispatch;

#[static_dispatch(object = FastCodec, object = QuickCodec)]
trait Codec {
    #[static_dispatch]
    fn encode(&self, source: &[u8]) -> usize;
}

fn f(c: &dyn FastCodec) -> usize {
    c.encode(b"abc")
}

fn main() {}
