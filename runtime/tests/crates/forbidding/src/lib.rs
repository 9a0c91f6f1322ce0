//! What is forbidden can be allowed by nobody, expansions included.
#![forbid(unsafe_code, missing_docs, nonstandard_style, rust_2018_idioms, unused)]

#[path = "../../codec.rs"]
pub mod codec;
