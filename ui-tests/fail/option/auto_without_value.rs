use static_call::static_dispatch;

#[static_dispatch(auto)]
trait Codec {
    #[static_dispatch]
    fn encode(&self, source: &[u8]) -> usize;
}

fn main() {}
