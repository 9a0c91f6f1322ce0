use static_call::static_dispatch;

#[static_dispatch]
trait Codec {
    #[static_dispatch]
    fn encode(&self) -> usize;
}

struct Lz4;

#[static_dispatch]
impl Codec for Lz4 {
    #[static_dispatch(targets = 2)]
    fn encode(&self) -> usize {
        4
    }
}

fn main() {
    Lz4.encode();
}
