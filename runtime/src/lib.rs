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
#[cfg(all(feature = "std", target_os = "linux"))]
mod plugin;
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
    #[cfg(target_os = "linux")]
    pub mod plugin {
        pub use crate::plugin::manifest::{Constructor, Header, Manifest};
    }
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

/// Makes a `cdylib` a plugin: exports its constructors, and with them its traits,
/// implementations and call sites.
#[cfg(all(feature = "std", target_os = "linux"))]
#[macro_export]
macro_rules! export_plugin {
    ($($name:literal => fn($($argument:ident: $ty:ty)?) -> Box<$object:ty> $body:block),* $(,)?) => {
        #[doc(hidden)]
        #[unsafe(export_name = "STATIC_CALL_PLUGIN_HEADER_V1")]
        pub static __STATIC_CALL_PLUGIN_HEADER: $crate::__private::plugin::Header =
            $crate::__private::plugin::Header::THIS;

        #[doc(hidden)]
        #[unsafe(export_name = "static_call_plugin_manifest_v1")]
        pub fn __static_call_plugin_manifest() -> &'static $crate::__private::plugin::Manifest {
            static CONSTRUCTORS: &[$crate::__private::plugin::Constructor] = &[$({
                $crate::__constructor!($name, ($($argument: $ty)?) -> $object, $body)
            }),*];
            static MANIFEST: ::std::sync::LazyLock<$crate::__private::plugin::Manifest> =
                ::std::sync::LazyLock::new(|| $crate::__private::plugin::Manifest::new(CONSTRUCTORS));
            &MANIFEST
        }
    };
}

/// One constructor of [`export_plugin!`]; without an argument it takes `()`.
#[cfg(all(feature = "std", target_os = "linux"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __constructor {
    ($name:literal, ($argument:ident: $ty:ty) -> $object:ty, $body:block) => {{
        fn construct($argument: $ty) -> ::std::boxed::Box<$object> $body
        $crate::__private::plugin::Constructor::new::<$object, $ty>($name, construct)
    }};
    ($name:literal, () -> $object:ty, $body:block) => {{
        fn construct(_: ()) -> ::std::boxed::Box<$object> $body
        $crate::__private::plugin::Constructor::new::<$object, ()>($name, construct)
    }};
}
