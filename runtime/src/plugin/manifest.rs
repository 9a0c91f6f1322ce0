//! What a plugin exports.

use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::PluginError;
use crate::host::Host;
use crate::registry::{RegisteredImplementation, TraitDeclaration};
use crate::site::Site;

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

/// What the plugin brings. Read only after the header was found to be right.
#[repr(C)]
pub struct Manifest {
    pub(super) declarations: &'static [TraitDeclaration],
    pub(super) implementations: &'static [RegisteredImplementation],
    pub(super) sites: &'static [Site],
    pub(super) constructors: &'static [Constructor],
    /// Tells the plugin's copy of the runtime who retargets its sites from now on.
    pub(super) adopt: fn(&'static Host),
}

impl Manifest {
    /// For the expansion of `export_plugin!`, which runs inside the plugin.
    pub fn new(constructors: &'static [Constructor]) -> Self {
        Manifest {
            declarations: &crate::registry::STATIC_CALL_DECLARATIONS_0_1_0,
            implementations: &crate::registry::STATIC_CALL_IMPLEMENTATIONS_0_1_0,
            sites: &crate::site::STATIC_CALL_SITES_0_1_0,
            constructors,
            adopt: crate::host::adopt,
        }
    }
}

/// One constructor, its types erased.
#[repr(C)]
pub struct Constructor {
    pub(super) name: &'static str,
    pub(super) signature: fn() -> &'static str,
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
    pub const fn new<D: ?Sized + 'static, A>(
        name: &'static str,
        function: fn(A) -> Box<D>,
    ) -> Self {
        Constructor {
            name,
            signature: type_name::<fn(A) -> Box<D>>,
            function: function as *const (),
            construct: construct::<D, A>,
            drop: drop_box::<D> as *const (),
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
    match catch_unwind(AssertUnwindSafe(|| function(argument))) {
        Ok(object) => {
            // SAFETY: the caller's.
            unsafe { result.cast::<*mut D>().write(Box::into_raw(object)) };
            None
        }
        Err(payload) => {
            let text = payload.downcast_ref::<&str>().map(ToString::to_string);
            let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
            // A payload whose own drop panics must not do so into the host.
            std::mem::forget(payload);
            Some(message.unwrap_or_else(|| "no message".to_owned()))
        }
    }
}

/// Drops a box where it was made.
///
/// # Safety
/// `object` came from `Box::into_raw` in this loaded object.
pub(super) unsafe fn drop_box<D: ?Sized>(object: *mut D) {
    // SAFETY: the caller's.
    drop(unsafe { Box::from_raw(object) });
}
