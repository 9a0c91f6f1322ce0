//! Why a binding was not compared and swapped.

use core::fmt;

use super::{Loaded, SwapError};

/// Why [`Binding::compare_swap`](super::Binding::compare_swap) did nothing.
#[non_exhaustive]
pub enum CompareSwapError<D: ?Sized + 'static> {
    /// Something else is bound.
    Changed {
        /// What is bound; [`None`] if nothing is.
        current: Option<Loaded<D>>,
    },
    /// It could not be swapped.
    Swap(SwapError),
}

// As with the others.
impl<D: ?Sized + 'static> fmt::Debug for CompareSwapError<D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl<D: ?Sized + 'static> fmt::Display for CompareSwapError<D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompareSwapError::Changed { .. } => formatter.write_str(
                "something else is bound than what was expected; look at `current` and try again",
            ),
            CompareSwapError::Swap(error) => fmt::Display::fmt(error, formatter),
        }
    }
}

impl<D: ?Sized + 'static> std::error::Error for CompareSwapError<D> {}

impl<D: ?Sized + 'static> From<SwapError> for CompareSwapError<D> {
    fn from(error: SwapError) -> Self {
        CompareSwapError::Swap(error)
    }
}
