use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Codec {
    #[static_dispatch(targets = 2)]
    fn encode(&self, source: &[u8]) -> usize;
}

struct Lz4;

impl Codec for Lz4 {
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
}

struct Kind<const N: usize>;

impl<const N: usize> Codec for Kind<N> {
    fn encode(&self, source: &[u8]) -> usize {
        source.len() + N
    }
}

fn hot(codec: &dyn Codec) -> usize {
    static_call!(codec.encode(b"abc"), inline = [Kind<0>, Kind<1>, Kind<2>, Kind<3>, Kind<4>, Kind<5>, Kind<6>, Kind<7>, Kind<8>])
}

fn main() {}
