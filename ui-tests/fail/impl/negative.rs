use static_call::static_dispatch;

#[static_dispatch(targets = 2)]
trait Codec {
    fn encode(&self) -> usize;
}

struct Raw;

#[static_dispatch]
impl !Codec for Raw {}

fn plain(codec: &dyn Codec) -> usize {
    codec.encode()
}

fn main() {}
