//! `static_call!(receiver.method(arguments))` means `receiver.method(arguments)`,
//! in every state of the site.
#![allow(
    clippy::arc_with_non_send_sync,
    clippy::match_single_binding,
    clippy::needless_borrow,
    clippy::needless_pass_by_value,
    clippy::unnecessary_literal_unwrap,
    clippy::useless_vec,
    reason = "what can be written is what is tested"
)]

#[path = "../proof/mod.rs"]
mod proof;

mod arguments;
mod callers;
mod log;
mod objects;
mod order;
mod receivers;
mod supertraits;
mod unwinding;
