//! The engine and the publisher at work on call sites of their own, forced
//! through every plan and refused every step.

mod auto;
mod fixture;
mod flips;
#[cfg(target_os = "linux")]
mod forks;
mod guards;
#[cfg(target_os = "linux")]
mod locks;
mod refusals;
mod static_keys;
