use static_call::static_dispatch;

#[static_dispatch(targets = 2)]
trait Codec {
    fn encode(&self) -> usize;
    fn name(&self) -> &str;
}

struct Lz4;

#[static_dispatch]
impl Codec for Lz4 {
    fn encode(&self) -> usize {
        4
    }
}

fn main() {}
