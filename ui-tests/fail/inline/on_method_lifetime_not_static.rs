use static_call::static_dispatch;

#[static_dispatch]
trait Codec<'a> {
    #[static_dispatch(inline = [Borrowed<'a>])]
    fn encode(&self, source: &[u8]) -> usize;
}

struct Borrowed<'a>(&'a [u8]);

impl<'a> Codec<'a> for Borrowed<'a> {
    fn encode(&self, source: &[u8]) -> usize {
        source.len() + self.0.len()
    }
}

struct Lz4;

impl<'a> Codec<'a> for Lz4 {
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
}

fn main() {}
