//! The calls: for each contender 64 functions of 64 calls each, one after another.

use static_call::{specialize, static_call};
use static_call_bench_bodies::{
    Body, DevirtBody, Dispatched, Enum, Kind0, Kind1, Kind2, Kind3, Kind4, Kind5, Kind6, Kind7,
};
use static_call_benches::copies::{Copies, Loop};
use static_call_benches::order::Sources;
use static_call_benches::serve::Family;

/// Calls in a function, and functions.
const CALLS: usize = 64;
const BLOCKS: usize = if cfg!(all_sites) { 64 } else { 8 };
/// Calls of each contender.
const SITES: usize = CALLS * BLOCKS;

/// Objects made here: in the module of `devirt`'s calls, since it knows the vtables
/// of its own codegen unit only.
pub(crate) fn here() -> Sources {
    static OBJECTS: [&dyn Body; 8] = [
        &Kind0::new(),
        &Kind1::new(),
        &Kind2::new(),
        &Kind3::new(),
        &Kind4::new(),
        &Kind5::new(),
        &Kind6::new(),
        &Kind7::new(),
    ];
    static DEVIRT: [&dyn DevirtBody; 8] = [
        &Kind0::new(),
        &Kind1::new(),
        &Kind2::new(),
        &Kind3::new(),
        &Kind4::new(),
        &Kind5::new(),
        &Kind6::new(),
        &Kind7::new(),
    ];
    Sources {
        objects: OBJECTS,
        devirt: DEVIRT,
        // Nothing here takes `&mut self`.
        boxed: [|| Box::new(Kind0::new()); 8],
        boxed_devirt: [|| Box::new(Kind0::new()); 8],
    }
}

macro_rules! call {
    ($objects:ident, $body:ident, $x:ident, $call:expr) => {
        let [$body, $objects @ ..] = $objects;
        let $x = $call;
    };
}

macro_rules! eight_calls {
    ($($call:tt)*) => {
        call!($($call)*);
        call!($($call)*);
        call!($($call)*);
        call!($($call)*);
        call!($($call)*);
        call!($($call)*);
        call!($($call)*);
        call!($($call)*);
    };
}

/// A function of 64 calls. Two with equal calls need different numbers.
macro_rules! block {
    ($number:expr, $object:ty, |$body:ident, $x:ident| $call:expr) => {{
        #[inline(never)]
        fn block(objects: &[$object; CALLS], $x: u64) -> u64 {
            // SAFETY: no instruction; it only keeps the compiler from making one
            // function of two.
            unsafe {
                std::arch::asm!(
                    ".rept {number}",
                    ".endr",
                    number = const $number,
                    options(nomem, nostack, preserves_flags),
                );
            }
            eight_calls!(objects, $body, $x, $call);
            eight_calls!(objects, $body, $x, $call);
            eight_calls!(objects, $body, $x, $call);
            eight_calls!(objects, $body, $x, $call);
            eight_calls!(objects, $body, $x, $call);
            eight_calls!(objects, $body, $x, $call);
            eight_calls!(objects, $body, $x, $call);
            eight_calls!(objects, $body, $x, $call);
            let [] = objects;
            $x
        }
        block
    }};
}

macro_rules! eight_blocks {
    ($number:expr, $($call:tt)*) => {
        [
            block!($number, $($call)*),
            block!($number + 1, $($call)*),
            block!($number + 2, $($call)*),
            block!($number + 3, $($call)*),
            block!($number + 4, $($call)*),
            block!($number + 5, $($call)*),
            block!($number + 6, $($call)*),
            block!($number + 7, $($call)*),
        ]
    };
}

/// 4,096 calls.
macro_rules! many {
    ($number:expr, $sites:expr, $objects:ident: $object:ty, |$body:ident, $x:ident| $call:expr) => {{
        type Block = fn(&[$object; CALLS], u64) -> u64;
        static ALL: [[Block; 8]; BLOCKS / 8] = [
            eight_blocks!($number, $object, |$body, $x| $call),
            #[cfg(all_sites)]
            eight_blocks!($number + 8, $object, |$body, $x| $call),
            #[cfg(all_sites)]
            eight_blocks!($number + 16, $object, |$body, $x| $call),
            #[cfg(all_sites)]
            eight_blocks!($number + 24, $object, |$body, $x| $call),
            #[cfg(all_sites)]
            eight_blocks!($number + 32, $object, |$body, $x| $call),
            #[cfg(all_sites)]
            eight_blocks!($number + 40, $object, |$body, $x| $call),
            #[cfg(all_sites)]
            eight_blocks!($number + 48, $object, |$body, $x| $call),
            #[cfg(all_sites)]
            eight_blocks!($number + 56, $object, |$body, $x| $call),
        ];
        static LOOPS: [Loop; 1] = [|order| {
            let (objects, _) = order.$objects.as_chunks();
            let mut x = 1;
            for (block, objects) in ALL.as_flattened().iter().zip(objects.iter().cycle()) {
                x = block(objects, x);
            }
            x
        }];
        static COPIES: Copies = Copies {
            loops: &LOOPS,
            calls: SITES,
            sites: $sites,
            // Whatever is nested here, `line!` is the line of the outermost macro.
            location: if $sites == 0 {
                ""
            } else {
                concat!(file!(), ":", line!(), ":")
            },
        };
        &COPIES
    }};
}

/// All contenders.
pub(crate) const FAMILY: Family = Family {
    plain: many!(0, 0, objects: &dyn Body, |body, x| body.step(x)),
    control: many!(64, 0, objects: &dyn Body, |body, x| body.step(x)),
    site: many!(0, SITES, objects: &dyn Body, |body, x| static_call!(body.step(x))),
    inline: Some(
        many!(0, SITES, objects: &dyn Body, |body, x| static_call!(body.step(x), inline = [Kind0, Kind1])),
    ),
    specialize: Some(
        many!(0, 0, objects: &'static dyn Body, |body, x| specialize!(body = *body: [Kind0, Kind1] in { body.step(x) })),
    ),
    by_hand: Some(many!(0, 0, enums: &Enum, |body, x| body.step(x))),
    enum_dispatch: Some(
        many!(0, 0, dispatched: &Dispatched, |body, x| static_call_bench_bodies::DispatchedBody::step(*body, x)),
    ),
    devirt: Some(many!(0, 0, devirt: &dyn DevirtBody, |body, x| body.step(x))),
    generics: None,
};
