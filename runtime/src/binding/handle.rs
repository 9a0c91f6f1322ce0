//! Handles: what is bound, kept alive, and its library kept loaded.

use std::sync::Arc;

use crate::bound::{Binding, Holder, Initial, Kept, Kind, Loaded, Origins, Shared};
use crate::host::{in_charge, is_adopted};
use crate::vtable::vtable_of;

impl<D: ?Sized + 'static, K: Kind> Binding<D, K> {
    /// What is bound, kept alive: a [`Loaded`]; of a binding that was declared with
    /// `None`, an `Option` of it. Methods that are called through the binding need no
    /// `load`. Takes no lock. The first one of a constant allocates.
    ///
    /// # Panics
    /// Where the block panics that makes it on first use.
    pub fn load(&'static self) -> K::Loaded<D> {
        K::loaded(self.held())
    }
}

impl<D: ?Sized + 'static, K> Binding<D, K> {
    /// What is bound, kept alive. Takes no lock.
    fn held(&'static self) -> Option<Loaded<D>> {
        let this = self.leader();
        let mut before = None;
        loop {
            let holder = this.holder()?;
            let at = Arc::as_ptr(&holder);
            match Loaded::of(holder) {
                Some(loaded) => return Some(loaded),
                // Its library is gone, so that something else is bound by now; unless it is
                // that of the binding, whose code is not to be running any more.
                None if before == Some(at) => return None,
                None => before = Some(at),
            }
        }
    }

    /// The holder of what is bound.
    fn holder(&'static self) -> Option<Arc<Holder<D>>> {
        let current = loop {
            if let Some(current) = self.cell.current() {
                break current.as_ptr().cast_const();
            }
            // May be replaced by nothing again, before anybody has looked.
            // SAFETY: the reference is dropped at once.
            unsafe { self.missing() }?;
        };
        if let Initial::Value(value) = &self.initial
            && core::ptr::eq(current, core::ptr::from_ref::<Shared<D>>(*value).cast())
        {
            return self.first().cloned();
        }
        let holder = current.cast::<Holder<D>>();
        // SAFETY: unless it is the declaration's own, what a cell points to is the first
        // field of a holder in an `Arc`, which `inner` or `first` keeps until nobody is
        // in here, by the contract of `reclaim`.
        unsafe {
            Arc::increment_strong_count(holder);
            Some(Arc::from_raw(holder))
        }
    }
}

impl<D: ?Sized + 'static> Loaded<D> {
    /// [`None`] if the library is gone that it lies in.
    pub(super) fn of(holder: Arc<Holder<D>>) -> Option<Self> {
        let kept = holder.keep()?;
        Some(Loaded(holder, kept))
    }
}

impl<D: ?Sized + 'static> Holder<D> {
    /// A share of the libraries that the object lies in. [`None`] if one is gone.
    fn keep(&self) -> Option<Kept> {
        if let Some(origins) = self.origins.get() {
            return origins.keep();
        }
        // What a binding is declared with lies in the binding's own object, which stays,
        // unless that is a plugin.
        if !is_adopted() {
            return Some(Kept::default());
        }
        let addresses = addresses(self.object);
        match (in_charge().origins)(&addresses, false) {
            Some(found) => self.origins.get_or_init(|| found).keep(),
            None => Some(Kept::default()),
        }
    }
}

/// Where an object lies: its data, and its code.
pub(super) fn addresses<D: ?Sized>(object: &D) -> [usize; 2] {
    let data = core::ptr::from_ref(object).cast::<()>().addr();
    [data, vtable_of(object)]
}

/// Where what is to be bound lies. What is neither the program's nor a plugin's is kept
/// loaded for good: the binding has it for any time. Not while a binding is being changed.
pub(super) fn origins<D: ?Sized>(object: &D) -> Origins {
    (in_charge().origins)(&addresses(object), true).unwrap_or_default()
}

impl Origins {
    /// A share of them. [`None`] if one is gone, and what lay there with it.
    #[cfg(plugins)]
    fn keep(&self) -> Option<Kept> {
        let mut kept = Vec::new();
        for (id, plugin) in &self.plugins {
            match plugin.upgrade() {
                Some(plugin) => kept.push(plugin),
                // Nobody has it. If it was not let go yet, it now stays for good.
                None if (in_charge().stays)(*id) => {}
                None => return None,
            }
        }
        Some(Kept { _plugins: kept })
    }

    #[cfg(not(plugins))]
    #[allow(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "as with plugins"
    )]
    fn keep(&self) -> Option<Kept> {
        Some(Kept {})
    }
}
