//! Which addresses may be learned.
//!
//! A window hands over vtables and tables by address. By the time they are read,
//! the library that holds them may be gone, or another one may lie there. So an
//! address counts only if its object stays: the program, one of our plugins
//! (whose windows are purged before they go), or any other object that is pinned
//! before, provided that nothing was unloaded since the window opened.
//!
//! To pin is to ask the loader, which has a lock that is held while initializers run, and
//! these may use the runtime. So nobody pins who holds the engine's lock: a pass first
//! looks which [`Stranger`]s there are, gives the lock back, pins them, and takes it again.

use std::ops::Range;

use crate::os::{Object, objects};

/// An address that a window has noted, of an object that nothing is known of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stranger {
    address: usize,
    /// How many objects the loader had unloaded when the window opened.
    unloads: u64,
}

/// Whether an address can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trusted {
    Yes,
    No,
    /// Its object was not asked for yet.
    NotYet,
}

/// Address ranges that are known to stay.
pub(super) struct Trust {
    staying: Vec<Range<usize>>,
    /// What could not be kept, as far as this pass has tried.
    leaving: Vec<Stranger>,
    plugins: Vec<(u64, Range<usize>)>,
    /// Plugins that are never unloaded.
    kept: Vec<u64>,
}

impl Trust {
    /// Trusts the object that holds this runtime, which [`keep_own`] has kept.
    pub(super) fn start(own: Option<Range<usize>>) -> Self {
        Trust {
            staying: own.into_iter().collect(),
            leaving: Vec::new(),
            plugins: Vec::new(),
            kept: Vec::new(),
        }
    }

    pub(super) fn add_plugin(&mut self, plugin: u64, range: Range<usize>) {
        self.plugins.push((plugin, range));
    }

    pub(super) fn remove_plugin(&mut self, plugin: u64) {
        self.plugins.retain(|(known, _)| *known != plugin);
    }

    /// If `address` lies in a plugin, that is never unloaded from now on.
    pub(super) fn keep_plugin_of(&mut self, address: usize) {
        if let Some(plugin) = self.plugin_at(address) {
            self.keep_plugin(plugin);
        }
    }

    /// This plugin is never unloaded from now on.
    pub(super) fn keep_plugin(&mut self, plugin: u64) {
        if !self.kept.contains(&plugin) {
            self.kept.push(plugin);
        }
    }

    /// The plugin that lies there.
    pub(super) fn plugin_at(&self, address: usize) -> Option<u64> {
        let of = |(_, range): &&(u64, Range<usize>)| range.contains(&address);
        self.plugins.iter().find(of).map(|(plugin, _)| *plugin)
    }

    /// Whether what lies at `address` is known to stay, or a plugin.
    pub(super) fn knows(&self, address: usize) -> bool {
        self.plugin_at(address).is_some()
            || self.staying.iter().any(|range| range.contains(&address))
    }

    /// Takes note of what was pinned.
    pub(super) fn trust(&mut self, range: Range<usize>) {
        if !self.staying.contains(&range) {
            self.staying.push(range);
        }
    }

    /// Whether a plugin is never unloaded.
    pub(crate) fn keeps_plugin(&self, plugin: u64) -> bool {
        self.kept.contains(&plugin)
    }

    /// Whether what was at `address` while the loader had unloaded `unloads` objects is
    /// still there and will stay.
    pub(super) fn stays(&self, address: usize, unloads: u64) -> Trusted {
        let known = self.staying.iter().any(|range| range.contains(&address));
        let of_plugin = |(_, range): &(u64, Range<usize>)| range.contains(&address);
        if known || self.plugins.iter().any(of_plugin) {
            Trusted::Yes
        } else if self.leaving.contains(&Stranger { address, unloads }) {
            Trusted::No
        } else {
            Trusted::NotYet
        }
    }

    /// Adds to `strangers` what has to be kept before it can be believed.
    pub(super) fn ask(&self, address: usize, unloads: u64, strangers: &mut Vec<Stranger>) {
        let stranger = Stranger { address, unloads };
        let unknown = self.stays(address, unloads) != Trusted::Yes;
        if unknown && !strangers.contains(&stranger) {
            strangers.push(stranger);
        }
    }

    /// Takes note of what became of strangers.
    pub(super) fn meet(&mut self, met: impl IntoIterator<Item = (Stranger, Option<Range<usize>>)>) {
        self.leaving.clear();
        for (stranger, kept) in met {
            match kept {
                Some(range) if self.staying.contains(&range) => {}
                Some(range) => self.staying.push(range),
                None => self.leaving.push(stranger),
            }
        }
    }
}

impl Stranger {
    /// Keeps its object loaded for good, and returns where that lies. Not under a lock of
    /// the runtime's.
    pub(super) fn keep(self) -> Option<Range<usize>> {
        // Before the pin: a library that came since then is not to be kept for good.
        if objects::unload_count() != self.unloads {
            return None;
        }
        let object = objects::object_of(self.address)?;
        let pinned = objects::pin(&object).is_ok();
        // And after it: whatever was unloaded before the pin is counted by then.
        (pinned && objects::unload_count() == self.unloads).then_some(object.range)
    }
}

/// Keeps an object loaded for good, if there is one and it can be kept, and returns where that
/// lies. For somebody who uses what lies there, so that it is there. Not under a lock of the
/// runtime's.
pub(super) fn keep(object: Option<Object>) -> Option<Range<usize>> {
    let object = object?;
    objects::pin(&object).is_ok().then_some(object.range)
}

/// Keeps the object that holds this runtime loaded for good: its handlers of forks are
/// never taken back. Not under a lock of the runtime's.
pub(super) fn keep_own() -> Option<Range<usize>> {
    let own = Stranger {
        address: (keep_own as fn() -> Option<Range<usize>> as *const ()).addr(),
        unloads: objects::unload_count(),
    };
    own.keep()
}
