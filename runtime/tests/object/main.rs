//! `#[static_dispatch(object = …)]`: object types that dispatch in plain
//! method-call syntax.
#![allow(
    clippy::items_after_statements,
    clippy::needless_lifetimes,
    clippy::needless_pass_by_value,
    clippy::similar_names,
    clippy::unnecessary_literal_bound,
    clippy::unnecessary_box_returns,
    reason = "what can be written is what is tested"
)]

#[path = "../proof/mod.rs"]
mod proof;

mod asynchronous;
mod calls;
mod shapes;
mod supertraits;
