//! Implementations, in another crate than their trait and their callers; their objects
//! are made here.

use std::any::TypeId;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use shapes::Shape;

/// Words of each type: another layout under the same name where the environment of the
/// build says so.
const WORDS: usize = if option_env!("SOLIDS_ARE_WIDE").is_some() {
    4
} else {
    1
};

macro_rules! solids {
    ($($ty:ident $make:ident: |$side:ident| $area:expr;)*) => {$(
        /// A solid; its last word is its side.
        pub struct $ty([u64; WORDS]);

        impl Shape for $ty {
            fn area(&self, times: u64) -> u64 {
                let $side = self.0[WORDS - 1];
                times.wrapping_mul($area)
            }
            fn identity(&self) -> u64 {
                let mut hasher = DefaultHasher::new();
                TypeId::of::<$ty>().hash(&mut hasher);
                hasher.finish()
            }
        }

        /// An object of it.
        pub fn $make(side: u64) -> Box<dyn Shape> {
            let mut words = [0; WORDS];
            words[WORDS - 1] = side;
            Box::new($ty(words))
        }
    )*};
}

solids! {
    Square square: |side| side * side;
    Triangle triangle: |side| side * side / 2;
    Strip strip: |side| side;
}
