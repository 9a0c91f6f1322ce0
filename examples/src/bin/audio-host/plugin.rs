//! Finding, loading and using the plugin.

use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs::File;
use std::path::{Path, PathBuf};

use static_call::runtime::{Plugin, PluginBox};
use static_call_example_dsp::{Effect, NoteOn, Voice};

use crate::error::Error;

/// A plugin that was loaded, and what the host expects of it.
pub(crate) struct Extension(Plugin);

impl Extension {
    pub(crate) fn load(path: &Path) -> Result<Self, Error> {
        // SAFETY: the library was built to be this host's plugin: the user
        // names it, or it is the one that cargo built along with the host. Its
        // initializers may run; whether its manifest fits is checked by `load`.
        let plugin = unsafe { Plugin::load(path) }?;
        Ok(Self(plugin))
    }

    pub(crate) fn tremolo(&self, sample_rate: f32) -> Result<PluginBox<dyn Effect>, Error> {
        Ok(self
            .0
            .construct::<dyn Effect, f32>("tremolo", sample_rate)?)
    }

    pub(crate) fn bell(&self, note: NoteOn) -> Result<PluginBox<dyn Voice>, Error> {
        Ok(self.0.construct::<dyn Voice, NoteOn>("bell", note)?)
    }
}

/// Where the plugin is; an error now, rather than half-way, if it is nowhere.
pub(crate) fn locate(given: Option<&Path>) -> Result<PathBuf, Error> {
    match given {
        Some(path) => readable(path),
        None => beside_the_host(),
    }
}

/// The absolute path of `path`: the loader would search for a bare name.
fn readable(path: &Path) -> Result<PathBuf, Error> {
    let found = File::open(path).and_then(|_| path.canonicalize());
    found.map_err(|source| Error::OpenPlugin {
        path: path.to_owned(),
        source,
    })
}

/// The example plugin. Cargo leaves a dependency's shared object in `deps`; a
/// copy right beside the host may come from an earlier build of the plugin
/// alone, so it is only second best.
fn beside_the_host() -> Result<PathBuf, Error> {
    let name = format!("{DLL_PREFIX}static_call_example_plugin{DLL_SUFFIX}");
    let host = env::current_exe().unwrap_or_default();
    let folder = host.parent().unwrap_or(Path::new("."));
    let looked = vec![folder.join("deps").join(&name), folder.join(&name)];
    match looked.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(Error::NoPlugin { looked }),
    }
}
