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
    plugins: Vec<(u64, Weak<Library>)>,
}

/// A share of them: they stay loaded as long as it is there.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    #[cfg(plugins)]
    _plugins: Vec<Arc<Library>>,
}

#[cfg(plugins)]
impl Origins {
    pub(crate) fn add(&mut self, id: u64, plugin: Weak<Library>) {
        if self.plugins.iter().all(|(known, _)| *known != id) {
            self.plugins.push((id, plugin));
        }
    }

    /// A share of them. [`None`] if one is gone, and what lay there with it.
    pub(super) fn keep(&self) -> Option<Kept> {
        let mut kept = Vec::new();
        for (id, plugin) in &self.plugins {
            match plugin.upgrade() {
                Some(plugin) => kept.push(plugin),
                // Nobody has it. If it was not let go yet, it now stays for good.
                None if (crate::host::in_charge().stays)(*id) => {}
                None => return None,
            }
        }
        Some(Kept { _plugins: kept })
    }

    /// Whether they are those of another object at the same addresses.
    pub(super) fn are(&self, other: &Origins) -> bool {
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
#[allow(
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "as with plugins"
)]
impl Origins {
    pub(super) fn keep(&self) -> Option<Kept> {
        Some(Kept {})
    }

    pub(super) fn are(&self, _: &Origins) -> bool {
        true
    }
}
