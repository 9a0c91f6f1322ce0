//! Words that reports, plans and errors share.

use std::fmt::Display;

/// `1 site`, `2 sites`.
pub(crate) fn count(
    count: impl Copy + Display + PartialEq + From<u8>,
    one: &str,
    many: &str,
) -> String {
    let noun = if count == 1.into() { one } else { many };
    format!("{count} {noun}")
}
