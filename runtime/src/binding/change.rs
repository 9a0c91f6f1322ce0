//! How a binding is changed: one change at a time in the whole process, by the runtime in
//! charge.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bound::{
    Binding, Current, Holder, Initial, Inner, Loaded, New, Object, Origins, SwapError,
};
use crate::host::in_charge;
use crate::registry::TraitObject;

/// What a change is to do.
pub(super) enum Decision<D: ?Sized + 'static> {
    Leave,
    /// This, or nothing.
    Bind(Option<Loaded<D>>),
}

/// What a change has done.
pub(super) enum Changed<D: ?Sized + 'static> {
    No { current: Option<Loaded<D>> },
    Yes { before: Option<Loaded<D>> },
}

impl<D: ?Sized + 'static> Changed<D> {
    pub(super) fn before(self) -> Option<Loaded<D>> {
        match self {
            Changed::No { current: before } | Changed::Yes { before } => before,
        }
    }
}

impl<D: TraitObject + ?Sized + 'static, K> Binding<D, K> {
    /// # Safety
    /// As for [`Self::reclaim`], for those that `which` names.
    pub(super) unsafe fn let_go_of(
        &'static self,
        which: impl Fn(&Holder<D>) -> bool,
    ) -> Result<Vec<Arc<Holder<D>>>, SwapError> {
        let this = self.leader();
        changing(|| {
            // SAFETY: changes are one at a time.
            let inner = unsafe { this.inner.get() };
            let (gone, kept): (BTreeMap<_, _>, _) = std::mem::take(&mut inner.retired)
                .into_iter()
                .partition(|(_, holder)| which(holder));
            inner.retired = kept;
            let gone: Vec<_> = gone.into_values().collect();
            let objects: Vec<_> = gone
                .iter()
                .filter(|holder| is_alone_at_its_address(holder))
                .map(|holder| core::ptr::from_ref(holder.object).cast::<()>().addr())
                .collect();
            // SAFETY: no trampoline leads to what is not bound, and by the caller's word
            // no thread is inside.
            unsafe { (in_charge().release)(this.record, &objects) };
            gone
        })
    }

    /// The holder of a `'static` object: the one that it had before, if it was bound
    /// before, so that memory does not grow with swaps.
    pub(super) fn fixed(
        &'static self,
        inner: &mut Inner<D>,
        object: &'static D,
        origins: Origins,
    ) -> Loaded<D> {
        if let Initial::Value(value) = &self.initial
            && same_object(value.reference, object)
            && let Some(first) = self.first()
        {
            return Loaded::new(Arc::clone(first));
        }
        let Object { data, vtable, .. } = Object::of(object);
        let known = inner.known.entry((data, vtable));
        let holder = known.or_insert_with(|| Arc::new(Holder::fixed(object).from(origins.clone())));
        if !holder.lies_in(&origins) {
            // Of a plugin that is gone, where another one lies by now. Never freed, for
            // `held` may have read it before.
            let new = Arc::new(Holder::fixed(object).from(origins));
            std::mem::forget(std::mem::replace(holder, new));
        }
        Loaded::new(Arc::clone(holder))
    }

    /// Binds what `decide` says, which is told what is bound.
    pub(super) fn change(
        &'static self,
        decide: impl FnOnce(&'static Self, &mut Inner<D>, Option<&Loaded<D>>) -> Decision<D>,
    ) -> Result<Changed<D>, SwapError> {
        let this = self.leader();
        // Given back outside of all locks: with them a library may go.
        let mut spare = Vec::new();
        changing(|| {
            // SAFETY: changes are one at a time, and nothing below comes back here.
            let inner = unsafe { this.inner.get() };
            let before = match &inner.current {
                // Not `first`: what is made on first use is not made to be replaced.
                Current::First => match &this.initial {
                    Initial::Value(_) => this.first().cloned(),
                    Initial::Lazy(_) | Initial::Nothing => this.first.get().cloned(),
                },
                Current::Nothing => None,
                Current::Held(holder) => Some(Arc::clone(holder)),
            };
            // It is bound, so that its library is there, and from here on it stays.
            let before = before.and_then(Loaded::of);
            let Decision::Bind(after) = decide(this, inner, before.as_ref()) else {
                return Ok(Changed::No { current: before });
            };
            let after = after.map(|Loaded(holder, kept)| {
                spare.push(kept);
                holder
            });
            let new = after.as_ref().map(|holder| New {
                reference: core::ptr::from_ref(&holder.object).cast(),
                object: Object::of(holder.object),
                is_boxed: holder.is_boxed(),
            });
            if let Err(error) = (in_charge().bind)(this.record, new) {
                // Some trampolines may lead to it.
                std::mem::forget(after);
                spare.extend(before.map(|before| before.1));
                return Err(error);
            }
            if let Some(Loaded(before, _)) = &before
                && !before.is_static()
            {
                inner.retired.insert(address(before), Arc::clone(before));
            }
            if let Some(after) = &after {
                inner.retired.remove(&address(after));
            }
            inner.current = match (after, &this.initial) {
                (Some(after), _) => Current::Held(after),
                // Made on first use, which may be next.
                (None, Initial::Lazy(_)) => Current::First,
                (None, _) => Current::Nothing,
            };
            Ok(Changed::Yes { before })
        })?
    }
}

/// What tells holders apart.
fn address<D: ?Sized>(holder: &Arc<Holder<D>>) -> usize {
    Arc::as_ptr(holder).addr()
}

/// By address and vtable. One type may have several vtables, and is then known as many
/// times.
fn same_object<D: ?Sized>(one: &D, other: &D) -> bool {
    #[allow(
        ambiguous_wide_pointer_comparisons,
        reason = "a type with two vtables is known twice, which costs a few bytes"
    )]
    core::ptr::eq(one, other)
}

/// Whether code that leads to the object's address is of no use to anybody once this
/// holder is gone. A binding that has the same object may go on with the same code, and
/// so may one with another object of no size: these share their addresses.
fn is_alone_at_its_address<D: ?Sized>(holder: &Arc<Holder<D>>) -> bool {
    Arc::strong_count(holder) == 1 && size_of_val(holder.object) > 0
}

/// Runs a change of a binding, one at a time in the whole process.
pub(super) fn changing<R>(work: impl FnOnce() -> R) -> Result<R, SwapError> {
    if crate::os::in_signal_handler() {
        return Err(SwapError::InSignalHandler);
    }
    let mut work = Some(work);
    let mut result = None;
    (in_charge().changing)(&mut || result = work.take().map(|work| work()));
    result.ok_or(SwapError::Reentered)
}
