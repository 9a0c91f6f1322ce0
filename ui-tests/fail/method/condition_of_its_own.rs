use static_call::static_dispatch;

#[static_dispatch]
trait Codec {
    #[static_dispatch]
    fn encode(&self, source: &[u8]) -> usize
    where
        Self: Sync;
}

fn main() {}
