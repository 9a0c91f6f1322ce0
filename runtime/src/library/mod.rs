//! Loaded libraries: shares of them, and what keeps one.
//!
//! Whoever has an object of a plugin's calls its code, so that the library stays as long as he
//! has it. Who loads libraries, and takes back what they brought, is `plugin`.

use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use libloading::os::unix::Library;

mod constructor;
mod object;

pub use constructor::Constructor;
pub(crate) use constructor::Signature;
pub use object::PluginBox;

/// The library and what it brought. Dropping it unloads the library.
pub(crate) struct Loaded {
    pub(crate) id: u64,
    pub(crate) path: PathBuf,
    pub(crate) constructors: &'static [Constructor],
    pub(crate) range: Range<usize>,
    /// Taken out to be closed, or left in to leak.
    pub(crate) library: Option<Library>,
    /// Closed after the library: a debugger or a backtrace finds its names by it.
    pub(crate) file: Option<Opened>,
    /// The runtime that loaded it takes back what it brought, wherever the last share of it
    /// is dropped: in a plugin the code around here belongs to another runtime.
    pub(crate) unload: fn(&mut Loaded),
}

impl Drop for Loaded {
    fn drop(&mut self) {
        (self.unload)(self);
    }
}

/// A plugin's file that was checked. Opened once: it is what is loaded, whatever lies at its
/// path by then.
pub(crate) struct Opened {
    pub(crate) file: File,
    /// Whether libraries that it needs are looked for beside it.
    pub(crate) names_its_place: bool,
}

/// The plugins that are loaded, by the address of their manifest, and those that
/// another thread is about to let go.
#[derive(Default)]
pub(crate) struct Plugins {
    loaded: Vec<(usize, u64, Weak<Loaded>)>,
    last_id: u64,
}

impl Plugins {
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn find(&self, manifest: usize) -> Option<Arc<Loaded>> {
        let mut same = self
            .loaded
            .iter()
            .filter(|(address, ..)| *address == manifest);
        same.find_map(|(.., loaded)| loaded.upgrade())
    }

    /// The plugin there that nobody has any more and that is not let go yet.
    pub(crate) fn going(&self, manifest: usize) -> Option<u64> {
        let mut same = self
            .loaded
            .iter()
            .filter(|(address, ..)| *address == manifest);
        same.find_map(|(_, id, loaded)| (loaded.strong_count() == 0).then_some(*id))
    }

    /// The plugin with that number, as long as it was not let go.
    pub(crate) fn get(&self, id: u64) -> Option<Weak<Loaded>> {
        let mut known = self.loaded.iter();
        known.find_map(|(_, one, loaded)| (*one == id).then(|| loaded.clone()))
    }

    pub(crate) fn add(&mut self, manifest: usize, id: u64, loaded: &Arc<Loaded>) {
        self.loaded.push((manifest, id, Arc::downgrade(loaded)));
    }

    /// The plugin with that number is let go.
    pub(crate) fn remove(&mut self, id: u64) {
        self.loaded.retain(|(_, known, _)| *known != id);
    }
}
