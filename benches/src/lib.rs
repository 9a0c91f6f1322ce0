//! What the benchmark programs of this package share: contenders, orders of calls,
//! the measuring itself, statistics and tables.
//!
//! `cargo run --release -p static-call-benches` measures; nothing here is a test
//! that depends on time.

pub mod body;
pub mod builds;
pub mod columns;
pub mod copies;
pub mod host;
pub mod latency;
pub mod layouts;
pub mod order;
pub mod plugin;
pub mod rows;
pub mod serve;
pub mod standing;
pub mod stats;
