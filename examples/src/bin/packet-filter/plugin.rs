//! Finding, loading and using the plugin.

use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs::File;
use std::path::{Path, PathBuf};

use static_call::runtime::{Plugin, PluginBox};

use crate::error::Error;
use crate::filter::{Calls, Filter, Verdict};

/// A plugin that was loaded, and what the filter expects of it.
pub(crate) struct Extension {
    plugin: Plugin,
    /// The number of its rule.
    number: Verdict,
}

impl Extension {
    /// Ports that one sender may try.
    const PORTS: u32 = 16;

    pub(crate) fn load(path: &Path, number: Verdict) -> Result<Self, Error> {
        // SAFETY: the library was built to be this filter's plugin: the user names it, or it
        // is the one that cargo built along with the filter. Its initializers may run; whether
        // its manifest fits is checked by `load`.
        let plugin = unsafe { Plugin::load(path) }?;
        Ok(Self { plugin, number })
    }

    /// Adds the plugin's rule to a filter.
    pub(crate) fn extend<R>(&self, filter: &mut Filter<R>) -> Result<(), Error>
    where
        R: ?Sized + Calls,
    {
        filter.add(self.number, self.rule()?);
        Ok(())
    }

    pub(crate) fn rule<R: ?Sized + Calls>(&self) -> Result<PluginBox<R>, Error> {
        Ok(self.plugin.construct::<R, u32>(R::SCAN, Self::PORTS)?)
    }
}

/// Where the plugin is; an error now, rather than half-way, if it is nowhere.
pub(crate) fn locate(given: Option<&Path>) -> Result<PathBuf, Error> {
    match given {
        Some(path) => readable(path),
        None => beside_the_filter(),
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

/// The example plugin. Cargo leaves a dependency's shared object in `deps`; a copy right
/// beside the filter may come from an earlier build of the plugin alone, so it is only second
/// best.
fn beside_the_filter() -> Result<PathBuf, Error> {
    let name = format!("{DLL_PREFIX}static_call_example_packet_plugin{DLL_SUFFIX}");
    let filter = env::current_exe().unwrap_or_default();
    let folder = filter.parent().unwrap_or(Path::new("."));
    let looked = vec![folder.join("deps").join(&name), folder.join(&name)];
    match looked.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(Error::NoPlugin { looked }),
    }
}
