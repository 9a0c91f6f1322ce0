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

struct Wrap<T>(T);

impl<T: Into<usize> + Copy> Codec for Wrap<T> {
    fn encode(&self, source: &[u8]) -> usize {
        source.len() + self.0.into()
    }
}

fn hot<T: Into<usize> + Copy + 'static>(codec: &dyn Codec) -> usize {
    static_call!(codec.encode(b"abc"), inline = [Wrap<T>])
}

fn main() {}
