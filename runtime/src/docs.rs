//! Pages that argue or explain what the reference only says. There is no code here.

#[doc = include_str!("../docs/guide.md")]
#[doc = include_str!("../docs/expansion.md")]
pub mod guide {}

#[doc = include_str!("../docs/soundness.md")]
pub mod soundness {}

#[doc = include_str!("../docs/trampoline.md")]
pub mod trampoline {}
