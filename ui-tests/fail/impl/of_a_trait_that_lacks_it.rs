use static_call::static_dispatch;

trait Codec {
    fn encode(&self) -> usize;
}

struct Lz4;

#[static_dispatch]
impl Codec for Lz4 {
    fn encode(&self) -> usize {
        4
    }
}

fn main() {
    Lz4.encode();
}
