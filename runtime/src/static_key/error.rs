//! Why a static key was not switched.

use core::fmt;

/// Why a static key was not switched. It is as it was before.
#[non_exhaustive]
pub enum StaticKeyError {
    /// [`release`](super::StaticKey::release) of a key that nobody holds.
    NotAcquired,
    /// More hold it than can be counted.
    TooMany,
    /// The call comes from a signal handler, which may have interrupted whoever holds the
    /// lock that a switch needs.
    #[cfg(feature = "std")]
    InSignalHandler,
    /// This thread is in the middle of a switch already, or of another of the runtime's
    /// functions: the call comes from an allocator, say.
    #[cfg(feature = "std")]
    Reentered,
    /// No code is patched in this process.
    #[cfg(feature = "std")]
    Unavailable {
        /// Why, in one sentence without a full stop.
        reason: String,
    },
    /// One of the key's places is left alone, and so are the others: somebody else has
    /// written to its page, a debugger's breakpoint for one, or there is no room for more
    /// mappings.
    #[cfg(feature = "std")]
    LeftAlone {
        /// Where, and why.
        reason: String,
    },
    /// The system refused a step of patching.
    #[cfg(feature = "std")]
    Refused {
        /// The step, a system call's name.
        step: &'static str,
        /// What the system said.
        source: std::io::Error,
        /// Places that were switched before that could not be switched back: some see the
        /// one value and some the other, until the key is switched again.
        torn: bool,
    },
}

crate::words::debug_is_the_sentence!(StaticKeyError);

impl fmt::Display for StaticKeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StaticKeyError::NotAcquired => formatter
                .write_str("a static key was released that nobody holds; `acquire` it before"),
            StaticKeyError::TooMany => {
                formatter.write_str("a static key is held more often than can be counted")
            }
            #[cfg(feature = "std")]
            StaticKeyError::InSignalHandler => formatter.write_str(
                "a static key cannot be switched in a signal handler; set a flag there and \
                 switch where it is looked at",
            ),
            #[cfg(feature = "std")]
            StaticKeyError::Reentered => formatter.write_str(
                "a static key cannot be switched by a thread that is inside the runtime; switch \
                 after that has returned",
            ),
            #[cfg(feature = "std")]
            StaticKeyError::Unavailable { reason } => {
                write!(formatter, "static keys cannot be switched here: {reason}")
            }
            #[cfg(feature = "std")]
            StaticKeyError::LeftAlone { reason } => {
                write!(formatter, "the static key was not switched: {reason}")
            }
            #[cfg(feature = "std")]
            StaticKeyError::Refused { step, source, torn } => {
                let state = if *torn {
                    "only some places of the static key were switched; switch it again"
                } else {
                    "the static key was not switched"
                };
                write!(
                    formatter,
                    "the system refused {step} ({source}), so {state}"
                )
            }
        }
    }
}

impl core::error::Error for StaticKeyError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            #[cfg(feature = "std")]
            StaticKeyError::Refused { source, .. } => Some(source),
            _ => None,
        }
    }
}
