use static_call::static_dispatch;

#[static_dispatch(targets = 2)]
trait Codec {
    fn encode(&self) -> usize;
}

#[static_dispatch]
impl Codec for [u8] {
    fn encode(&self) -> usize {
        self.len()
    }
}

fn main() {
    b"abc".as_slice().encode();
}
