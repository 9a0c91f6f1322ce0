//! `static_call!(receiver.method(arguments))` means `receiver.method(arguments)`,
//! in every state of the site.

#[path = "../proof/mod.rs"]
mod proof;

mod callers;
mod log;
mod objects;
mod order;
mod receivers;
mod unwinding;
