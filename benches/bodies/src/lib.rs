//! What the benchmarks call: eight types, and for every contender a trait that they
//! implement with the same code.
//!
//! Every method is `#[inline]`, so that each contender may inline it wherever it can
//! name the type, from whatever crate.

mod contenders;
mod kinds;

pub use contenders::{DevirtBody, Dispatched, DispatchedBody, Enum};
pub use kinds::{Kind0, Kind1, Kind2, Kind3, Kind4, Kind5, Kind6, Kind7};

use static_call::static_dispatch;

/// Bodies of four lengths behind `static_call!`, and behind the plain call that all
/// are compared with.
#[static_dispatch]
pub trait Body: Send + Sync {
    /// One multiplication, so that the call is all there is; chains of up to two.
    #[static_dispatch(targets = 2)]
    fn step(&self, x: u64) -> u64;
    /// The same, with chains of up to four.
    #[static_dispatch(targets = 4)]
    fn step_of_four(&self, x: u64) -> u64;
    /// The same, and it changes the object.
    #[static_dispatch(targets = 2)]
    fn step_mut(&mut self, x: u64) -> u64;
    /// About five nanoseconds.
    #[static_dispatch(targets = 2)]
    fn medium(&self, x: u64) -> u64;
    /// About fifty nanoseconds.
    #[static_dispatch(targets = 2)]
    fn large(&self, x: u64) -> u64;
}
