//! The measured loops, each in eight copies at different places: where code
//! happens to lie moves a figure by a fifth.

use static_call::static_call;

use crate::body::Body;

/// Calls each object once.
pub type Loop = fn(&[&dyn Body]) -> u64;

/// How many copies of each loop there are.
pub const COPIES: usize = 8;

/// A loop in eight copies.
pub struct Copies {
    /// The copies.
    pub loops: [Loop; COPIES],
    /// What the locations of their call sites begin with, in a report; empty for
    /// loops without call sites.
    pub location: &'static str,
}

/// Copies of a loop whose body is the expression, each eight bytes further into a
/// cache line. Two loops with equal bodies need different numbers.
#[macro_export]
macro_rules! copies {
    ($location:expr, $name:literal, |$body:ident, $x:ident| $call:expr) => {
        $crate::copies::Copies {
            loops: [
                $crate::copies!(@one $name, 0, $body, $x, $call),
                $crate::copies!(@one $name, 1, $body, $x, $call),
                $crate::copies!(@one $name, 2, $body, $x, $call),
                $crate::copies!(@one $name, 3, $body, $x, $call),
                $crate::copies!(@one $name, 4, $body, $x, $call),
                $crate::copies!(@one $name, 5, $body, $x, $call),
                $crate::copies!(@one $name, 6, $body, $x, $call),
                $crate::copies!(@one $name, 7, $body, $x, $call),
            ],
            location: $location,
        }
    };
    (@one $name:literal, $copy:literal, $body:ident, $x:ident, $call:expr) => {{
        #[inline(never)]
        fn run(objects: &[&dyn $crate::body::Body]) -> u64 {
            // SAFETY: instructions that do nothing. The name, which leaves no
            // trace, keeps the compiler from making one function of two.
            unsafe {
                std::arch::asm!(
                    ".balign 64",
                    ".rept {shift}",
                    "nop",
                    ".endr",
                    ".rept {name}",
                    ".endr",
                    shift = const 8 * $copy,
                    name = const $name,
                    options(nomem, nostack, preserves_flags),
                );
            }
            let mut $x = 1;
            for $body in objects {
                $x = $call;
            }
            $x
        }
        run
    }};
}

/// A location as reports begin it, of the line that this is written in.
#[macro_export]
macro_rules! here {
    () => {
        concat!(file!(), ":", line!(), ":")
    };
}

// Sites in a library, for two of the mixes.
/// For one type.
pub static MONO: Copies = copies!(here!(), 0, |body, x| static_call!(body.step(x)));
/// For two types.
pub static TWO: Copies = copies!(here!(), 0, |body, x| static_call!(body.step(x)));
