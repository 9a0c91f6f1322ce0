//! Plain calls in regions that are compiled for the types listed.

macro_rules! annotated {
    ($($trait:tt)*) => {
        $($trait)*
    };
}

macro_rules! call {
    ($call:expr $(, inline = $types:tt)?) => {
        $call
    };
}

macro_rules! region {
    ($receiver:ident, $types:tt, { $($block:tt)* }) => {
        static_call::specialize!($receiver: $types in { $($block)* })
    };
}

macro_rules! mark {
    () => {
        crate::ways::mark_with!(4)
    };
}

// Only what has regions: annotated traits take long to compile.
#[path = "../work/columns.rs"]
mod columns;
#[path = "../work/compare.rs"]
mod compare;
#[path = "../work/random.rs"]
mod random;
#[path = "../work/stages.rs"]
mod stages;
#[path = "../work/texts.rs"]
mod texts;

use crate::program::Program;

/// The programs that have regions.
pub(crate) fn all() -> Vec<Program> {
    let all: [&[Program]; 5] = [
        &texts::PROGRAMS,
        &columns::PROGRAMS,
        &compare::PROGRAMS,
        &stages::PROGRAMS,
        &random::PROGRAMS,
    ];
    let mut all = all.concat();
    all.retain(|program| program.regions);
    all
}
