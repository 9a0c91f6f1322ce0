//! `::static_call` is something else here: only `crate = path` finds the runtime.
extern crate core as static_call;
extern crate static_call as devirt;

use devirt::{static_call, static_dispatch};

#[static_dispatch(crate = ::devirt, targets = 2)]
trait Codec {
    fn encode(&self, source: &[u8]) -> usize;
    fn label(&self, prefix: String) -> String;
}

struct Lz4;

#[static_dispatch(unsafe(crate = devirt))]
impl Codec for Lz4 {
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
    fn label(&self, prefix: String) -> String {
        prefix + "lz4"
    }
}

fn main() {
    let codec: &dyn Codec = &Lz4;
    assert_eq!(static_call!(codec.encode(b"abc")), 3);
    assert_eq!(static_call!(codec.label("a ".to_owned())), "a lz4");
    assert_eq!(::static_call::mem::size_of::<u8>(), 1);
}
