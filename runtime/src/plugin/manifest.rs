//! What a plugin exports.

use std::ops::Range;
use std::path::Path;

use super::PluginError;
use crate::bound::{BindingRecord, TrampolineOfBinding};
use crate::host::Host;
use crate::key::{KeyRecord, TrampolineRecord};
use crate::library::Constructor;
use crate::os::{self, Room};
use crate::registry::{Implementation, RegisteredImplementation, TraitDeclaration};
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
            bindings: &raw const *crate::bound::STATIC_CALL_BINDINGS_0_1_0,
            trampolines_of_bindings: crate::bound::trampolines(),
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
