//! Hot calls through trait objects at the cost of direct calls: opt-in, in user
//! space, adapted while the program runs.
//!
//! A few hot calls through `dyn Trait` decide how fast many programs are: codecs,
//! effects, rules, storage engines, plugins. Annotate the trait's hot methods, wrap
//! the hot calls and name the types that matter: their bodies are inlined behind a
//! compare, switched on while the program runs where they are what is met. A loop may be
//! compiled for the types that it names, a global provider be swapped at the cost of a
//! direct call. Everywhere else the call is the plain virtual call, behind one NOP.
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
//! runtime::retarget()?;                                // starts to look
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
//! Each `static_call!` is a call site with 64 bytes of state, a trampoline and a *key*: one
//! instruction in front of the plain virtual call, which is a NOP until the runtime runs.
//! `runtime::retarget()`, or a worker (`runtime::retarget_every`), makes it a jump now and
//! then and has some calls recorded; where what is met suits the site, it stays a jump, to
//! compares with the listed types' vtables and their inlined bodies, or to a chain of
//! compares and direct jumps. What neither knows falls back to the virtual call. Code is
//! never edited where it may be executing, except for one aligned instruction, the key or
//! the trampoline's head.
//!
//! In the default mode, [`Mode::Auto`](runtime::Mode), all that deviates from the plain call
//! is paid from one purse that holds 2 % of the program's time, so that no order of types
//! makes a program slower than that.
//!
//! # Where it works
//! Keys and trampolines are patched on x86-64 and `AArch64` Linux; where the system refuses executable memory
//! calls are plain there, and `runtime::backend()` says why. Without the feature `patching`,
//! which is on by default, no memory is ever made executable, and there are no chains: a call
//! with a list looks at a word in memory and compares. That is so on other systems, too, where
//! it can be told which vtables stay: other Linux, Windows, macOS, FreeBSD and Android. In
//! WebAssembly, where nothing collects call sites, and on other systems calls stay plain.
//! `specialize!` and bindings work everywhere. Without `std` every `static_call!` is the plain
//! call, and there are no bindings. The feature `plugins`, on by default as well, is
//! `runtime::Plugin` and [`export_plugin!`], on Linux.
//! Why patching is sound is argued in [`docs::soundness`]; [`docs::trampoline`] shows the
//! machine code.
//!
//! # Further
//! [`docs::guide`]: which tool for which call, how to read the report, coming from
//! `enum_dispatch` and `devirt`, and what the macros write.
//!
//! # Where the ideas come from
//! Linux's static calls, the dynamic calls and optpolines proposed for it in 2018,
//! `JumpSwitches`, the BPF dispatcher's copy-and-flip, and the inline caches of JIT
//! compilers.

#![cfg_attr(not(feature = "std"), no_std)]
// Where plugins may come, the compiler sees what nobody uses. Elsewhere a third of the runtime
// would wait for them.
#![cfg_attr(not(plugins), allow(dead_code))]

#[cfg(feature = "std")]
extern crate self as static_call;

#[cfg(all(fuzzing, plugins))]
#[doc(hidden)]
#[path = "fuzzing.rs"]
pub mod __fuzzing;
#[cfg(feature = "std")]
mod advice;
#[cfg(test)]
mod allocations;
#[cfg(feature = "std")]
mod arch;
#[cfg(feature = "std")]
mod binding;
#[cfg(feature = "std")]
mod bound;
#[cfg(feature = "std")]
mod calibrate;
#[cfg(feature = "std")]
mod config;
#[cfg(feature = "std")]
mod costs;
pub mod docs;
#[cfg(feature = "std")]
mod engine;
#[cfg(feature = "tracing")]
mod events;
#[cfg(feature = "std")]
mod host;
mod identity;
mod image;
#[cfg(feature = "std")]
mod key;
#[cfg(plugins)]
mod library;
#[cfg(feature = "std")]
mod life;
#[cfg(feature = "std")]
mod measured;
#[cfg(feature = "std")]
mod os;
#[cfg(feature = "std")]
mod pass;
#[cfg(feature = "std")]
mod plan;
#[cfg(plugins)]
mod plugin;
#[cfg(feature = "std")]
mod private;
#[cfg(feature = "std")]
mod profile;
#[cfg(feature = "std")]
mod publish;
#[cfg_attr(
    not(feature = "std"),
    allow(dead_code, reason = "the runtime reads it")
)]
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
mod slices;
mod specialize;
mod static_key;
mod switch;
#[cfg(feature = "std")]
mod sync;
#[cfg(feature = "std")]
mod trampoline;
#[cfg(feature = "std")]
mod tune;
mod vtable;
#[cfg(feature = "std")]
mod window;
mod words;
#[cfg(feature = "std")]
mod worker;

/// Annotates a trait, its methods, or an implementation.
///
/// **On a trait** it allows the attribute on methods and lets every implementor be
/// met at call sites. Options: `targets = N` annotates every eligible method;
/// `object = Name` also writes the trait `Name`, whose objects dispatch in plain
/// method-call syntax (below);
/// `auto = [Unpin, UnwindSafe]` gives call sites to objects with these auto traits, with
/// and without `Send` and `Sync`, which need no option, and `auto = all` to objects with any
/// of the standard library's; the trait then takes longer to compile;
/// `supertrait = Base` lets [`static_call!`] find the methods of this annotated supertrait
/// on the trait's objects, which then dereference to `dyn Base`;
/// `crate = ::name` names this crate where `Cargo.toml` has another name for it, and
/// `unsafe(crate = path)` promises that a path leads to a re-export of it: the expansion
/// believes what it finds there, and a module with other contents would be undefined
/// behaviour; `unsafe(same_supertraits)` promises that supertraits without the attribute have the
/// same methods in a program and in each of its plugins, which are refused otherwise: annotate
/// the supertrait, its methods need not be, or promise it where it is not yours. The trait keeps its meaning: it gains one hidden supertrait, implemented for every
/// implementor, and nothing is renamed or moved.
///
/// **On a method** of such a trait it makes the method callable with
/// [`static_call!`]. Options: `targets = N`, from 1 to 8, how many types a chain may
/// compare with (2 if not given); `skip` leaves the method out. The method must be
/// callable on a trait object, with `&self` or `&mut self`. `inline = [A, B]` lists types
/// for the call sites that list none themselves; see [`static_call!`]. `none = result`
/// is what a call gives on a [`binding!`] to nothing, a constant expression.
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
/// **On a trait below `#[async_trait]`, or above it**, it sees the methods that
/// `async_trait` makes.
///
/// # Objects that dispatch
/// `#[static_dispatch(object = FastCodec)]` on `trait Codec` writes a trait
/// `FastCodec` with `Codec`'s visibility, supertraits, generics and associated types,
/// implemented for every sized `Codec`. Where a program says `dyn FastCodec` in place
/// of `dyn Codec`, calls stay as they are written: each annotated method has one call
/// site, reported at the method in the trait, and all calls of it on `dyn FastCodec`,
/// `dyn FastCodec + Send`, … pass there. `dyn FastCodec` is itself a `Codec`, so
/// generic code over `T: Codec + ?Sized` takes it and gains as well. Methods that are
/// not annotated go through the vtable.
///
/// ```
/// # use static_call::static_dispatch;
/// #[static_dispatch(object = FastCodec)]
/// trait Codec {
///     #[static_dispatch(targets = 2)]
///     fn encode(&self, source: &[u8]) -> usize;
/// }
/// # struct Lz4;
/// # impl Codec for Lz4 { fn encode(&self, source: &[u8]) -> usize { source.len() } }
///
/// fn generic<T: Codec + ?Sized>(codec: &T) -> usize {
///     codec.encode(b"abc")
/// }
///
/// let codec: Box<dyn FastCodec> = Box::new(Lz4);
/// assert_eq!(codec.encode(b"abc") + generic(&*codec), 6);
/// ```
///
/// An implementation for unsized types as well, `impl<T: Other + ?Sized> Codec for T`,
/// leaves no room for that of `dyn FastCodec` where it covers it: rustc then reports
/// conflicting implementations (E0119) at the attribute, one for each object type.
/// Leave out `?Sized`, or `object`. One site sees the whole program's mix of types;
/// where the mixes of places differ, sites of their own learn more.
///
/// # Associated types of supertraits
/// Where a signature says `Self::Item`, and neither the trait nor the bounds of its
/// supertraits name `Item`, objects are taken to name it: `dyn Sub<Item = u8>`. A
/// supertrait with an associated type that no signature and no bound mentions cannot
/// be seen by a macro; rustc asks for it (E0191) at the attribute. Close it with a
/// bound, `trait Sub: Base<Item = u8>`, or mention it in a signature.
///
/// # Cost
/// One more vtable slot. For each implementation and method a shim, if the
/// implementation is ever made into a trait object. An object trait has vtables of
/// its own, whose methods call the implementation's, mostly inlined.
pub use static_call_macros::static_dispatch;

#[cfg(feature = "std")]
#[doc(hidden)]
pub mod __private {
    #[cfg(plugins)]
    pub mod plugin {
        pub use crate::library::Constructor;
        pub use crate::plugin::manifest::{Header, Manifest};
    }
    pub use crate::private::*;
}

#[cfg(not(feature = "std"))]
#[doc(hidden)]
pub mod __private {
    pub use core;
    pub use core::any::type_name;
    pub use core::marker::PhantomData;
    pub use static_call_macros::{
        expand_plain_call, expand_specialize, expand_static_key, static_dispatch as instrument,
    };

    /// For who imports the crate to name it in `crate = path`.
    pub const USED: () = ();

    pub use crate::identity::of as identity;
    pub use crate::registry::{
        Code, DeclaredTrait, MethodDeclaration, Table, TraitDeclaration, TraitObject,
    };
    pub use crate::specialize::{
        Asked, Home, Identity, Listed, Region, Specialize, asked, key_of, known, listed, object,
        object_type, vtable_here, which,
    };
    pub use crate::static_key::{DeclaredStaticKey, StaticKeyRecord, StaticKeyState};
    pub use crate::vtable::{dangling, vtable_of, vtable_of_pointer};
    pub use crate::{home, region};

    /// The auto traits that object types may carry.
    pub mod auto {
        pub use core::marker::{Send, Sync, Unpin};
        pub use core::panic::{RefUnwindSafe, UnwindSafe};
    }
}

/// Calls an annotated method of a trait object: `static_call!(receiver.method(arguments))`
/// means what `receiver.method(arguments)` means, with the same autoderef of boxes
/// and references, two-phase borrows, evaluation order, lifetimes of temporaries,
/// `?`, `.await` and closures in arguments, `unsafe` around it, and panics through it.
///
/// A supertrait's method is called on the supertrait's objects,
/// `static_call!((object as &dyn Base).method())`, or on the object itself if its trait
/// says `#[static_dispatch(supertrait = Base)]`. Either loads a vtable pointer, unless
/// `Base` comes first among the supertraits; the [guide](crate::docs::guide) says what
/// that costs.
///
/// Each `static_call!` in the source is one call site; in generic code it stays one,
/// with a trampoline for each instantiation.
///
/// # Inlined bodies
/// `static_call!(receiver.method(arguments), inline = [A, B])` lists 1 to 8 types whose
/// bodies are compiled into the call site, each behind a guard: a compare of the
/// receiver's vtable with a key that the runtime has learned. The list may also stand
/// on the method, as the default of its call sites. Which guards are on, and which one
/// is asked first, is decided from what the site meets, and in
/// [`Mode::Auto`](crate::runtime::Mode) none is on where it does not pay. A listed type
/// implements the trait, is `'static`, and does not depend on the generics of the
/// function around the call; the receiver may hold what it likes. An object whose type
/// comes from another loaded object (a plugin) is not inlined, since equal names say
/// nothing about equal layouts there.
///
/// ```
/// # use static_call::{static_call, static_dispatch};
/// # #[static_dispatch] trait Shape { #[static_dispatch(targets = 2)] fn area(&self) -> f64; }
/// # struct Square(f64);
/// # impl Shape for Square { fn area(&self) -> f64 { self.0 * self.0 } }
/// # struct Circle(f64);
/// # impl Shape for Circle { fn area(&self) -> f64 { self.0 * self.0 * 3.0 } }
/// let shapes: [Box<dyn Shape>; 2] = [Box::new(Square(1.0)), Box::new(Circle(2.0))];
/// let mut sum = 0.0;
/// for shape in &shapes {
///     sum += static_call!(shape.area(), inline = [Square, Circle]);
/// }
/// # assert_eq!(sum, 13.0);
/// ```
///
/// The idea is the guarded devirtualization of JIT compilers and Linux's
/// `INDIRECT_CALL_n`; that keys are learned is what makes it hit in programs of several
/// crates, where a vtable's address differs from crate to crate.
///
/// # Cost
/// Off, one NOP on top of the plain call; where no code can be patched, one relaxed load.
/// On, two jumps, and a load and a compare for each guard ahead of the right one; or a
/// direct call, and a compare and a jump for each type of the chain ahead of the right one.
/// 64 bytes of data and 64 of trampoline for each site, and 128 for the keys of a list.
///
/// # Panics
/// Where the method does.
#[cfg(feature = "std")]
#[macro_export]
macro_rules! static_call {
    ($($call:tt)*) => {
        $crate::__private::calls_annotated_dyn__call_others_plainly!(($crate) $($call)*)
    };
}

/// Compiles a region once for each listed type, and enters the right copy by one exact
/// test: `specialize!(receiver: [A, B] in { block })`.
///
/// In the block, `receiver` is the trait object that it is outside. In the copy for `A` the
/// compiler knows that an `A` is behind it: calls are direct there, and are inlined, as in
/// generic code, without making the function generic. The last copy takes every other type.
/// So a loop over calls on one receiver is tested once; in a loop over many receivers, the
/// region stands inside. `return`, `break`, `continue`, `?`, `.await` and labels in the block
/// mean what they mean outside; the block's value is the expression's. A `static_call!` on the
/// receiver inside is the plain call where the type is known, and a call site in the last copy.
///
/// `specialize!(name = expression: [A, B] in { block })` names a receiver that is no
/// variable; it is evaluated once. For a box, write `name = &*boxed`.
///
/// The receiver is a reference to a trait object, which may borrow. Listed types implement the
/// trait as the object does, with its generics, associated types and auto traits; they may
/// depend on the generics of the function around, and lifetimes in them may be left open,
/// `[Slice<'_, f32>]`. A type from another loaded object (a plugin) takes the last copy. Items
/// and macros declared in the block are declared once for each copy.
///
/// No runtime is needed: a region works in `no_std`, patched or not, on every target.
/// Functions that are called with the receiver and are not inlined gain nothing; the
/// [guide](crate::docs::guide) says what to write there.
///
/// ```
/// use static_call::{specialize, static_dispatch};
///
/// #[static_dispatch]
/// trait Codec {
///     #[static_dispatch(targets = 2)]
///     fn step(&self, x: u64) -> u64;
/// }
/// # struct Lz4; impl Codec for Lz4 { fn step(&self, x: u64) -> u64 { x + 1 } }
/// # struct Store; impl Codec for Store { fn step(&self, x: u64) -> u64 { x + 2 } }
/// fn sum(codec: &dyn Codec, input: &[u64]) -> u64 {
///     specialize!(codec: [Lz4, Store] in {
///         input.iter().map(|x| codec.step(*x)).sum()
///     })
/// }
/// # assert_eq!((sum(&Lz4, &[1, 2]), sum(&Store, &[1, 2])), (5, 7));
/// ```
///
/// # Cost
/// Two loads and two compares for the first type, a load and a compare for each further one.
/// First meetings ask the object, by a virtual call. The block's code once more for each
/// listed type. A region remembers up to two vtables a type, and four of types that are not
/// listed; where it meets more of these, it takes all that it does not know for such after
/// some thousand visits, and costs no more than a few compares.
#[macro_export]
macro_rules! specialize {
    ($($region:tt)*) => {
        $crate::__private::expand_specialize!(($crate) $($region)*)
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

/// Declares bindings: global, swappable implementations of annotated traits, called at
/// the cost of a direct call.
///
/// ```
/// use static_call::{binding, runtime, static_dispatch};
///
/// #[static_dispatch]
/// pub trait Clock: Send + Sync {
///     #[static_dispatch]
///     fn now(&self) -> u64;
///     fn name(&self) -> &str;
/// }
///
/// struct SystemClock;
/// # impl Clock for SystemClock { fn now(&self) -> u64 { 1 } fn name(&self) -> &str { "system" } }
/// struct Frozen(u64);
/// # impl Clock for Frozen { fn now(&self) -> u64 { self.0 } fn name(&self) -> &str { "frozen" } }
///
/// binding! {
///     /// What time it is.
///     pub static CLOCK: dyn Clock = SystemClock;
/// }
///
/// runtime::retarget()?;                       // from here on a direct call
/// assert_eq!(CLOCK.now(), 1);
/// static MIDNIGHT: Frozen = Frozen(0);
/// CLOCK.swap(&MIDNIGHT)?;                     // from any thread, at any time
/// assert_eq!(CLOCK.now(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A declaration is that of a static of the type `dyn Trait`, with what is bound at first:
/// - `= value`: a constant, as in a static of the type `&dyn Trait`. One with atomics or a
///   lock in it is a static of its own, `= NAME`, since rustc borrows no such constant (E0492);
/// - `= lazy { … }`: what the block makes on first use, a `Box<dyn Trait>`;
/// - `= None`: nothing. Methods return at once, and give what the trait declares for that
///   case: `#[static_dispatch(none = 0)]`. A method with a result and without such a
///   declaration makes `= None` a compile error.
///
/// The trait is annotated, and its objects may be used by any thread: `dyn Trait` where
/// `Send + Sync` are supertraits, `dyn Trait + Send + Sync` otherwise. The static has the
/// trait's methods with `&self`, whether or not the trait is in scope: `CLOCK.now()`. It
/// dereferences to a [`Binding`], which has [`swap`](Binding::swap),
/// [`swap_boxed`](Binding::swap_boxed), [`compare_swap`](Binding::compare_swap), `load`,
/// and for tests [`override_with`](Binding::override_with). Methods with `&mut self` and
/// with other receivers need an object that nobody shares, and are not there.
///
/// Methods that are not annotated go through the vtable. They, too, are there for a
/// binding to `None` only if they have no result.
///
/// # What a swap means
/// Each call is wholly one object's, data and code. After a swap has returned, calls that
/// begin are the new object's on every thread. Across the methods of one trait a swap is
/// not one instant, as it is not for the kernel's static calls. Nobody waits for calls
/// that are inside of what was bound, and nobody can know of them: what is `'static`
/// needs nothing, and boxes are kept; see [`Binding::swap_boxed`].
///
/// # Cost
/// From the first [`runtime::retarget`] or swap on, a call is a direct call to a
/// trampoline, which puts the object's address where the receiver goes and jumps to the
/// method: no load, no compare, no lock, no indirect branch. Before that, and where code
/// is not patched, three loads and an indirect call. What is made on first use is known
/// from then on: use it once before [`runtime::retarget`], or call that again later. Each binding takes some 300 bytes of
/// data, and a trampoline of 64 bytes for each annotated method in each crate that calls
/// it.
///
/// The idea is the Linux kernel's `DEFINE_STATIC_CALL`, with the object as well as the
/// function in the patched code.
#[cfg(feature = "std")]
#[macro_export]
macro_rules! binding {
    ($($bindings:tt)*) => {
        $crate::__private::expand_binding!(($crate) $($bindings)*);
    };
}

/// Needs the feature `std`: without it there is nothing that would swap a binding.
#[cfg(not(feature = "std"))]
#[macro_export]
macro_rules! binding {
    ($($bindings:tt)*) => {
        ::core::compile_error!(
            "`binding!` needs the feature `std` of static-call; without it, write a static of \
             your own, and `specialize!` around calls on it"
        );
    };
}

/// Declares static keys: branches that cost one NOP while the key is as it was declared, and
/// are switched while the program runs, with threads running.
///
/// ```
/// use static_call::static_key;
///
/// static_key! {
///     /// Whether each request is logged.
///     pub static TRACE: bool = false;
///     static FAST: bool = true;
/// }
///
/// fn request(id: u64) -> u64 {
///     if TRACE.enabled() {                    // one NOP while it is off
///         println!("request {id}");
///     }
///     if FAST.enabled() { id } else { id + 1 }
/// }
///
/// assert_eq!(request(1), 1);
/// TRACE.enable()?;                            // from any thread, at any time
/// FAST.disable()?;
/// assert_eq!(request(1), 2);
/// # Ok::<(), static_call::StaticKeyError>(())
/// ```
///
/// A declaration is that of a static of the type `bool`, with any attributes and visibility,
/// and `true` or `false`: what is in line at each place, as with the kernel's
/// `static_branch_likely` and `static_branch_unlikely`. The static is a [`StaticKey`].
///
/// A key has as many places as there are copies of `enabled()` in the compiled program: in
/// generic functions one for each instance, and one for each time that a function is
/// inlined. A place costs five bytes and up to four to align them, and 16 bytes of data.
///
/// # Where code is not patched
/// Built for another target, without the feature `patching`, or without `std`, `enabled()`
/// is a relaxed load, and switching a store. Where the system refuses to patch, or
/// `STATIC_CALL=off` says so, switching is an error, and the key stays as it was.
#[macro_export]
macro_rules! static_key {
    ($($keys:tt)*) => {
        $crate::__private::expand_static_key!(($crate) $($keys)*);
    };
}

pub use crate::static_key::{StaticKey, StaticKeyError};

#[cfg(feature = "std")]
pub use crate::binding::{CompareSwapError, Override};
#[cfg(feature = "std")]
pub use crate::bound::{Binding, Loaded, SwapError, WhenUnloaded};

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
#[cfg(feature = "plugins")]
#[cfg(target_os = "linux")]
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
#[cfg(plugins)]
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
