//! Loading and using the plugin.

use std::path::Path;

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
