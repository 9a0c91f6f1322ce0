//! What becomes of a binding when a plugin is to be unloaded.

use core::ops::Range;

use super::change::{Decision, changing};
use crate::bound::{Binding, Concern, Current, Holder, Loaded, Object, SwapError, WhenUnloaded};
use crate::registry::TraitObject;

impl<D: TraitObject + ?Sized + 'static, K> Binding<D, K> {
    /// How this is concerned with a plugin that is to be unloaded, and lies in `range`.
    pub(crate) fn concern(&'static self, plugin: u64, range: &Range<usize>) -> Concern {
        let this = self.leader();
        let is_its = |holder: &Holder<D>| holder.plugin().is_some_and(|(of, _)| of == plugin);
        // Swapped in by the plugin's own code, so that nobody knows when it may go.
        let lies_there = |holder: &Holder<D>| {
            let object = Object::of(holder.object);
            !is_its(holder) && (range.contains(&object.data) || range.contains(&object.vtable))
        };
        let looked = changing(|| {
            // SAFETY: changes are one at a time.
            let inner = unsafe { this.inner.get() };
            let bound = match &inner.current {
                Current::Held(holder) => Some(&**holder),
                Current::First | Current::Nothing => None,
            };
            let held = inner.retired.values().map(|holder| &**holder).chain(bound);
            let refusing = (bound.and_then(Holder::plugin))
                .is_some_and(|(of, when)| of == plugin && when == WhenUnloaded::Refuse);
            Concern {
                refuses: refusing
                    || bound.is_some_and(lies_there)
                    || held
                        .clone()
                        .any(|holder| holder.is_boxed() && lies_there(holder)),
                holds: held.filter(|holder| is_its(holder)).count(),
            }
        });
        // What cannot be looked at may be anything.
        looked.unwrap_or(Concern {
            refuses: true,
            holds: 0,
        })
    }

    /// Binds what the binding was declared with in place of a plugin's object, and lets
    /// go of all the plugin's objects.
    ///
    /// # Safety
    /// As for [`Self::reclaim`], for the plugin's objects.
    pub(crate) unsafe fn let_go(&'static self, plugin: u64) -> Result<(), SwapError> {
        let this = self.leader();
        // Made first, if it is to be made: that is the user's code.
        let first = this.first().cloned().map(Loaded::new);
        let is_its = |holder: &Holder<D>| holder.plugin().is_some_and(|(of, _)| of == plugin);
        let changed = self.change(|_, _, current| match current {
            Some(current) if is_its(&current.0) => Decision::Bind(first),
            _ => Decision::Leave,
        })?;
        drop(changed);
        // SAFETY: the caller's.
        drop(unsafe { self.let_go_of(is_its) }?);
        Ok(())
    }
}
