//! Pages that argue what the reference only says. There is no code here.

#[doc = include_str!("../docs/soundness.md")]
pub mod soundness {}
