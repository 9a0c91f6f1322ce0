use static_call::static_dispatch;

#[static_dispatch(targets = 2)]
trait Codec {
    fn encode(&self) -> usize;
}

struct Framed<T>(T);

#[static_dispatch]
impl<T: Codec> Codec for Framed<T> {
    fn encode(&self) -> usize {
        self.0.encode() + 4
    }
}

fn main() {}
