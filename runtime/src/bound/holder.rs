//! Who owns what is bound.

use core::fmt;
use core::ops::Deref;
use std::sync::{Arc, OnceLock};

use super::origin::{Kept, Origins};

#[cfg(plugins)]
use crate::library::PluginBox;

/// What becomes of a binding whose object comes from a plugin that is to be unloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenUnloaded {
    /// Unloading is refused while the object is bound.
    Refuse,
    /// What the binding was declared with is bound again.
    BindDefault,
}

/// An object that is or was bound, with its owner.
#[repr(C)]
pub(crate) struct Holder<D: ?Sized + 'static> {
    /// What calls read. First, so that a cell that points here points to the holder. The
    /// lifetime is the holder's.
    pub(crate) object: &'static D,
    owner: Owner<D>,
    /// Where the object lies. Not known yet of what a binding is declared with.
    pub(crate) origins: OnceLock<Origins>,
}

const _: () = assert!(core::mem::offset_of!(Holder<dyn core::any::Any>, object) == 0);

enum Owner<D: ?Sized + 'static> {
    /// Nobody: it lives as long as the program.
    Static,
    /// The holder, by a box. A pointer, since calls go on while the holder is moved.
    Box(*mut D),
    #[cfg(plugins)]
    Plugin(PluginBox<D>, WhenUnloaded),
}

// SAFETY: hands out `&D` only, on whatever thread, and drops what it owns on whatever
// thread: what is owned was `Send` when it was handed over.
unsafe impl<D: Sync + ?Sized> Send for Holder<D> {}
// SAFETY: as above.
unsafe impl<D: Sync + ?Sized> Sync for Holder<D> {}

impl<D: ?Sized + 'static> Holder<D> {
    pub(crate) fn fixed(object: &'static D) -> Self {
        Holder {
            object,
            owner: Owner::Static,
            origins: OnceLock::new(),
        }
    }

    /// The same, with what is known of its object.
    pub(crate) fn from(self, origins: Origins) -> Self {
        let _ = self.origins.set(origins);
        self
    }

    pub(crate) fn boxed(object: Box<D>) -> Self {
        let object = Box::into_raw(object);
        Holder {
            // SAFETY: the box's, which lives as long as the holder. Nobody has another
            // reference to it that is exclusive.
            object: unsafe { &*object },
            owner: Owner::Box(object),
            origins: OnceLock::new(),
        }
    }

    #[cfg(plugins)]
    pub(crate) fn plugins(object: PluginBox<D>, when: WhenUnloaded) -> Self {
        let pointer = core::ptr::from_ref(&*object);
        Holder {
            // SAFETY: the box's, by a pointer of its own, so that it may be moved; it
            // lives as long as the holder.
            object: unsafe { &*pointer },
            owner: Owner::Plugin(object, when),
            origins: OnceLock::new(),
        }
    }

    /// Whether its object lies in these plugins, and not in others at the same addresses.
    pub(crate) fn lies_in(&self, origins: &Origins) -> bool {
        self.origins.get().is_some_and(|own| own.are(origins))
    }

    /// Whether it is nobody's.
    pub(crate) fn is_static(&self) -> bool {
        matches!(self.owner, Owner::Static)
    }

    /// Whether a box owns it that says nothing of a library.
    pub(crate) fn is_boxed(&self) -> bool {
        match &self.owner {
            Owner::Static => false,
            Owner::Box(_) => true,
            #[cfg(plugins)]
            Owner::Plugin(object, _) => !object.is_foreign(),
        }
    }

    /// The plugin that made it, if one did, and what happens when that goes.
    #[cfg(plugins)]
    pub(crate) fn plugin(&self) -> Option<(u64, WhenUnloaded)> {
        match &self.owner {
            Owner::Plugin(object, when) => Some((object.plugin()?, *when)),
            Owner::Static | Owner::Box(_) => None,
        }
    }

    #[cfg(not(plugins))]
    #[allow(
        clippy::unused_self,
        reason = "where there are plugins, it may be one's"
    )]
    pub(crate) fn plugin(&self) -> Option<(u64, WhenUnloaded)> {
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

/// An object that is bound, or was: it stays alive as long as this does, and so does the
/// plugin that it lies in, whoever bound it.
///
/// Dereferences to the object. Calls through it are plain virtual calls.
pub struct Loaded<D: ?Sized + 'static>(
    /// First, since what it owns may be dropped by the code of a library.
    pub(crate) Arc<Holder<D>>,
    pub(crate) Kept,
);

impl<D: ?Sized + 'static> Loaded<D> {
    /// Of what is to be bound, by somebody who has it.
    pub(crate) fn new(holder: Arc<Holder<D>>) -> Self {
        Loaded(holder, Kept::default())
    }
}

impl<D: ?Sized + 'static> Clone for Loaded<D> {
    fn clone(&self) -> Self {
        Loaded(Arc::clone(&self.0), self.1.clone())
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
            #[cfg(plugins)]
            Owner::Plugin(..) => "plugin",
        };
        formatter
            .debug_struct("Loaded")
            .field("object", &core::ptr::from_ref(self.0.object))
            .field("owner", &owner)
            .finish_non_exhaustive()
    }
}
