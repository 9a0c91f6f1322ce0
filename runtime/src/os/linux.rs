//! Linux: pages of code, and loaded objects.
//!
//! Without the feature `patching` there is nothing here that could make memory
//! executable.

pub(crate) mod objects;
#[cfg(feature = "patching")]
mod pages;

#[cfg(not(feature = "patching"))]
pub(crate) use super::unsupported::code_memory;
#[cfg(feature = "patching")]
pub(crate) use pages::code_memory;
