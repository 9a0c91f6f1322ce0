//! The ways in which every program is compiled. Each loads the same sources, with other
//! macros in scope:
//! - `annotated! { #[static_dispatch(…)] trait … }` writes a trait, annotated or not;
//! - `call!(object.method(…), inline = [A, B])` calls, with the list or without;
//! - `region!(object, [A, B], { … })` is a block, compiled for the types or once;
//! - `mark!()`, first in every function that is measured, is no instruction. It keeps the
//!   compiler from making one function of two ways' equal ones.

pub(crate) mod control;
pub(crate) mod listed;
pub(crate) mod plain;
pub(crate) mod sites;
pub(crate) mod specialized;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::program::Program;

/// How the calls of a program are written.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Way {
    /// Plain calls of a plain trait: what the others are compared with.
    Plain,
    /// The same once more: the noise.
    Control,
    /// `static_call!` without lists.
    Sites,
    /// `static_call!` with `inline` lists.
    Listed,
    /// Plain calls in `specialize!`.
    Specialized,
}

impl Way {
    pub(crate) const ALL: [Way; 5] = [
        Way::Plain,
        Way::Control,
        Way::Sites,
        Way::Listed,
        Way::Specialized,
    ];

    /// The programs, written in this way: all, or those that have regions.
    pub(crate) fn programs(self) -> Vec<Program> {
        match self {
            Way::Plain => plain::work::all(),
            Way::Control => control::work::all(),
            Way::Sites => sites::work::all(),
            Way::Listed => listed::work::all(),
            Way::Specialized => specialized::all(),
        }
    }

    /// Whether it says anything about a program.
    pub(crate) fn applies(self, program: &Program) -> bool {
        match self {
            Way::Specialized => program.regions,
            _ => true,
        }
    }
}

/// As `mark!()`, with a number for each way.
macro_rules! mark_with {
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
pub(crate) use mark_with;
