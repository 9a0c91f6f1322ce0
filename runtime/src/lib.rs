//! Hot calls through trait objects at the cost of direct calls: opt-in, in user
//! space, adapted while the program runs.
//!
//! A few hot calls through `dyn Trait` decide how fast many programs are: codecs,
//! effects, rules, storage engines, plugins. Annotate the trait's hot methods, wrap
//! the hot calls, and the runtime gives each call site a chain of compares and
//! direct jumps for the types that it meets, those of plugins included. Everywhere
//! else, and wherever that does not pay, the call stays the plain virtual call.
//!
//! ```
//! use static_call::runtime::{self, Config, Mode};
//! use static_call::{static_call, static_dispatch};
//!
//! #[static_dispatch]
//! pub trait Codec: Send {
//!     #[static_dispatch(targets = 2)]                  // chain capacity
//!     fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize;
//!     fn name(&self) -> &str;                          // control plane: untouched
//! }
//!
//! struct Store;
//! impl Codec for Store {
//!     fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize {
//!         into.extend_from_slice(source);
//!         source.len()
//!     }
//!     fn name(&self) -> &str { "store" }
//! }
//!
//! let codec: Box<dyn Codec> = Box::new(Store);
//! let mut out = Vec::new();
//! runtime::configure(Config::default().mode(Mode::Always))?;
//! for _ in 0..2000 {
//!     static_call!(codec.encode(b"abc", &mut out));    // means codec.encode(…)
//! }
//! runtime::retarget()?;                                // plans and patches
//! static_call!(codec.encode(b"abc", &mut out));
//! println!("{}", runtime::report());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What happens at a call site
//! Each `static_call!` is a call site with 64 bytes of state and a trampoline of
//! its own. While its switch is off it makes the plain virtual call, behind one
//! relaxed load. Its first calls are recorded; `runtime::retarget()` decides from
//! the records; a published chain compares the vtable with those of up to eight
//! types and jumps to a shim into which the method is inlined, or falls back to
//! the virtual call. Code is never edited where it may be executing, except for
//! one aligned instruction, the trampoline's head.
//!
//! # Where it works
//! Trampolines are patched on x86-64 Linux. Elsewhere, under Miri, where the
//! system refuses executable memory, and without the `std` feature, every call is
//! the plain call; `runtime::backend()` says why.
//!
//! The feature `patching`, on by default, is what makes trampolines and patches them.
//! Without it no memory is ever made executable, and every call is the plain call.
//! Why patching is sound is argued in [`docs::soundness`].
//!
//! # Where the ideas come from
//! Linux's static calls, the dynamic calls and optpolines proposed for it in 2018,
//! `JumpSwitches`, the BPF dispatcher's copy-and-flip, and the inline caches of JIT
//! compilers.

#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(feature = "std")]
extern crate self as static_call;

#[cfg(feature = "std")]
mod arch;
#[cfg(feature = "std")]
mod calibrate;
#[cfg(feature = "std")]
mod config;
pub mod docs;
#[cfg(feature = "std")]
mod engine;
#[cfg(feature = "std")]
mod host;
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
#[cfg(feature = "std")]
mod worker;

/// Annotates a trait, its methods, or an implementation.
///
/// **On a trait** it allows the attribute on methods and lets every implementor be
/// met at call sites. Options: `targets = N` annotates every eligible method;
/// `crate = path` names this crate where it is renamed or re-exported. The trait
/// keeps its meaning: it gains one hidden supertrait, implemented for every
/// implementor, and nothing is renamed or moved.
///
/// **On a method** of such a trait it makes the method callable with
/// [`static_call!`]. Options: `targets = N`, from 1 to 8, how many types a chain may
/// compare with (2 if not given); `skip` leaves the method out. The method must be
/// callable on a trait object, with `&self` or `&mut self`.
///
/// **On an `impl Trait for Type`** it registers the implementation ahead of its
/// first call, and changes nothing else.
///
/// ```
/// # use static_call::static_dispatch;
/// #[static_dispatch(targets = 4)]
/// trait Shape {
///     fn area(&self) -> f64;
///     #[static_dispatch(skip)]
///     fn name(&self) -> String;
/// }
/// # struct Square(f64);
/// #[static_dispatch]
/// impl Shape for Square {
///     fn area(&self) -> f64 { self.0 * self.0 }
///     fn name(&self) -> String { "square".into() }
/// }
/// ```
///
/// # Cost
/// One more vtable slot. For each implementation and method a shim, if the
/// implementation is ever made into a trait object.
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

/// Calls an annotated method of a trait object: `static_call!(receiver.method(arguments))`
/// means what `receiver.method(arguments)` means, with the same autoderef of boxes
/// and references, two-phase borrows, evaluation order, lifetimes of temporaries,
/// `?`, `.await` and closures in arguments, `unsafe` around it, and panics through it.
///
/// Each `static_call!` in the source is one call site; in generic code it stays one,
/// with a trampoline for each instantiation.
///
/// # Cost
/// Switched off, one relaxed load of the site's own cache line on top of the plain
/// call. Patched, a direct call, and a compare and a jump for each type ahead of the
/// right one. 64 bytes of data and 64 of trampoline for each site.
///
/// # Panics
/// Where the method does.
#[cfg(feature = "std")]
#[macro_export]
macro_rules! static_call {
    ($($call:tt)*) => {
        $crate::__private::expand_static_call!(($crate) $($call)*)
    };
}

/// Calls an annotated method of a trait object; without the `std` feature, plainly.
#[cfg(not(feature = "std"))]
#[macro_export]
macro_rules! static_call {
    ($($call:tt)*) => {
        $crate::__private::expand_plain_call!(($crate) $($call)*)
    };
}

/// Makes a `cdylib` a plugin: exports its constructors, and with them its traits,
/// implementations and call sites. Once in a library.
///
/// Each constructor has a name, takes one argument or none, and returns a boxed
/// trait object of an annotated trait; see `runtime::Plugin`.
///
/// ```
/// # use static_call::static_dispatch;
/// # #[static_dispatch(targets = 2)] pub trait Effect { fn process(&mut self, x: f32) -> f32; }
/// # struct Tremolo(f32);
/// # impl Effect for Tremolo { fn process(&mut self, x: f32) -> f32 { x * self.0 } }
/// static_call::export_plugin! {
///     "tremolo" => fn(depth: f32) -> Box<dyn Effect> { Box::new(Tremolo(depth)) },
/// }
/// # fn main() {}
/// ```
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
