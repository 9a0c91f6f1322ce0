//! Re-exports the library for crates that do not depend on it themselves.
#![deny(warnings, missing_docs)]

/// The library.
pub use static_call as calls;
