//! What the benchmark programs of this package share: statistics, rows, and the
//! type that all of them call.
//!
//! `cargo run --release -p static-call-benches` measures; nothing here is a test
//! that depends on time.

pub mod body;
pub mod copies;
pub mod host;
pub mod latency;
pub mod rows;
pub mod stats;
