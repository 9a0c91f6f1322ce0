//! What a measuring program prints and the tool reads.

use serde::{Deserialize, Serialize};
use static_call_benches::stats::Summary;

/// The package with which a measuring program compares, by the name of its variant.
pub const PLAIN: &str = "plain";

/// The same package once more.
pub const CONTROL: &str = "control";

/// Everything that one run of a measuring program found.
#[derive(Debug, Serialize, Deserialize)]
pub struct Run {
    /// Processor and compiler.
    pub host: String,
    /// Rows, in the order of measuring.
    pub rows: Vec<Row>,
    /// `runtime::report()` after the last row: the call sites that were called.
    pub report: String,
}

/// One workload.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    /// What was done, and with what.
    pub workload: String,
    /// Milliseconds for one pass over the workload, unpatched.
    pub plain_ms: f64,
    /// Time of each other variant as a multiple of the plain one's in the same round: of the
    /// mean of both plain copies, but for the control.
    pub ratios: Vec<Ratio>,
}

/// One variant of a workload.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ratio {
    /// Which variant.
    pub variant: String,
    /// Median and spread over the rounds.
    pub ratio: Summary,
}
