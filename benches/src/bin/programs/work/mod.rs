//! The programs. Loaded once for each way, whose macros are in scope.

mod columns;
mod company;
mod compare;
mod expressions;
mod machine;
mod many;
mod mixes;
mod nested;
mod random;
mod reader;
mod results;
mod rules;
mod sorted;
mod stages;
mod texts;
mod visitors;
mod vtables;

use crate::program::Program;

/// All programs, in the order shown.
pub(crate) fn all() -> Vec<Program> {
    let all: [&[Program]; 17] = [
        &results::PROGRAMS,
        &texts::PROGRAMS,
        &columns::PROGRAMS,
        &mixes::PROGRAMS,
        &sorted::PROGRAMS,
        &vtables::PROGRAMS,
        &compare::PROGRAMS,
        &rules::PROGRAMS,
        &expressions::PROGRAMS,
        &stages::PROGRAMS,
        &visitors::PROGRAMS,
        &random::PROGRAMS,
        &machine::PROGRAMS,
        &nested::PROGRAMS,
        &reader::PROGRAMS,
        &company::PROGRAMS,
        &many::PROGRAMS,
    ];
    all.concat()
}
