//! Which addresses may be learned.
//!
//! A window hands over vtables and tables by address. By the time they are read,
//! the library that holds them may be gone, or another one may lie there. So an
//! address counts only if its object stays: the program, one of our plugins
//! (whose windows are purged before they go), or any other object that is pinned
//! on the spot, provided that nothing was unloaded since the window opened.

use std::ops::Range;

use crate::os::objects;
use crate::profile::Profile;

/// Address ranges that are known to stay.
pub(super) struct Trust {
    staying: Vec<Range<usize>>,
    plugins: Vec<(u64, Range<usize>)>,
    /// Plugins that are never unloaded.
    kept: Vec<u64>,
}

impl Trust {
    /// Trusts the object that holds this runtime, which is pinned if it is a library.
    pub(super) fn start() -> Self {
        let mut trust = Trust {
            staying: Vec::new(),
            plugins: Vec::new(),
            kept: Vec::new(),
        };
        let own = (Trust::start as fn() -> Trust as *const ()).addr();
        trust.pin(own, objects::unload_count());
        trust
    }

    pub(super) fn add_plugin(&mut self, plugin: u64, range: Range<usize>) {
        self.plugins.push((plugin, range));
    }

    pub(super) fn remove_plugin(&mut self, plugin: u64) {
        self.plugins.retain(|(known, _)| *known != plugin);
    }

    /// If `address` lies in a plugin, that is never unloaded from now on.
    pub(super) fn keep_plugin_of(&mut self, address: usize) {
        let of = |(_, range): &&(u64, Range<usize>)| range.contains(&address);
        if let Some(&(plugin, _)) = self.plugins.iter().find(of)
            && !self.kept.contains(&plugin)
        {
            self.kept.push(plugin);
        }
    }

    /// Whether a plugin is never unloaded.
    pub(crate) fn keeps_plugin(&self, plugin: u64) -> bool {
        self.kept.contains(&plugin)
    }

    /// Whether what was at `address` while the loader had unloaded
    /// `unloads_then` objects is still there and will stay.
    pub(super) fn stays(&mut self, address: usize, unloads_then: u64) -> bool {
        self.staying.iter().any(|range| range.contains(&address))
            || self
                .plugins
                .iter()
                .any(|(_, range)| range.contains(&address))
            || self.pin(address, unloads_then)
    }

    /// Keeps a profile for the next window, unless it lies in a plugin and would
    /// go with it.
    pub(super) fn recycle(&self, profile: &'static Profile, spare: &mut Vec<&'static Profile>) {
        let address = core::ptr::from_ref(profile).addr();
        if !self
            .plugins
            .iter()
            .any(|(_, range)| range.contains(&address))
        {
            spare.push(profile);
        }
    }

    fn pin(&mut self, address: usize, unloads_then: u64) -> bool {
        // Before the pin: a library that came since then is not to be kept for good.
        if objects::unload_count() != unloads_then {
            return false;
        }
        let Some(object) = objects::object_of(address) else {
            return false;
        };
        let pinned = objects::pin(&object).is_ok();
        // And after it: whatever was unloaded before the pin is counted by then.
        if !pinned || objects::unload_count() != unloads_then {
            return false;
        }
        self.staying.push(object.range);
        true
    }
}
