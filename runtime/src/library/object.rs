//! Objects that keep their library loaded.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::Loaded;
use super::constructor::{DropFunction, drop_own, hosts_own};

/// A boxed object that keeps the plugin it came from loaded.
///
/// Dereferences to the object. It is dropped by the code that made it, so that
/// its memory goes back to the allocator it came from, and the plugin is let go
/// after that. A box of the host's own becomes one with [`From`], for collections
/// that hold both.
///
/// A panic of a plugin's `drop` goes on in the host as one of the host's own, with
/// the message alone: the payload's type belongs to the plugin.
pub struct PluginBox<D: ?Sized> {
    object: *mut D,
    drop: DropFunction<D>,
    library: Option<Arc<Loaded>>,
}

impl<D: ?Sized> PluginBox<D> {
    /// An object that a plugin has made and drops.
    pub(crate) fn of_plugin(object: *mut D, drop: DropFunction<D>, library: &Arc<Loaded>) -> Self {
        PluginBox {
            object,
            drop,
            library: Some(Arc::clone(library)),
        }
    }

    /// The plugin that the object came from.
    pub(crate) fn plugin(&self) -> Option<u64> {
        self.library.as_ref().map(|loaded| loaded.id)
    }

    /// Whether the object came from a plugin.
    pub fn is_foreign(&self) -> bool {
        self.library.is_some()
    }
}

impl<D: ?Sized> From<Box<D>> for PluginBox<D> {
    fn from(object: Box<D>) -> Self {
        PluginBox {
            object: Box::into_raw(object),
            drop: drop_own::<D>,
            library: None,
        }
    }
}

impl<D: ?Sized> Deref for PluginBox<D> {
    type Target = D;

    fn deref(&self) -> &D {
        // SAFETY: the object is owned by this box and alive until `drop`.
        unsafe { &*self.object }
    }
}

impl<D: ?Sized> DerefMut for PluginBox<D> {
    fn deref_mut(&mut self) -> &mut D {
        // SAFETY: as above, and `self` is borrowed exclusively.
        unsafe { &mut *self.object }
    }
}

impl<D: ?Sized> Drop for PluginBox<D> {
    fn drop(&mut self) {
        // SAFETY: the object is owned, and dropped once, by the function that
        // belongs to its maker, whose library `self.library` still holds.
        if let Some(message) = unsafe { (self.drop)(self.object) } {
            std::panic::resume_unwind(Box::new(hosts_own(message)));
        }
    }
}

/// Says where the object came from; the object itself need not be `Debug`.
impl<D: ?Sized> fmt::Debug for PluginBox<D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PluginBox")
            .field("library", &self.library.as_ref().map(|loaded| &loaded.path))
            .finish_non_exhaustive()
    }
}

// SAFETY: owns its object like a `Box`; the library handle is thread-safe.
unsafe impl<D: ?Sized + Send> Send for PluginBox<D> {}
// SAFETY: as above.
unsafe impl<D: ?Sized + Sync> Sync for PluginBox<D> {}
