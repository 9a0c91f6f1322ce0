//! Hot calls through trait objects at the cost of direct calls.
#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(feature = "std")]
extern crate self as static_call;

#[cfg(feature = "std")]
mod arch;
#[cfg(feature = "std")]
mod calibrate;
#[cfg(feature = "std")]
mod config;
#[cfg(feature = "std")]
mod engine;
#[cfg(feature = "std")]
mod os;
#[cfg(feature = "std")]
mod plan;
#[cfg(feature = "std")]
mod private;
#[cfg(feature = "std")]
mod profile;
#[cfg(feature = "std")]
mod publish;
#[cfg(feature = "std")]
mod registry;
#[cfg(feature = "std")]
mod report;
#[cfg(feature = "std")]
pub mod runtime;
#[cfg(feature = "std")]
mod selfcheck;
#[cfg(feature = "std")]
mod site;
#[cfg(feature = "std")]
mod trampoline;

pub use static_call_macros::static_dispatch;

#[cfg(feature = "std")]
#[doc(hidden)]
pub mod __private {
    pub use crate::private::*;
}

#[cfg(not(feature = "std"))]
#[doc(hidden)]
pub mod __private {
    pub use static_call_macros::expand_plain_call;
}

/// Calls a dispatched method of a trait object; means what `receiver.method(arguments)` means.
#[cfg(feature = "std")]
#[macro_export]
macro_rules! static_call {
    ($($call:tt)*) => {
        $crate::__private::expand_static_call!(($crate) $($call)*)
    };
}

/// Calls a dispatched method of a trait object; without the `std` feature, plainly.
#[cfg(not(feature = "std"))]
#[macro_export]
macro_rules! static_call {
    ($($call:tt)*) => {
        $crate::__private::expand_plain_call!(($crate) $($call)*)
    };
}
