//! Who owns what is bound.

use core::fmt;
use core::ops::Deref;
use std::sync::Arc;

#[cfg(target_os = "linux")]
use crate::plugin::PluginBox;

/// What becomes of a binding whose object comes from a plugin that is to be unloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenUnloaded {
    /// Unloading is refused while the object is bound.
    Refuse,
    /// What the binding was declared with is bound again.
    BindDefault,
}

/// An object that is or was bound, with its owner.
///
/// A cell points to the first field, which is therefore also the address of the whole.
#[repr(C)]
pub(super) struct Holder<D: ?Sized + 'static> {
    /// What calls read; a cell points here. The lifetime is the holder's.
    pub(super) object: &'static D,
    owner: Owner<D>,
}

enum Owner<D: ?Sized + 'static> {
    /// Nobody: it lives as long as the program.
    Static,
    /// The holder, by a box. A pointer, since calls go on while the holder is moved.
    Box(*mut D),
    #[cfg(target_os = "linux")]
    Plugin(PluginBox<D>, WhenUnloaded),
}

// SAFETY: hands out `&D` only, on whatever thread, and drops what it owns on whatever
// thread: what is owned was `Send` when it was handed over.
unsafe impl<D: Sync + ?Sized> Send for Holder<D> {}
// SAFETY: as above.
unsafe impl<D: Sync + ?Sized> Sync for Holder<D> {}

impl<D: ?Sized + 'static> Holder<D> {
    pub(super) fn fixed(object: &'static D) -> Self {
        Holder {
            object,
            owner: Owner::Static,
        }
    }

    pub(super) fn boxed(object: Box<D>) -> Self {
        let object = Box::into_raw(object);
        Holder {
            // SAFETY: the box's, which lives as long as the holder. Nobody has another
            // reference to it that is exclusive.
            object: unsafe { &*object },
            owner: Owner::Box(object),
        }
    }

    #[cfg(target_os = "linux")]
    pub(super) fn plugins(object: PluginBox<D>, when: WhenUnloaded) -> Self {
        let pointer = core::ptr::from_ref(&*object);
        Holder {
            // SAFETY: the box's, by a pointer of its own, so that it may be moved; it
            // lives as long as the holder.
            object: unsafe { &*pointer },
            owner: Owner::Plugin(object, when),
        }
    }

    /// Whether it is nobody's.
    pub(super) fn is_static(&self) -> bool {
        matches!(self.owner, Owner::Static)
    }

    /// Whether a box of the program's own owns it.
    pub(super) fn is_boxed(&self) -> bool {
        matches!(self.owner, Owner::Box(_))
    }

    /// The plugin that made it, if one did, and what happens when that goes.
    #[cfg(target_os = "linux")]
    pub(super) fn plugin(&self) -> Option<(u64, WhenUnloaded)> {
        match &self.owner {
            Owner::Plugin(object, when) => Some((object.plugin()?, *when)),
            Owner::Static | Owner::Box(_) => None,
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn plugin(&self) -> Option<(u64, WhenUnloaded)> {
        None
    }
}

impl<D: ?Sized + 'static> Drop for Holder<D> {
    fn drop(&mut self) {
        if let Owner::Box(object) = self.owner {
            // SAFETY: from `Box::into_raw` in `boxed`, and dropped once. No call is
            // inside: cells and trampolines lead elsewhere, and the holder is kept until
            // the program says that no call is under way (`Binding::reclaim`).
            drop(unsafe { Box::from_raw(object) });
        }
    }
}

/// An object that is bound, or was: it stays alive as long as this does.
///
/// Dereferences to the object. Calls through it are plain virtual calls.
pub struct Loaded<D: ?Sized + 'static>(pub(super) Arc<Holder<D>>);

impl<D: ?Sized + 'static> Clone for Loaded<D> {
    fn clone(&self) -> Self {
        Loaded(Arc::clone(&self.0))
    }
}

impl<D: ?Sized + 'static> Deref for Loaded<D> {
    type Target = D;

    fn deref(&self) -> &D {
        self.0.object
    }
}

impl<D: ?Sized + 'static> fmt::Debug for Loaded<D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = match &self.0.owner {
            Owner::Static => "static",
            Owner::Box(_) => "box",
            #[cfg(target_os = "linux")]
            Owner::Plugin(..) => "plugin",
        };
        formatter
            .debug_struct("Loaded")
            .field("object", &core::ptr::from_ref(self.0.object))
            .field("owner", &owner)
            .finish()
    }
}
