//! Windows: loaded objects and waits. Code is not patched here.

pub(crate) mod objects;
mod wait;

pub(crate) use super::unsupported::{code_memory, in_signal_handler, room};
pub(crate) use wait::{processor_time, wait_for, wait_while, wake_all};
