//! Measured plans.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts and seconds, far below 2^53"
)]

mod procedure;
mod statistics;
