#![deny(warnings)]

use static_call::{static_call, static_dispatch};

/// A codec.
#[static_dispatch(targets = 2)]
#[must_use]
#[doc(alias = "compressor")]
pub trait Codec {
    /// Not there.
    #[cfg(any())]
    fn absent(&self, argument: Missing) -> Missing;

    /// There.
    #[cfg(all())]
    #[inline]
    fn encode(&self, source: &[u8]) -> usize {
        source.len()
    }

    #[cfg(any())]
    #[static_dispatch(targets = 8)]
    fn absent_as_well(&self, argument: Missing);

    /// Checks.
    #[must_use = "the check is the point"]
    #[doc(alias = "verify")]
    fn check(&self, #[allow(unused)] level: u8) -> bool;

    /// Old.
    #[deprecated(note = "use `encode`")]
    fn encode_all(&self, source: Vec<u8>) -> usize;

    #[allow(clippy::too_many_arguments, non_snake_case)]
    #[cold]
    fn Last(&self, _a: u8, mut _b: u8) -> u32 {
        _b += 1;
        line!()
    }
}

struct Lz4;

#[cfg(all())]
#[static_dispatch]
impl Codec for Lz4 {
    fn check(&self, level: u8) -> bool {
        level > 1
    }
    fn encode_all(&self, source: Vec<u8>) -> usize {
        source.len()
    }
}

#[static_dispatch]
#[cfg(any())]
impl Codec for Absent {}

#[cfg(any())]
#[static_dispatch]
impl Codec for Absent {}

fn main() {
    let codec: &dyn Codec = &Lz4;
    assert_eq!(static_call!(codec.encode(b"abc")), 3);
    assert!(static_call!(codec.check(2)));
    #[allow(deprecated)]
    let encoded = static_call!(codec.encode_all(vec![1]));
    assert_eq!(encoded, 1);
    assert!(static_call!(codec.Last(1, 2)) > 0);
}
