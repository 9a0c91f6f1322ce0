//! A trait of its own crate.

use static_call::static_dispatch;

/// Has an area.
#[static_dispatch]
pub trait Shape: Send + Sync {
    /// So many times.
    #[static_dispatch(targets = 2)]
    fn area(&self, times: u64) -> u64;
    /// Tells types apart, as far as their names do.
    fn identity(&self) -> u64;
}
