//! A framework passes static-call on under a path of its own.
extern crate core as static_call;

pub mod framework {
    pub extern crate static_call as inner;

    pub mod reexports {
        pub use super::inner as fast;
    }
}

use framework::reexports::fast;

#[fast::static_dispatch(unsafe(crate = crate::framework::reexports::fast))]
trait Codec {
    #[fast::static_dispatch(targets = 3)]
    fn encode(&self, source: &[u8]) -> usize;
}

struct Lz4;

#[fast::static_dispatch(unsafe(crate = fast))]
impl Codec for Lz4 {
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }
}

fn main() {
    let codec: &dyn Codec = &Lz4;
    assert_eq!(fast::static_call!(codec.encode(b"abc")), 3);
}
