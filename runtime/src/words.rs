//! Words that reports, plans and errors share.

/// `1 site`, `2 sites`.
#[cfg(feature = "std")]
pub(crate) fn count(
    count: impl Copy + std::fmt::Display + PartialEq + From<u8>,
    one: &str,
    many: &str,
) -> String {
    let noun = if count == 1.into() { one } else { many };
    format!("{count} {noun}")
}

/// `Debug` as `Display`. What `main` returns and what `unwrap` meets is shown by `Debug`, and
/// the sentence that says what to do is to be seen there, too.
macro_rules! debug_is_the_sentence {
    ($error:ty) => {
        impl core::fmt::Debug for $error {
            fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, formatter)
            }
        }
    };
}
pub(crate) use debug_is_the_sentence;
