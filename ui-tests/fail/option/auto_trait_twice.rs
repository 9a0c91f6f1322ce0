use static_call::static_dispatch;

#[static_dispatch(auto = [Unpin, ::core::marker::Unpin])]
trait Codec {
    #[static_dispatch]
    fn encode(&self, source: &[u8]) -> usize;
}

fn main() {}
