//! What keeps a bound object's code and data loaded.
//!
//! An object may lie in a plugin, by its data or by its code, and no type says so: a static
//! that the plugin's own code binds, a box that it makes. So a holder knows the plugins that
//! its object lies in, weakly, or no plugin would ever go that was bound once; and who is
//! given a handle is given a share of them.

#[cfg(plugins)]
use std::sync::{Arc, Weak};

#[cfg(plugins)]
use crate::library::Loaded as Library;

/// The plugins that an object lies in: mostly none.
#[derive(Clone, Default)]
pub(crate) struct Origins {
    #[cfg(plugins)]
    pub(crate) plugins: Vec<(u64, Weak<Library>)>,
}

/// A share of them: they stay loaded as long as it is there.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    #[cfg(plugins)]
    pub(crate) _plugins: Vec<Arc<Library>>,
}

#[cfg(plugins)]
impl Origins {
    pub(crate) fn add(&mut self, id: u64, plugin: Weak<Library>) {
        if self.plugins.iter().all(|(known, _)| *known != id) {
            self.plugins.push((id, plugin));
        }
    }

    /// Whether they are those of another object at the same addresses.
    pub(crate) fn are(&self, other: &Origins) -> bool {
        let ids = |origins: &Origins| {
            origins
                .plugins
                .iter()
                .map(|(id, _)| *id)
                .collect::<Vec<_>>()
        };
        ids(self) == ids(other)
    }
}

#[cfg(not(plugins))]
#[allow(clippy::unused_self, reason = "as with plugins")]
impl Origins {
    pub(crate) fn are(&self, _: &Origins) -> bool {
        true
    }
}
