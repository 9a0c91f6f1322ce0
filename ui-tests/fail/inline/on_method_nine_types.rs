use static_call::static_dispatch;

#[static_dispatch]
trait Codec {
    #[static_dispatch(inline = [u8, u16, u32, u64, u128, i8, i16, i32, i64])]
    fn encode(&self, source: &[u8]) -> usize;
}

struct Lz4;

impl Codec for Lz4 {
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
}

fn main() {}
