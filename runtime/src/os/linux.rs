//! Linux: pages of code, and loaded objects.
//!
//! Without the feature `patching` there is nothing here that could make memory
//! executable.

pub(crate) mod objects;
#[cfg(feature = "patching")]
mod pages;
#[cfg(patched)]
pub(crate) mod room;
mod signals;
mod wait;

pub(crate) use super::clock::processor_time;
#[cfg(not(feature = "patching"))]
pub(crate) use super::unsupported::code_memory;
#[cfg(not(patched))]
pub(crate) use super::unsupported::room;
#[cfg(feature = "patching")]
pub(crate) use pages::code_memory;
pub(crate) use signals::in_signal_handler;
pub(crate) use wait::{forked, wait_for, wait_while, wake_all};
