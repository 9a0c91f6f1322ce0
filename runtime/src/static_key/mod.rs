//! Static keys: branches that cost one NOP as long as nobody takes the other way.
//!
//! `static_key! { pub static TRACE: bool = false; }` declares one, and each
//! `TRACE.enabled()` that is compiled is a *place* of it: five bytes in the caller's code,
//! a NOP while the key is what it was declared as, and a jump to the other branch while it
//! is not. These are the keys of the Linux kernel (`DEFINE_STATIC_KEY_FALSE`,
//! `static_branch_unlikely`), and for a program's own branches what [`key`](crate::key) is
//! for call sites: the same instruction, the same kind of record, the same batch of
//! patches.
//!
//! # What differs from call sites
//! A call site is right whichever way it goes. A key has a value, and a place that shows
//! another one is wrong. So
//! - all places of a key are switched, or none: what was done before a refusal is taken
//!   back ([`StaticKeyError::Refused`] says if even that was refused);
//! - pages with places are exchanged whole. The way by which other pages stay the file's
//!   shows what the file holds for a moment, that is, all keys as they were declared;
//! - where code cannot be patched, [`StaticKey::enable`] is an error, and not a slower key:
//!   there is nothing at a place that looks. Builds that never patch load a word instead.
//!
//! # Plugins
//! A crate that declares a key may be linked into a host and into its plugins. The copies
//! are one key: those in a plugin *follow* the host's from when it is loaded, as bindings
//! do, and what is switched in a plugin is the host's.

use core::any::type_name;
use core::fmt;
use core::marker::PhantomData;

mod error;
mod place;
mod state;

pub use error::StaticKeyError;
#[cfg(plugins)]
pub(crate) use place::PlaceRecord;
#[cfg(feature = "std")]
pub(crate) use place::{Places, places};
pub(crate) use state::Change;
pub use state::StaticKeyState;

/// A branch that is switched while the program runs, and costs nothing until then: what
/// [`static_key!`](crate::static_key) declares.
///
/// It is on as long as it is switched on ([`enable`](Self::enable),
/// [`disable`](Self::disable)) or anybody holds it ([`acquire`](Self::acquire),
/// [`release`](Self::release)). A key that is declared `true` begins switched on.
///
/// # What a switch means
/// After a method has returned `Ok`, every `enabled()` that begins, on every thread, sees
/// what it said. While it is under way, one place may see the one and another the other.
/// Nothing else is ordered: to `enabled()` other memory is as to a relaxed load.
///
/// # Errors
/// See [`StaticKeyError`]. The key is as before then. The methods may be called from
/// anywhere but a signal handler: from inside a branch of the key, from `Drop`, from several
/// threads, before `main`, from a plugin; `enabled()` from there, too.
///
/// # Cost
/// Some tens of microseconds, most of it in the system, for each stretch of pages with
/// places in them; see [`docs::guide`](crate::docs::guide). Holding a key that is on and
/// letting it go while it stays on are one atomic instruction.
pub struct StaticKey<K>(PhantomData<fn() -> K>);

impl<K: DeclaredStaticKey> StaticKey<K> {
    /// For the expansion of `static_key!`.
    #[doc(hidden)]
    pub const NEW: Self = StaticKey(PhantomData);

    /// Whether the key is on. Where code is patched, a NOP of five bytes while the key is as
    /// it was declared, and a jump otherwise; elsewhere a relaxed load and a branch. The
    /// branch for what was declared is in line, the other one aside.
    ///
    /// ```
    /// static_call::static_key! {
    ///     static TRACE: bool = false;
    /// }
    ///
    /// fn work(x: u64) -> u64 {
    ///     if TRACE.enabled() {
    ///         println!("work({x})");
    ///     }
    ///     x + 1
    /// }
    /// # assert_eq!(work(1), 2);
    /// ```
    #[inline(always)]
    pub fn enabled(&self) -> bool {
        place::enabled::<K>()
    }
}

impl<K: DeclaredStaticKey> fmt::Debug for StaticKey<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StaticKey")
            .field("name", &K::record().name)
            .field("enabled", &self.enabled())
            .finish()
    }
}

/// The type behind a static key. What else implements it has keys that nobody finds, and
/// places that are never switched.
#[doc(hidden)]
pub trait DeclaredStaticKey: 'static {
    /// What it was declared as.
    const INITIAL: bool;
    fn state() -> &'static StaticKeyState;
    fn record() -> &'static StaticKeyRecord;
}

/// A key's identity and place: an element of the slice `STATIC_CALL_STATIC_KEYS_0_1_0`.
#[doc(hidden)]
#[repr(C)]
pub struct StaticKeyRecord {
    pub(crate) name: &'static str,
    pub(crate) module: &'static str,
    pub(crate) crate_version: Option<&'static str>,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// The name of the type behind it: so a path, with the functions that it is in.
    pub(crate) declared: fn() -> &'static str,
    pub(crate) state: &'static StaticKeyState,
}

impl StaticKeyRecord {
    /// For the expansion of `static_key!`.
    pub const fn new<K: DeclaredStaticKey>(
        name: &'static str,
        module: &'static str,
        crate_version: Option<&'static str>,
        (file, line, column): (&'static str, u32, u32),
        state: &'static StaticKeyState,
    ) -> Self {
        StaticKeyRecord {
            name,
            module,
            crate_version,
            file,
            line,
            column,
            declared: type_name::<K>,
            state,
        }
    }
}

#[cfg(plugins)]
impl StaticKeyRecord {
    /// Whether both are the same key of the same source, in two loaded objects, as far as
    /// that can be told without where they stand.
    pub(crate) fn is_same(&self, other: &StaticKeyRecord) -> bool {
        core::ptr::eq(self, other)
            || (self.is_namesake(other) && self.state.initial() == other.state.initial())
    }

    /// The same but for what they are declared as.
    pub(crate) fn is_namesake(&self, other: &StaticKeyRecord) -> bool {
        self.name == other.name
            && self.module == other.module
            && self.crate_version == other.crate_version
            && (self.declared)() == (other.declared)()
    }

    /// Whether both stand at the same place of the same file. Which path that has depends on
    /// where it was compiled.
    pub(crate) fn is_at(&self, other: &StaticKeyRecord) -> bool {
        let name = |file: &'static str| file.rsplit(['/', '\\']).next();
        (self.line, self.column) == (other.line, other.column)
            && name(self.file) == name(other.file)
    }
}

#[cfg(feature = "std")]
crate::slices::slice! {
    /// Every static key of this loaded object.
    pub static STATIC_CALL_STATIC_KEYS_0_1_0: [StaticKeyRecord];
}
