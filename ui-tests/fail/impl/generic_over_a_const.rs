use static_call::static_dispatch;

#[static_dispatch(targets = 2)]
trait Codec {
    fn encode(&self) -> usize;
}

struct Padded<const N: usize>;

#[static_dispatch]
impl<const N: usize> Codec for Padded<N> {
    fn encode(&self) -> usize {
        N
    }
}

fn main() {
    Padded::<4>.encode();
}
