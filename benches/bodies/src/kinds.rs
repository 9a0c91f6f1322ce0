//! The types.

// What `#[devirt]` on an impl refers to.
use crate::Body;
use crate::contenders::__DevirtBodyImpl;
use crate::contenders::DispatchedBody;

/// Rounds of a medium and of a large body.
const MEDIUM: usize = 4;
const LARGE: usize = 30;

macro_rules! kinds {
    ($($kind:ident: $factor:literal, |$f:ident| $changed:expr;)*) => {$(
        /// One of eight types. Their code differs in what it does to the factor, so
        /// that no compiler makes a table of constants of a `match` over them; that
        /// does not wait for `x`, so that a call waits for one multiplication only.
        #[derive(Clone, Debug)]
        pub struct $kind {
            factor: u64,
            last: u64,
        }

        impl $kind {
            /// The object; all of a type are alike.
            #[must_use]
            pub const fn new() -> Self {
                $kind { factor: $factor, last: 0 }
            }

            #[inline(always)]
            fn once(&self, x: u64) -> u64 {
                let $f = self.factor;
                x.wrapping_mul($changed | 1)
            }

            #[inline(always)]
            fn rounds(&self, mut x: u64, rounds: usize) -> u64 {
                for _ in 0..rounds {
                    x = self.once(x ^ (x >> 29));
                }
                x
            }
        }

        impl Default for $kind {
            fn default() -> Self {
                Self::new()
            }
        }

        impl Body for $kind {
            #[inline]
            fn step(&self, x: u64) -> u64 {
                self.once(x)
            }
            #[inline]
            fn step_of_four(&self, x: u64) -> u64 {
                self.once(x)
            }
            #[inline]
            fn step_mut(&mut self, x: u64) -> u64 {
                self.last = x;
                self.once(x)
            }
            #[inline]
            fn medium(&self, x: u64) -> u64 {
                self.rounds(x, MEDIUM)
            }
            #[inline]
            fn large(&self, x: u64) -> u64 {
                self.rounds(x, LARGE)
            }
        }

        #[devirt::devirt]
        impl DevirtBody for $kind {
            #[inline]
            fn step(&self, x: u64) -> u64 {
                Body::step(self, x)
            }
            #[inline]
            fn step_of_four(&self, x: u64) -> u64 {
                Body::step_of_four(self, x)
            }
            #[inline]
            fn step_mut(&mut self, x: u64) -> u64 {
                Body::step_mut(self, x)
            }
            #[inline]
            fn medium(&self, x: u64) -> u64 {
                Body::medium(self, x)
            }
            #[inline]
            fn large(&self, x: u64) -> u64 {
                Body::large(self, x)
            }
        }

        impl DispatchedBody for $kind {
            #[inline]
            fn step(&self, x: u64) -> u64 {
                Body::step(self, x)
            }
            #[inline]
            fn step_of_four(&self, x: u64) -> u64 {
                Body::step_of_four(self, x)
            }
            #[inline]
            fn step_mut(&mut self, x: u64) -> u64 {
                Body::step_mut(self, x)
            }
            #[inline]
            fn medium(&self, x: u64) -> u64 {
                Body::medium(self, x)
            }
            #[inline]
            fn large(&self, x: u64) -> u64 {
                Body::large(self, x)
            }
        }
    )*};
}

kinds! {
    Kind0: 0x9E37_79B9_7F4A_7C15, |f| f.wrapping_add(0x1234_5677);
    Kind1: 0xBF58_476D_1CE4_E5B9, |f| f ^ 0x3456_7899;
    Kind2: 0x94D0_49BB_1331_11EB, |f| f.rotate_left(23);
    Kind3: 0xD6E8_FEB8_6659_FD93, |f| f.swap_bytes();
    Kind4: 0xA076_1D64_78BD_642F, |f| f ^ (f >> 32);
    Kind5: 0xE703_7ED1_A0B4_28DB, |f| !f;
    Kind6: 0x8EBC_6AF0_9C88_C6E3, |f| f.wrapping_neg();
    Kind7: 0x5899_65CC_7537_4CC3, |f| f.rotate_right(9);
}
