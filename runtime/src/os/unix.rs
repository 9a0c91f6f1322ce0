//! macOS, FreeBSD and Android: loaded objects, waits and signals. Code is not patched here.

#[cfg(target_os = "macos")]
#[path = "unix/images.rs"]
pub(crate) mod objects;
#[cfg(not(target_os = "macos"))]
#[path = "linux/objects.rs"]
pub(crate) mod objects;
#[path = "linux/signals.rs"]
mod signals;
#[cfg(target_os = "freebsd")]
#[path = "unix/umtx.rs"]
mod wait;
#[cfg(target_os = "android")]
#[path = "linux/wait.rs"]
mod wait;

#[cfg(target_os = "macos")]
use super::bell as wait;
pub(crate) use super::clock::processor_time;
pub(crate) use super::unsupported::{code_memory, room};
pub(crate) use signals::in_signal_handler;
pub(crate) use wait::{forked, wait_for, wait_while, wake_all};
