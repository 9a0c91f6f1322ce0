//! What the headers of loaded objects say of where these lie. Read as they are in memory, and
//! so without asking any system.

#[cfg(any(test, not(any(target_vendor = "apple", windows))))]
#[cfg_attr(any(target_vendor = "apple", windows), allow(dead_code))]
mod elf;
#[cfg(any(test, target_vendor = "apple"))]
#[cfg_attr(not(target_vendor = "apple"), allow(dead_code))]
pub(crate) mod mach;
#[cfg(any(test, windows))]
#[cfg_attr(not(windows), allow(dead_code))]
pub(crate) mod pe;

#[cfg(not(any(target_vendor = "apple", windows)))]
pub(crate) use elf::contains;
#[cfg(target_vendor = "apple")]
pub(crate) use mach::contains;
#[cfg(windows)]
pub(crate) use pe::contains;
