//! `#[static_dispatch(object = …)]`: object types that dispatch in plain
//! method-call syntax.
#![allow(
    clippy::needless_lifetimes,
    clippy::unnecessary_box_returns,
    reason = "what can be written is what is tested"
)]

#[path = "../proof/mod.rs"]
mod proof;

mod asynchronous;
mod calls;
mod shapes;
