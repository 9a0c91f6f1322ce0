//! The measured loops, each in eight copies at different places: where code
//! happens to lie moves a figure by a fifth.

use crate::order::{CALLS, Order};

/// Calls each object of an order once and returns what came of it.
pub type Loop = fn(&mut Order) -> u64;

/// How many copies of a loop there are.
pub const COPIES: usize = 8;

/// A loop in copies.
pub struct Copies {
    /// The copies.
    pub loops: &'static [Loop],
    /// Calls in a copy.
    pub calls: usize,
    /// Call sites in all of them together.
    pub sites: usize,
    /// What the locations of their call sites begin with, in a report; empty for
    /// loops without call sites.
    pub location: &'static str,
}

impl Copies {
    /// The copies of a loop without call sites.
    #[must_use]
    pub const fn plain(loops: &'static [Loop]) -> Self {
        Copies {
            loops,
            calls: CALLS,
            sites: 0,
            location: "",
        }
    }

    /// The copies of a loop with one call site in each, all in the line that
    /// `location` says.
    #[must_use]
    pub const fn with_site(location: &'static str, loops: &'static [Loop]) -> Self {
        Copies {
            loops,
            calls: CALLS,
            sites: loops.len(),
            location,
        }
    }
}

/// Eight copies of a loop over the objects of an order, each eight bytes further
/// into a cache line: `copies!(0, |order| objects, |body, x| call)`, where `call` is
/// what becomes of `x`. Loops with equal calls need different numbers.
#[macro_export]
macro_rules! copies {
    ($name:literal, |$order:ident| $objects:expr, |$body:pat_param, $x:ident| $call:expr) => {
        &[
            $crate::copies!(@one $name, 0, $order, $objects, $body, $x, $call),
            $crate::copies!(@one $name, 1, $order, $objects, $body, $x, $call),
            $crate::copies!(@one $name, 2, $order, $objects, $body, $x, $call),
            $crate::copies!(@one $name, 3, $order, $objects, $body, $x, $call),
            $crate::copies!(@one $name, 4, $order, $objects, $body, $x, $call),
            $crate::copies!(@one $name, 5, $order, $objects, $body, $x, $call),
            $crate::copies!(@one $name, 6, $order, $objects, $body, $x, $call),
            $crate::copies!(@one $name, 7, $order, $objects, $body, $x, $call),
        ]
    };
    (@one $name:literal, $copy:literal, $order:ident, $objects:expr, $body:pat_param, $x:ident, $call:expr) => {{
        #[inline(never)]
        fn run($order: &mut $crate::order::Order) -> u64 {
            $crate::place!($name, $copy);
            let mut $x = 1;
            for $body in $objects {
                $x = $call;
            }
            $x
        }
        run
    }};
}

/// As [`copies!`], for a body that does the whole loop itself:
/// `whole_copies!(0, |order| result)`.
#[macro_export]
macro_rules! whole_copies {
    ($name:literal, |$order:ident| $result:expr) => {
        &[
            $crate::whole_copies!(@one $name, 0, $order, $result),
            $crate::whole_copies!(@one $name, 1, $order, $result),
            $crate::whole_copies!(@one $name, 2, $order, $result),
            $crate::whole_copies!(@one $name, 3, $order, $result),
            $crate::whole_copies!(@one $name, 4, $order, $result),
            $crate::whole_copies!(@one $name, 5, $order, $result),
            $crate::whole_copies!(@one $name, 6, $order, $result),
            $crate::whole_copies!(@one $name, 7, $order, $result),
        ]
    };
    (@one $name:literal, $copy:literal, $order:ident, $result:expr) => {{
        #[inline(never)]
        fn run($order: &mut $crate::order::Order) -> u64 {
            $crate::place!($name, $copy);
            $result
        }
        run
    }};
}

/// Puts what follows `8 * copy` bytes into a cache line.
#[doc(hidden)]
#[macro_export]
macro_rules! place {
    ($name:literal, $copy:literal) => {
        // SAFETY: instructions that do nothing. The name, which leaves no trace,
        // keeps the compiler from making one function of two.
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
    };
}

/// [`Copies`] of a loop with a call site in it, which must be in a line of its own:
/// `sites!(copies!(…))`.
#[macro_export]
macro_rules! sites {
    ($copies:ident!($($loops:tt)*)) => {
        // Whatever is nested here, `line!` is the line of the outermost macro.
        $crate::copies::Copies::with_site(
            concat!(file!(), ":", line!(), ":"),
            $crate::$copies!($($loops)*),
        )
    };
}
