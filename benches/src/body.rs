//! What the program with ten thousand sites and criterion call.

pub use static_call_bench_bodies::Body;
use static_call_bench_bodies::{Kind0, Kind1, Kind2, Kind3, Kind4, Kind5, Kind6, Kind7};

/// One object of each type.
pub static OBJECTS: [&dyn Body; 8] = [
    &Kind0::new(),
    &Kind1::new(),
    &Kind2::new(),
    &Kind3::new(),
    &Kind4::new(),
    &Kind5::new(),
    &Kind6::new(),
    &Kind7::new(),
];

/// Calls one object through some call site.
pub type Call = fn(&dyn Body, u64) -> u64;
