//! `$level` is `1 + 2`; twice that is 6, not 4.
use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Codec {
    #[static_dispatch]
    fn encode(&self, source: &[u8], level: u8) -> usize;
}

struct Lz4;

impl Codec for Lz4 {
    fn encode(&self, source: &[u8], level: u8) -> usize {
        source.len() + usize::from(level)
    }
}

macro_rules! on_receiver {
    ($receiver:expr) => {
        static_call!($receiver.encode(b"abc", 0))
    };
}

macro_rules! typed {
    ($size:ty, $byte:literal, $one:pat) => {
        static_call!(Lz4.as_codec().encode(
            &[0; 2 as $size as usize],
            match $byte {
                $one => ($byte as i8).unsigned_abs(),
                _ => 9,
            },
        ))
    };
}

macro_rules! blocks {
    ($block:block, $condition:expr) => {
        static_call!(Lz4.as_codec().encode(&[], if $condition $block else { 9 }))
    };
}

// An expression stays one, whatever stands around it.
macro_rules! precedence {
    ($level:expr) => {
        static_call!(
            Lz4.as_codec()
                .encode(&[0; 2 * $level], u8::MAX & 3 * $level)
        ) + static_call!(Lz4.as_codec().encode(&vec![0; 3 * $level], 0))
    };
}

macro_rules! implement_with_level {
    ($ty:ident, $level:expr) => {
        struct $ty;

        #[static_dispatch]
        impl Codec for $ty {
            fn encode(&self, _: &[u8], _: u8) -> usize {
                2 * $level + vec![0; 2 * $level].len()
            }
        }
    };
}

implement_with_level!(Levelled, 1 + 2);

macro_rules! declare_with_level {
    ($name:ident, $level:expr) => {
        #[static_dispatch(targets = 2)]
        trait $name {
            fn level(&self) -> usize {
                2 * $level
            }
        }
    };
}

declare_with_level!(Level, 1 + 2);

impl Level for Lz4 {}

impl Lz4 {
    fn as_codec(&self) -> &dyn Codec {
        self
    }
}

fn main() {
    assert_eq!(on_receiver!(&*Box::new(Lz4) as &dyn Codec), 3);
    assert_eq!(typed!(u8, -2, -2 | -3), 2 + 2);
    assert_eq!(blocks!({ 1 }, 1 + 1 == 2), 1);
    assert_eq!(precedence!(1 + 1), 4 + 6 + 6);
    let levelled: &dyn Codec = &Levelled;
    assert_eq!(static_call!(levelled.encode(&[], 0)), 12);
    let level: &dyn Level = &Lz4;
    assert_eq!(static_call!(level.level()), 6);
}
