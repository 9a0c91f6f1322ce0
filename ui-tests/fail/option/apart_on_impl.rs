use static_call::static_dispatch;

#[static_dispatch]
trait Codec {
    #[static_dispatch]
    fn encode(&self, source: &[u8]) -> usize;
}

struct Copy;

#[static_dispatch(apart)]
impl Codec for Copy {
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
}

fn main() {}
