//! The calls: for each contender functions of 64 calls each, one after another. The
//! build script writes them.

#![allow(
    clippy::too_many_lines,
    clippy::type_complexity,
    reason = "what the build script writes"
)]

use static_call::{specialize, static_call};
use static_call_bench_bodies::{
    Body, DevirtBody, Dispatched, Enum, Kind0, Kind1, Kind2, Kind3, Kind4, Kind5, Kind6, Kind7,
};
use static_call_benches::copies::{Copies, Loop};
use static_call_benches::order::Sources;
use static_call_benches::serve::Family;

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

/// No instruction; it only keeps the compiler from making one function of two.
macro_rules! different {
    ($number:literal) => {
        // SAFETY: there is no instruction.
        unsafe {
            std::arch::asm!(
                ".rept {number}",
                ".endr",
                number = const $number,
                options(nomem, nostack, preserves_flags),
            );
        }
    };
}

// All in this module, in which `devirt`'s objects are made.
include!(concat!(env!("OUT_DIR"), "/plain.rs"));
include!(concat!(env!("OUT_DIR"), "/control.rs"));
include!(concat!(env!("OUT_DIR"), "/site.rs"));
include!(concat!(env!("OUT_DIR"), "/inline.rs"));
include!(concat!(env!("OUT_DIR"), "/specialize.rs"));
include!(concat!(env!("OUT_DIR"), "/by_hand.rs"));
include!(concat!(env!("OUT_DIR"), "/enum_dispatch.rs"));
include!(concat!(env!("OUT_DIR"), "/devirt.rs"));

/// A contender: its calls, what it wants to have of an order, and where its call sites
/// are if it has any.
macro_rules! many {
    ($blocks:ident, $objects:ident $(, sites in $file:literal)?) => {{
        static LOOPS: [Loop; 1] = [|order| {
            let (objects, _) = order.$objects.as_chunks();
            let mut x = 1;
            for (block, objects) in $blocks.iter().zip(objects.iter().cycle()) {
                x = block(objects, x);
            }
            x
        }];
        const CALLS: usize = 64 * $blocks.len();
        #[allow(unused_mut, unused_assignments, reason = "not all contenders have sites")]
        static COPIES: Copies = {
            let mut copies = Copies {
                loops: &LOOPS,
                calls: CALLS,
                sites: 0,
                location: "",
            };
            $(
                copies.sites = CALLS;
                copies.location = concat!(env!("OUT_DIR"), $file);
            )?
            copies
        };
        &COPIES
    }};
}

/// All contenders.
pub(crate) const FAMILY: Family = Family {
    plain: many!(PLAIN, objects),
    control: many!(CONTROL, objects),
    site: many!(SITE, objects, sites in "/site.rs:"),
    inline: Some(many!(INLINE, objects, sites in "/inline.rs:")),
    specialize: Some(many!(SPECIALIZE, objects)),
    by_hand: Some(many!(BY_HAND, enums)),
    enum_dispatch: Some(many!(ENUM_DISPATCH, dispatched)),
    devirt: Some(many!(DEVIRT, devirt)),
    generics: None,
};
