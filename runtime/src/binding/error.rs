//! Why a binding was not swapped.

use core::fmt;

use super::Loaded;

/// Why a binding was not swapped. What was bound still is.
#[non_exhaustive]
pub enum SwapError {
    /// The call comes from a signal handler, which may have interrupted whoever holds
    /// the locks that a swap needs.
    InSignalHandler,
    /// This thread is in the middle of a swap already, or of another of the runtime's
    /// functions: the call comes from an allocator, say.
    Reentered,
    /// The system refused a step of patching. Methods whose trampolines were patched
    /// before that stay with the new object, which is kept for good.
    Refused {
        /// The step, a system call's name.
        step: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

crate::words::debug_is_the_sentence!(SwapError);

impl fmt::Display for SwapError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SwapError::InSignalHandler => formatter.write_str(
                "a binding cannot be swapped in a signal handler; set a flag there and swap where \
                 it is looked at",
            ),
            SwapError::Reentered => formatter.write_str(
                "a binding cannot be swapped by a thread that is inside the runtime; swap after \
                 that has returned",
            ),
            SwapError::Refused { step, source } => write!(
                formatter,
                "the system refused {step} ({source}), so the binding was not swapped; \
                 `runtime::backend()` keeps the reason"
            ),
        }
    }
}

impl std::error::Error for SwapError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SwapError::Refused { source, .. } => Some(source),
            SwapError::InSignalHandler | SwapError::Reentered => None,
        }
    }
}

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
