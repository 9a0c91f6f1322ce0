//! A matrix of method signatures. Each is called plainly and by `static_call!`:
//! before patching, through a chain, and past it; see [`proof::prove`].
#![allow(
    clippy::large_types_passed_by_value,
    clippy::needless_arbitrary_self_type,
    clippy::needless_lifetimes,
    clippy::needless_pass_by_value,
    clippy::semicolon_if_nothing_returned,
    clippy::trivially_copy_pass_by_ref,
    clippy::type_complexity,
    clippy::unused_self,
    clippy::unused_unit,
    reason = "what can be written is what is tested"
)]

#[path = "../proof/mod.rs"]
mod proof;

mod large;
#[path = "matrix.rs"]
mod matrix;
mod rare;
use matrix::{kind, signature};

/// How the matrix calls; `tests/inline` runs it with a list.
macro_rules! call {
    ($($call:tt)*) => { static_call::static_call!($($call)*) };
}
pub(crate) use call;
