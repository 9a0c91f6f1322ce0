//! What a plugin exports.

use std::any::type_name;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::PluginError;
use crate::binding::{BindingRecord, TrampolineOfBinding};
use crate::host::Host;
use crate::key::{KeyRecord, TrampolineRecord};
use crate::os::{self, Room};
use crate::registry::{
    Identity, Implementation, RegisteredImplementation, TraitDeclaration, TraitObject, slot_of,
};
use crate::site::Site;
use crate::static_key::{PlaceRecord, STATIC_CALL_STATIC_KEYS_0_1_0, StaticKeyRecord, places};

/// The version in the names is that of the header's and the manifest's layout.
pub(super) const HEADER_SYMBOL: &[u8] = b"STATIC_CALL_PLUGIN_HEADER_V1\0";
pub(super) const MANIFEST_SYMBOL: &[u8] = b"static_call_plugin_manifest_v1\0";

/// The compiler that built this crate.
pub(super) const RUSTC: &str = env!("STATIC_CALL_RUSTC");
/// The version of this crate.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

const MAGIC: [u8; 16] = *b"static-call v1\r\n";
const TEXT: usize = 120;

/// Plain bytes, so that they can be read in the file: who built the plugin.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Header {
    magic: [u8; 16],
    rustc: [u8; TEXT],
    version: [u8; TEXT],
}

impl Header {
    /// The header of whoever compiles this.
    pub const THIS: Header = Header {
        magic: MAGIC,
        rustc: text(RUSTC),
        version: text(VERSION),
    };

    /// Reads a header from bytes, which may be anything.
    pub(super) fn read(bytes: &[u8]) -> Option<Header> {
        let (magic, rest) = bytes.split_first_chunk::<16>()?;
        let (rustc, rest) = rest.split_first_chunk::<TEXT>()?;
        let (version, _) = rest.split_first_chunk::<TEXT>()?;
        Some(Header {
            magic: *magic,
            rustc: *rustc,
            version: *version,
        })
    }

    /// Compares with this side's.
    pub(super) fn check(&self, path: &Path) -> Result<(), PluginError> {
        let path = || path.to_owned();
        if self.magic != MAGIC {
            return Err(PluginError::NoManifest { path: path() });
        }
        if self.rustc != Header::THIS.rustc {
            return Err(PluginError::Rustc {
                path: path(),
                host: RUSTC.to_owned(),
                plugin: readable(&self.rustc),
            });
        }
        if self.version != Header::THIS.version {
            return Err(PluginError::Version {
                path: path(),
                host: VERSION.to_owned(),
                plugin: readable(&self.version),
            });
        }
        Ok(())
    }
}

/// Text in a field of fixed size, filled up with zeros, cut if too long.
const fn text(text: &str) -> [u8; TEXT] {
    let mut field = [0; TEXT];
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && at < TEXT {
        field[at] = bytes[at];
        at += 1;
    }
    field
}

/// The text of a field that somebody else wrote.
fn readable(field: &[u8; TEXT]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(TEXT);
    field[..end].escape_ascii().to_string()
}

/// What the plugin brings. Read only after the header was found to be right, and
/// as nothing but addresses until each was found inside the plugin.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Manifest {
    pub(super) declarations: *const [TraitDeclaration],
    pub(super) implementations: *const [RegisteredImplementation],
    pub(super) sites: *const [Site],
    pub(super) keys: *const [KeyRecord],
    pub(super) trampolines: *const [TrampolineRecord],
    pub(super) constructors: *const [Constructor],
    pub(super) bindings: *const [BindingRecord],
    pub(super) trampolines_of_bindings: *const [TrampolineOfBinding],
    /// An [`Adopt`].
    pub(super) adopt: *const (),
    /// Where chains may lie in the plugin. Null if it has no room to lend.
    pub(super) room: *const Room,
    pub(super) static_keys: *const [StaticKeyRecord],
    pub(super) places: *const [PlaceRecord],
}

// SAFETY: addresses of immutable slices and of a function; call sites are atomics.
unsafe impl Sync for Manifest {}
// SAFETY: as above.
unsafe impl Send for Manifest {}

/// Tells the plugin's copy of the runtime who retargets its sites from now on.
pub(super) type Adopt = fn(&'static Host);

impl Manifest {
    /// For the expansion of `export_plugin!`, which runs inside the plugin.
    pub fn new(constructors: &'static [Constructor]) -> Self {
        let adopt: Adopt = crate::host::adopt;
        Manifest {
            declarations: &raw const *crate::registry::STATIC_CALL_DECLARATIONS_0_1_0,
            implementations: &raw const *crate::registry::STATIC_CALL_IMPLEMENTATIONS_0_1_0,
            sites: &raw const *crate::site::STATIC_CALL_SITES_0_1_0,
            keys: crate::key::keys(),
            trampolines: crate::key::trampolines(),
            constructors,
            bindings: &raw const *crate::binding::STATIC_CALL_BINDINGS_0_1_0,
            trampolines_of_bindings: crate::binding::trampolines(),
            adopt: adopt as *const (),
            room: os::room::lend(),
            static_keys: &raw const *STATIC_CALL_STATIC_KEYS_0_1_0,
            places: places(),
        }
    }
}

/// What a manifest names, all of it inside the plugin.
pub(super) struct Contents {
    pub(super) declarations: &'static [TraitDeclaration],
    pub(super) implementations: Vec<Implementation>,
    pub(super) sites: &'static [Site],
    pub(super) keys: &'static [KeyRecord],
    pub(super) trampolines: &'static [TrampolineRecord],
    pub(super) constructors: &'static [Constructor],
    pub(super) bindings: &'static [BindingRecord],
    pub(super) trampolines_of_bindings: &'static [TrampolineOfBinding],
    pub(super) static_keys: &'static [StaticKeyRecord],
    pub(super) places: &'static [PlaceRecord],
    pub(super) adopt: Adopt,
    pub(super) room: Option<Range<usize>>,
}

/// What a constructor takes and makes.
#[derive(Clone, Copy)]
pub(super) struct Signature {
    pub(super) name: &'static str,
    argument: Identity,
    object: Identity,
    /// Which slot the hook has in vtables of the objects: [`slot_of`].
    pub(super) slot: usize,
}

impl Signature {
    pub(super) fn of<D: TraitObject + ?Sized + 'static, A: 'static>() -> Self {
        Signature {
            name: type_name::<fn(A) -> Box<D>>(),
            argument: Identity::of::<A>(),
            object: Identity::of::<D>(),
            slot: slot_of::<D>(),
        }
    }

    /// Each by itself: where one binds lifetimes, the other may still be of two builds.
    pub(super) fn agrees(&self, other: &Signature) -> bool {
        self.argument.agrees(&other.argument) && self.object.agrees(&other.object)
    }
}

/// One constructor, its types erased.
#[repr(C)]
pub struct Constructor {
    pub(super) name: &'static str,
    pub(super) signature: fn() -> Signature,
    pub(super) function: *const (),
    pub(super) construct: unsafe fn(*const (), *const (), *mut ()) -> Option<String>,
    pub(super) drop: *const (),
}

// SAFETY: names and addresses of functions, all immutable.
unsafe impl Sync for Constructor {}
// SAFETY: as above.
unsafe impl Send for Constructor {}

impl Constructor {
    /// For the expansion of `export_plugin!`.
    ///
    /// Arguments are `'static`: the host knows them by their names, which have no lifetimes.
    pub const fn new<D: TraitObject + ?Sized + 'static, A: 'static>(
        name: &'static str,
        function: fn(A) -> Box<D>,
    ) -> Self {
        Constructor {
            name,
            signature: Signature::of::<D, A>,
            function: function as *const (),
            construct: construct::<D, A>,
            drop: drop_in_plugin::<D> as *const (),
        }
    }
}

/// Runs in the plugin, so that a panic is caught by the runtime that raised it.
///
/// # Safety
/// `function` is a `fn(A) -> Box<D>`, `argument` the address of an `A` to move
/// out, and `result` that of room for a `*mut D`.
unsafe fn construct<D: ?Sized, A>(
    function: *const (),
    argument: *const (),
    result: *mut (),
) -> Option<String> {
    // SAFETY: the caller's.
    let function = unsafe { std::mem::transmute::<*const (), fn(A) -> Box<D>>(function) };
    // SAFETY: the caller's.
    let argument = unsafe { argument.cast::<A>().read() };
    let made = caught(|| function(argument)).map(Box::into_raw);
    // SAFETY: the caller's.
    made.map(|object| unsafe { result.cast::<*mut D>().write(object) })
        .err()
}

/// Runs code of the plugin in the plugin: a panic must not unwind into the host,
/// whose copy of the standard library did not raise it.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(ToString::to_string);
        let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
        // A payload whose own drop panics must not do so into the host.
        std::mem::forget(payload);
        message.unwrap_or_else(|| "no message".to_owned())
    })
}

/// Drops a plugin's object, in the plugin; its panic is returned.
///
/// # Safety
/// `object` came from `Box::into_raw` in this loaded object.
unsafe fn drop_in_plugin<D: ?Sized>(object: *mut D) -> Option<String> {
    // SAFETY: the caller's.
    caught(|| drop(unsafe { Box::from_raw(object) })).err()
}

/// Drops a box of the host's own, in the host; its panic goes on.
///
/// # Safety
/// As for [`drop_in_plugin`].
pub(super) unsafe fn drop_own<D: ?Sized>(object: *mut D) -> Option<String> {
    // SAFETY: the caller's.
    drop(unsafe { Box::from_raw(object) });
    None
}
