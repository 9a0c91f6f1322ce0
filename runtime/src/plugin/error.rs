//! Why a plugin was refused.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::Plugin;
use crate::bound::BindingRecord;
use crate::registry::TraitDeclaration;
use crate::static_key::StaticKeyError;
use crate::words::count;

/// Why a plugin could not be loaded, or made no object. The host is as it was.
#[non_exhaustive]
pub enum PluginError {
    /// The file cannot be read.
    Open {
        /// The plugin's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not a whole shared library for this machine.
    NotALibrary {
        /// The plugin's path.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is shorter than its own headers say.
    Truncated {
        /// The plugin's path.
        path: PathBuf,
        /// The size that the headers imply, in bytes.
        needed: u64,
        /// The size of the file, in bytes.
        found: u64,
    },
    /// The library does not say `export_plugin!`, or that of another layout.
    NoManifest {
        /// The plugin's path.
        path: PathBuf,
    },
    /// The manifest names something that is not the library's own.
    Manifest {
        /// The plugin's path.
        path: PathBuf,
        /// What, and what is wrong with it.
        reason: String,
    },
    /// What the loader gave is not the file: that was overwritten while the library was
    /// loaded, or, if it is loaded by its path, replaced.
    Replaced {
        /// The plugin's path.
        path: PathBuf,
    },
    /// It was built by another compiler.
    Rustc {
        /// The plugin's path.
        path: PathBuf,
        /// The host's compiler.
        host: String,
        /// The plugin's.
        plugin: String,
    },
    /// It was built with another version of static-call.
    Version {
        /// The plugin's path.
        path: PathBuf,
        /// The host's version.
        host: String,
        /// The plugin's.
        plugin: String,
    },
    /// An annotated trait is not the same on both sides.
    Trait {
        /// The plugin's path.
        path: PathBuf,
        /// The trait.
        name: String,
        /// Which dispatched methods differ, in words, or that something else of it does.
        methods: Option<String>,
        /// Version and layout in the host.
        host: String,
        /// Version and layout in the plugin.
        plugin: String,
    },
    /// An annotated trait has a supertrait of which neither side can say which methods it has.
    Supertrait {
        /// The plugin's path.
        path: PathBuf,
        /// The trait.
        name: String,
        /// The supertrait, as the trait names it.
        supertrait: String,
    },
    /// It has a binding, or a static key, of which cannot be told which one of the host's it
    /// is: several of that name stand in one function.
    Ambiguous {
        /// The plugin's path.
        path: PathBuf,
        /// The binding, or the key.
        name: String,
        /// Where it is declared: file, line, column.
        location: String,
    },
    /// It has a static key of the host's, and could not be made to see what that is now.
    StaticKey {
        /// The plugin's path.
        path: PathBuf,
        /// The key.
        name: String,
        /// Why.
        source: StaticKeyError,
    },
    /// It has a static key of the host's that is declared with another value.
    StaticKeyValue {
        /// The plugin's path.
        path: PathBuf,
        /// The key.
        name: String,
        /// What it is declared as in the plugin; it is the other in the host.
        plugin: bool,
    },
    /// The dynamic loader refused it.
    Load {
        /// The plugin's path.
        path: PathBuf,
        /// What the loader said.
        reason: String,
    },
    /// It has no constructor of that name.
    UnknownConstructor {
        /// The plugin's path.
        path: PathBuf,
        /// The name asked for.
        name: String,
        /// The names it has.
        known: Vec<String>,
    },
    /// The constructor has another argument or result.
    Signature {
        /// The plugin's path.
        path: PathBuf,
        /// The constructor.
        name: String,
        /// What the host asked for.
        wanted: String,
        /// What the plugin exports.
        found: String,
    },
    /// The constructor panicked.
    Panicked {
        /// The plugin's path.
        path: PathBuf,
        /// The constructor.
        name: String,
        /// The panic's message.
        message: String,
    },
}

pub(super) fn describe(declaration: &TraitDeclaration, slot: Option<usize>) -> String {
    let slot = slot.filter(|slot| *slot > 0);
    let slot = slot.map(|slot| format!(", {}", supertraits(slot)));
    format!(
        "version {}, layout {:016x}{}",
        declaration.crate_version().unwrap_or("unknown"),
        declaration.layout(),
        slot.unwrap_or_default()
    )
}

/// What stands in front of the slot of the hook: the entries of the trait's supertraits.
pub(super) fn supertraits(slot: usize) -> String {
    count(
        slot,
        "vtable entry of supertraits",
        "vtable entries of supertraits",
    )
}

crate::words::debug_is_the_sentence!(PluginError);

impl fmt::Display for PluginError {
    #[allow(clippy::too_many_lines, reason = "a sentence for each")]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        use PluginError as E;
        match self {
            E::Open { path, source } => {
                write!(
                    formatter,
                    "cannot read the plugin {}: {source}",
                    path.display()
                )
            }
            E::NotALibrary { path, reason } => write!(
                formatter,
                "{} is not a plugin for this machine ({reason}); name the file that is built \
                 where the plugin's crate is a `cdylib`",
                path.display()
            ),
            E::Truncated {
                path,
                needed,
                found,
            } => write!(
                formatter,
                "{} is truncated: its headers describe {needed} bytes and it has {found}; copy it \
                 again",
                path.display()
            ),
            E::NoManifest { path } => write!(
                formatter,
                "{} has no plugin manifest of this version of static-call; add \
                 `static_call::export_plugin!` to it",
                path.display()
            ),
            E::Manifest { path, reason } => write!(
                formatter,
                "the plugin manifest of {} is damaged: {reason}; build the plugin again",
                path.display()
            ),
            E::Replaced { path } => write!(
                formatter,
                "{} was replaced, and what is loaded under this name is the file before it; drop \
                 every object of the loaded plugin first, or give the new one another name",
                path.display()
            ),
            E::Rustc { path, host, plugin } => write!(
                formatter,
                "{} was built by `{plugin}` and this program by `{host}`; build both with one \
                 compiler",
                path.display()
            ),
            E::Version { path, host, plugin } => write!(
                formatter,
                "{} was built with static-call {plugin} and this program with {host}; build both \
                 with one version",
                path.display()
            ),
            E::Trait {
                path,
                name,
                methods,
                host,
                plugin,
            } => write!(
                formatter,
                "the trait `{name}` differs: {}{plugin} in {}, {host} in this program; build both \
                 from the same sources",
                methods
                    .as_ref()
                    .map_or_else(String::new, |methods| format!("{methods}; ")),
                path.display()
            ),
            E::Supertrait {
                path,
                name,
                supertrait,
            } => write!(
                formatter,
                "the trait `{name}` has the supertrait `{supertrait}`, of which cannot be told \
                 whether it has the same methods in {} and in this program; annotate `{supertrait}` \
                 with `#[static_dispatch]`, or promise that it has: \
                 `#[static_dispatch(unsafe(same_supertraits))]` at `{name}`",
                path.display()
            ),
            E::Ambiguous {
                path,
                name,
                location,
            } => write!(
                formatter,
                "{} has a binding or static key `{name}` ({location}), and which one of this program's it is \
                 cannot be told: several of that name stand in one function; give each another name",
                path.display()
            ),
            E::StaticKey { path, name, source } => write!(
                formatter,
                "{} would not see what the static key `{name}` is: {source}",
                path.display()
            ),
            E::StaticKeyValue { path, name, plugin } => write!(
                formatter,
                "the static key `{name}` is declared `{plugin}` in {} and `{}` in this program; \
                 build both from the same sources",
                path.display(),
                !plugin
            ),
            E::Load { path, reason } => {
                write!(formatter, "cannot load {}: {reason}", path.display())
            }
            E::UnknownConstructor { path, name, known } => write!(
                formatter,
                "{} has no constructor `{name}`; it has {}",
                path.display(),
                if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                }
            ),
            E::Signature {
                path,
                name,
                wanted,
                found,
            } if wanted == found => write!(
                formatter,
                "the constructor `{name}` of {} is a `{found}`, and what is asked for has that \
                 name too, but may be of functions for any lifetime where the other is not, or of \
                 another build of a crate; write the type as the plugin does, or take a type \
                 without such functions",
                path.display()
            ),
            E::Signature {
                path,
                name,
                wanted,
                found,
            } => write!(
                formatter,
                "the constructor `{name}` of {} is a `{found}` and was asked for as a `{wanted}`; \
                 ask for what it is",
                path.display()
            ),
            E::Panicked {
                path,
                name,
                message,
            } => write!(
                formatter,
                "the constructor `{name}` of {} panicked: {message}",
                path.display()
            ),
        }
    }
}

impl std::error::Error for PluginError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            PluginError::Open { source, .. } => Some(source),
            PluginError::StaticKey { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Why [`Plugin::unload`] did nothing.
pub struct UnloadError {
    /// The plugin, as loaded as before.
    pub plugin: Plugin,
    /// What is in the way.
    pub reason: UnloadReason,
}

/// What keeps a plugin loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnloadReason {
    /// A binding is bound to an object of it.
    Bound {
        /// The binding's name.
        binding: String,
        /// Where it is declared: file, line, column.
        location: String,
    },
    /// Objects of it, or other handles to it, are alive.
    InUse {
        /// How many.
        others: usize,
    },
}

impl UnloadError {
    pub(super) fn bound(plugin: Plugin, record: &BindingRecord) -> Self {
        let BindingRecord {
            name,
            file,
            line,
            column,
            ..
        } = record;
        let reason = UnloadReason::Bound {
            binding: (*name).to_owned(),
            location: format!("{file}:{line}:{column}"),
        };
        UnloadError { plugin, reason }
    }

    pub(super) fn in_use(plugin: Plugin, others: usize) -> Self {
        let reason = UnloadReason::InUse { others };
        UnloadError { plugin, reason }
    }
}

impl fmt::Display for UnloadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.plugin.path().display();
        match &self.reason {
            UnloadReason::Bound { binding, location } => write!(
                formatter,
                "`{path}` cannot be unloaded while `{binding}` ({location}) is bound to an object \
                 of it; swap the binding first"
            ),
            UnloadReason::InUse { others } => write!(
                formatter,
                "`{path}` cannot be unloaded while {} alive; drop {} first",
                count(
                    *others,
                    "object or handle of it is",
                    "objects and handles of it are"
                ),
                if *others == 1 { "it" } else { "them" }
            ),
        }
    }
}

crate::words::debug_is_the_sentence!(UnloadError);

impl std::error::Error for UnloadError {}
