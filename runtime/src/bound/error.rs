//! Why a binding was not swapped.

use core::fmt;

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
