//! Loading and using the plugin.

use std::path::Path;

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
