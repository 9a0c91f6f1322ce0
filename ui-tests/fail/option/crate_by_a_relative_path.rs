use static_call::static_dispatch;

#[static_dispatch(crate = static_call)]
trait Codec {
    #[static_dispatch]
    fn encode(&self, source: &[u8]) -> usize;
}

fn main() {}
