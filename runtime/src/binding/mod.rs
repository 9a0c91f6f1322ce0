//! Bindings: global, swappable implementations of a trait, the kernel's
//! `static_call` keys for trait objects.
//!
//! `binding! { pub static CLOCK: dyn Clock = SystemClock; }` declares one. `CLOCK.now()`
//! is a direct call to a trampoline that belongs to the binding and the method; the
//! trampoline holds the bound object's address and the jump to its shim, so that a call
//! loads nothing, compares nothing and takes no lock. A swap writes new code elsewhere
//! and flips one instruction for each method, as `publish` does for call sites.
//!
//! Each crate that calls a method has a trampoline of its own for it, since generic
//! functions are instantiated where they are used. All of them write a record into a
//! section of the object that they end up in, and so all are found.
//!
//! # What is bound, in two places
//! The [`Cell`] points to a reference to the bound object. It is what calls read where
//! code is not patched, and before the first pass patches it: a load, another for the
//! object's two words, and the virtual call. The trampolines hold the same thing as code.
//! Both are written under one lock, cells last.
//!
//! # What was bound
//! A call may be inside a replaced object for any time, and what it returned may borrow
//! from it. Readers leave no trace, so nobody can know; the kernel's callers see to
//! their own grace period, and so do ours. Objects that are `'static` need none. Boxes
//! are kept, until the program says that no call is inside ([`Binding::reclaim`]) or for
//! good.
//!
//! # Plugins
//! A crate that declares a binding may be linked into a host and into its plugins. The
//! copies are one binding: when a plugin is loaded, its copies *follow* the host's of
//! the same name, and swaps through any of them go to the host's.

use core::marker::PhantomData;
use core::ops::Range;
use core::ptr::NonNull;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, OnceLock};

use crate::host::in_charge;
use crate::registry::TraitObject;
use crate::site::DispatchedMethod;
use crate::sync::Exclusive;
use core::sync::atomic::{AtomicPtr, Ordering};

mod error;
mod holder;
mod overriding;
mod record;

pub use error::{CompareSwapError, SwapError};
use holder::Holder;
pub use holder::{Loaded, WhenUnloaded};
pub use overriding::Override;
use overriding::Overrides;
pub use record::{BindingRecord, STATIC_CALL_BINDINGS_0_1_0, TrampolineOfBinding, Unbound};
pub(crate) use record::{Concern, Object, trampolines};

/// The type that carries a binding into its trampolines: each declaration has its own.
pub trait BindingSite: 'static {
    /// The object type.
    type Object: ?Sized + 'static;
    /// [`Always`] or [`Sometimes`].
    type Kind: Kind;

    /// The binding.
    fn binding() -> &'static Binding<Self::Object, Self::Kind>;

    /// Its record.
    fn record() -> &'static BindingRecord;

    /// Its trampoline for a method, as the calling crate has it.
    fn trampoline<M: DispatchedMethod<Object = Self::Object>>() -> unsafe extern "C-unwind" fn();
}

/// The type of the statics that `binding!` declares.
pub trait Bound {
    /// Its only value.
    const NEW: Self;
}

/// Whether a binding may be without an object.
pub trait Kind: 'static {
    /// Whether it may.
    const MAY_BE_UNBOUND: bool;

    /// What there is to load: a [`Loaded`], or one at most.
    type Loaded<D: ?Sized + 'static>;

    #[doc(hidden)]
    fn loaded<D: ?Sized + 'static>(loaded: Option<Loaded<D>>) -> Self::Loaded<D>;
}

impl Kind for Always {
    const MAY_BE_UNBOUND: bool = false;

    type Loaded<D: ?Sized + 'static> = Loaded<D>;

    fn loaded<D: ?Sized + 'static>(loaded: Option<Loaded<D>>) -> Loaded<D> {
        loaded.unwrap_or_else(|| crate::private::never_unbound())
    }
}

impl Kind for Sometimes {
    const MAY_BE_UNBOUND: bool = true;

    type Loaded<D: ?Sized + 'static> = Option<Loaded<D>>;

    fn loaded<D: ?Sized + 'static>(loaded: Option<Loaded<D>>) -> Option<Loaded<D>> {
        loaded
    }
}

/// Kind of the bindings to which something is always bound.
pub enum Always {}

/// Kind of the bindings that are declared with `None`, and may be unbound.
pub enum Sometimes {}

/// What is bound at first.
pub enum Initial<D: ?Sized + 'static> {
    /// This object.
    Value(&'static Shared<D>),
    /// What this makes on first use.
    Lazy(fn() -> Box<D>),
    /// Nothing.
    Nothing,
}

/// A reference to what is bound at first.
#[repr(transparent)]
pub struct Shared<D: ?Sized + 'static>(pub &'static D);

// SAFETY: `binding!` checks that the object may be shared, with a message of its own.
unsafe impl<D: ?Sized> Sync for Shared<D> {}

/// The part of a binding that knows no types.
#[repr(C)]
pub struct Cell {
    /// A reference to the bound object, by its address; null if nothing is bound, or
    /// was made yet, or if this is a copy in a plugin that follows no more.
    current: AtomicPtr<()>,
    /// In a plugin's copy: the host's binding.
    leader: AtomicPtr<()>,
}

impl Cell {
    pub(crate) fn current(&self) -> Option<NonNull<()>> {
        NonNull::new(self.current.load(Ordering::Acquire))
    }

    /// # Safety
    /// A reference to an object of the binding's type lies there, and stays until no
    /// call reads it; null if nothing is bound.
    pub(crate) unsafe fn set(&self, current: *const ()) {
        self.current.store(current.cast_mut(), Ordering::Release);
    }

    /// The cell of the binding that this one follows.
    pub(crate) fn leader(&self) -> *const Cell {
        self.leader.load(Ordering::Acquire).cast_const().cast()
    }

    /// # Safety
    /// `leader` is the cell of the same binding in the host, which outlives this one.
    pub(crate) unsafe fn follow(&self, leader: &'static Cell) {
        let leader = core::ptr::from_ref(leader).cast_mut().cast();
        self.leader.store(leader, Ordering::Release);
    }
}

/// A global, swappable implementation of a trait: what `binding!` declares behind a
/// static, which dereferences to it. See [`binding!`](crate::binding).
///
/// Where the trait has methods of these names, the static's methods are the trait's;
/// write `Binding::swap(&CLOCK, …)` then.
#[repr(C)]
pub struct Binding<D: ?Sized + 'static, K> {
    /// First, so that its address is the binding's: see [`Binding::leader`].
    cell: Cell,
    record: &'static BindingRecord,
    initial: Initial<D>,
    /// What was bound at first, once somebody asked for it or made it.
    first: OnceLock<Arc<Holder<D>>>,
    /// Guarded by the runtime's lock around changes of bindings.
    inner: Exclusive<Inner<D>>,
    overrides: Overrides,
    kind: PhantomData<fn() -> K>,
}

// SAFETY: `inner` is guarded by the lock around changes of bindings, the rest is atomic,
// immutable, or shared behind locks of its own; and `binding!` checks that the objects
// may be shared, with a message of its own.
unsafe impl<D: ?Sized, K> Sync for Binding<D, K> {}

/// What a change of a binding looks at.
struct Inner<D: ?Sized + 'static> {
    current: Current<D>,
    /// Holders of the `'static` objects that were bound, to be found again by the
    /// addresses of object and vtable: calls may read them for any time.
    known: BTreeMap<(usize, usize), Arc<Holder<D>>>,
    /// What was bound, and is owned, by the holder's address: there may be a great many,
    /// and a swap is not to be slower for that.
    retired: BTreeMap<usize, Arc<Holder<D>>>,
    /// What the overrides in force have replaced, the latest last.
    overridden: Vec<(u64, Option<Arc<Holder<D>>>)>,
    last_override: u64,
}

enum Current<D: ?Sized + 'static> {
    /// What the binding was declared with, made or not.
    First,
    Nothing,
    Held(Arc<Holder<D>>),
}

/// What a change is to do.
enum Decision<D: ?Sized + 'static> {
    Leave,
    /// This, or nothing.
    Bind(Option<Arc<Holder<D>>>),
}

/// What a change has done.
enum Changed<D: ?Sized + 'static> {
    No { current: Option<Loaded<D>> },
    Yes { before: Option<Loaded<D>> },
}

impl<D: ?Sized + 'static> Changed<D> {
    fn before(self) -> Option<Loaded<D>> {
        match self {
            Changed::No { current: before } | Changed::Yes { before } => before,
        }
    }
}

/// What is to be bound, as the runtime wants to know it.
#[derive(Clone, Copy)]
pub(crate) struct New {
    /// Address of a reference to the object.
    pub(crate) reference: *const (),
    pub(crate) object: Object,
    /// Whether a box of the program's own owns it.
    pub(crate) is_boxed: bool,
}

impl<D: ?Sized + 'static, K> Binding<D, K> {
    /// For the expansion of `binding!`.
    pub const fn new(record: &'static BindingRecord, initial: Initial<D>) -> Self {
        let current = match &initial {
            Initial::Value(value) => core::ptr::from_ref::<Shared<D>>(*value)
                .cast::<()>()
                .cast_mut(),
            Initial::Lazy(_) | Initial::Nothing => core::ptr::null_mut(),
        };
        Binding {
            cell: Cell {
                current: AtomicPtr::new(current),
                leader: AtomicPtr::new(core::ptr::null_mut()),
            },
            record,
            initial,
            first: OnceLock::new(),
            inner: Exclusive::new(Inner {
                current: Current::First,
                known: BTreeMap::new(),
                retired: BTreeMap::new(),
                overridden: Vec::new(),
                last_override: 0,
            }),
            overrides: Overrides {
                owner: Mutex::new(None),
                released: Condvar::new(),
            },
            kind: PhantomData,
        }
    }

    pub(crate) fn cell(&'static self) -> &'static Cell {
        &self.cell
    }

    /// The binding itself, or the host's that it follows.
    fn leader(&'static self) -> &'static Self {
        let leader = self.cell.leader();
        // SAFETY: a cell is the first field of its binding, and `Cell::follow` was
        // given that of the same binding in the host, which has the same type there: the
        // names of types, the trait and the versions of compiler and crate agree.
        unsafe { leader.cast::<Self>().as_ref() }.unwrap_or(self)
    }

    /// The bound object, made if it has to be. Two loads. For the expansion of
    /// annotated traits, which let go of it with the call: see [`Binding::reclaim`].
    #[doc(hidden)]
    #[inline]
    pub fn current(&'static self) -> Option<&'static D> {
        let current = self.cell.current.load(Ordering::Acquire);
        // SAFETY: `Cell::set`: a reference to the bound object, which is not freed while
        // a call may read it.
        match unsafe { current.cast::<&'static D>().as_ref() } {
            Some(object) => Some(object),
            None => self.missing(),
        }
    }

    #[cold]
    #[inline(never)]
    fn missing(&'static self) -> Option<&'static D> {
        let leader = self.leader();
        if !core::ptr::eq(leader, self) {
            return leader.current();
        }
        if !matches!(self.initial, Initial::Lazy(_)) {
            return None;
        }
        let first = self.first()?;
        let made = core::ptr::from_ref(&first.object).cast::<()>().cast_mut();
        let null = core::ptr::null_mut();
        // Unless something else was bound meanwhile.
        let cell = &self.cell.current;
        match cell.compare_exchange(null, made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Some(first.object),
            Err(_) => self.current(),
        }
    }

    /// What the binding was declared with; made now, if it is to be made on first use.
    fn first(&'static self) -> Option<&'static Arc<Holder<D>>> {
        match &self.initial {
            Initial::Value(value) => {
                Some(self.first.get_or_init(|| Arc::new(Holder::fixed(value.0))))
            }
            Initial::Lazy(make) => Some(self.first.get_or_init(|| Arc::new(Holder::boxed(make())))),
            Initial::Nothing => None,
        }
    }

    /// What is bound, kept alive. Takes no lock.
    fn held(&'static self) -> Option<Arc<Holder<D>>> {
        let this = self.leader();
        let current = loop {
            let current = this.cell.current.load(Ordering::Acquire).cast_const();
            if !current.is_null() {
                break current;
            }
            // May be replaced by nothing again, before anybody has looked.
            this.missing()?;
        };
        if let Initial::Value(value) = &this.initial
            && core::ptr::eq(current, core::ptr::from_ref::<Shared<D>>(*value).cast())
        {
            return this.first().cloned();
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

impl<D: ?Sized + 'static, K: Kind> Binding<D, K> {
    /// What is bound, kept alive: a [`Loaded`]; of a binding that was declared with
    /// `None`, an `Option` of it. Methods that are called through the binding need no
    /// `load`. Takes no lock. The first one of a constant allocates.
    ///
    /// # Panics
    /// Where the block panics that makes it on first use.
    pub fn load(&'static self) -> K::Loaded<D> {
        K::loaded(self.held().map(Loaded))
    }
}

impl<D: TraitObject + ?Sized + 'static, K> Binding<D, K> {
    /// Binds an object that lives as long as the program, and returns what was bound;
    /// [`None`] if nothing was, or if that was not made yet.
    ///
    /// Calls that begin after this has returned are the new object's, on every thread.
    /// Across the methods of one trait a swap is not one instant: while it is under way,
    /// one method may be the new object's already and another the old one's still. Each
    /// call is wholly one object's, code and data.
    ///
    /// # Cost
    /// Some tens of microseconds, most of it in the system: new code is written, and one
    /// instruction flipped for each annotated method. Calls go on meanwhile, at their
    /// usual cost. Where code is not patched, a store.
    ///
    /// # Errors
    /// See [`SwapError`]. May be called from anywhere else but a signal handler: from
    /// inside a bound method, from `Drop`, from several threads, before `main`, from a
    /// plugin.
    pub fn swap(&'static self, object: &'static D) -> Result<Option<Loaded<D>>, SwapError>
    where
        D: Sync,
    {
        self.change(|this, inner, _| Decision::Bind(Some(this.fixed(inner, object))))
            .map(Changed::before)
    }

    /// Binds an object that the binding owns from now on, and returns what was bound.
    ///
    /// Once it is replaced, the box is kept: a call may still be inside, and what a
    /// method returned may borrow from it. It is dropped by [`reclaim`](Self::reclaim)
    /// or never. Memory is lost with every swap if `reclaim` is not used; calls pay
    /// nothing for it either way.
    ///
    /// # Errors
    /// As for [`swap`](Self::swap); the box is dropped if nothing leads to it.
    pub fn swap_boxed(&'static self, object: Box<D>) -> Result<Option<Loaded<D>>, SwapError>
    where
        D: Send + Sync,
    {
        let holder = Arc::new(Holder::boxed(object));
        self.change(|_, _, _| Decision::Bind(Some(holder)))
            .map(Changed::before)
    }

    /// Binds a plugin's object, which keeps its plugin loaded, and returns what was
    /// bound. `when` decides what [`Plugin::unload`](crate::runtime::Plugin::unload) does
    /// while it is bound.
    ///
    /// # Errors
    /// As for [`swap`](Self::swap).
    #[cfg(target_os = "linux")]
    pub fn swap_plugin(
        &'static self,
        object: crate::plugin::PluginBox<D>,
        when: WhenUnloaded,
    ) -> Result<Option<Loaded<D>>, SwapError>
    where
        D: Send + Sync,
    {
        let holder = Arc::new(Holder::plugins(object, when));
        self.change(|_, _, _| Decision::Bind(Some(holder)))
            .map(Changed::before)
    }

    /// Binds again what was bound once, and returns what was bound.
    ///
    /// # Errors
    /// As for [`swap`](Self::swap).
    pub fn restore(&'static self, object: &Loaded<D>) -> Result<Option<Loaded<D>>, SwapError> {
        self.change(|_, _, _| Decision::Bind(Some(Arc::clone(&object.0))))
            .map(Changed::before)
    }

    /// Binds an object that lives as long as the program, if `expected` is bound, and
    /// returns that.
    ///
    /// # Errors
    /// Something else is bound, which is returned with the error; or as for
    /// [`swap`](Self::swap).
    pub fn compare_swap(
        &'static self,
        expected: &Loaded<D>,
        object: &'static D,
    ) -> Result<Loaded<D>, CompareSwapError<D>>
    where
        D: Sync,
    {
        let changed = self.change(|this, inner, current| {
            if current.is_some_and(|current| Arc::ptr_eq(current, &expected.0)) {
                Decision::Bind(Some(this.fixed(inner, object)))
            } else {
                Decision::Leave
            }
        })?;
        match changed {
            Changed::Yes { before } => Ok(before.unwrap_or_else(|| expected.clone())),
            Changed::No { current } => Err(CompareSwapError::Changed { current }),
        }
    }

    /// Drops the boxes, and lets go of the plugins' objects, that were bound once and are
    /// not any more. What a [`Loaded`] still holds is dropped with that. Returns how many
    /// were let go.
    ///
    /// # Errors
    /// As for [`swap`](Self::swap), without `Refused`.
    ///
    /// # Safety
    /// Of the objects that are not bound any more: no thread is inside a method that it
    /// called through the binding, nor in `load`, and nothing is left of what such a call
    /// returned if that borrows from the object. Whatever grace period
    /// the program has will do: threads that were joined, a barrier that all have passed,
    /// an epoch.
    pub unsafe fn reclaim(&'static self) -> Result<usize, SwapError> {
        // SAFETY: the caller's.
        let gone = unsafe { self.let_go_of(|_| true) }?;
        Ok(gone.len())
        // Dropped here, outside of all locks: a `drop` may swap again.
    }

    /// # Safety
    /// As for [`Self::reclaim`], for those that `which` names.
    unsafe fn let_go_of(
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
    fn fixed(&'static self, inner: &mut Inner<D>, object: &'static D) -> Arc<Holder<D>> {
        if let Initial::Value(value) = &self.initial
            && same_object(value.0, object)
            && let Some(first) = self.first()
        {
            return Arc::clone(first);
        }
        let Object { data, vtable, .. } = Object::of(object);
        let known = inner.known.entry((data, vtable));
        Arc::clone(known.or_insert_with(|| Arc::new(Holder::fixed(object))))
    }

    /// Binds what `decide` says, which is told what is bound.
    fn change(
        &'static self,
        decide: impl FnOnce(&'static Self, &mut Inner<D>, Option<&Arc<Holder<D>>>) -> Decision<D>,
    ) -> Result<Changed<D>, SwapError> {
        let this = self.leader();
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
            let Decision::Bind(after) = decide(this, inner, before.as_ref()) else {
                let current = before.map(Loaded);
                return Ok(Changed::No { current });
            };
            let new = after.as_ref().map(|holder| New {
                reference: core::ptr::from_ref(&holder.object).cast(),
                object: Object::of(holder.object),
                is_boxed: holder.is_boxed(),
            });
            if let Err(error) = (in_charge().bind)(this.record, new) {
                // Some trampolines may lead to it.
                std::mem::forget(after);
                return Err(error);
            }
            if let Some(before) = &before
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
            let before = before.map(Loaded);
            Ok(Changed::Yes { before })
        })?
    }

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
        let first = this.first().cloned();
        let is_its = |holder: &Holder<D>| holder.plugin().is_some_and(|(of, _)| of == plugin);
        let changed = self.change(|_, _, current| match current {
            Some(current) if is_its(current) => Decision::Bind(first),
            _ => Decision::Leave,
        })?;
        drop(changed);
        // SAFETY: the caller's.
        drop(unsafe { self.let_go_of(is_its) }?);
        Ok(())
    }
}

impl<D: ?Sized + 'static> Binding<D, Always> {
    /// The bound object, made if it has to be. As [`Binding::current`].
    ///
    /// # Panics
    /// Where the block panicked that makes it on first use.
    #[doc(hidden)]
    #[inline]
    pub fn bound(&'static self) -> &'static D {
        match self.current() {
            Some(object) => object,
            None => crate::private::never_unbound(),
        }
    }
}

impl<D: TraitObject + ?Sized + 'static> Binding<D, Sometimes> {
    /// Binds nothing, and returns what was bound. Methods return at once from now on, and
    /// give what the trait declares (`#[static_dispatch(none = …)]`).
    ///
    /// # Errors
    /// As for [`swap`](Self::swap).
    pub fn unbind(&'static self) -> Result<Option<Loaded<D>>, SwapError> {
        self.change(|_, _, _| Decision::Bind(None))
            .map(Changed::before)
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
fn changing<R>(work: impl FnOnce() -> R) -> Result<R, SwapError> {
    if crate::os::in_signal_handler() {
        return Err(SwapError::InSignalHandler);
    }
    let mut work = Some(work);
    let mut result = None;
    (in_charge().changing)(&mut || result = work.take().map(|work| work()));
    result.ok_or(SwapError::Reentered)
}

/// Whether bindings to objects of this type can be declared: those that any thread may
/// use.
#[diagnostic::on_unimplemented(
    message = "a binding's object is used by all threads, which `{Self}` may not be",
    label = "threads may not share this",
    note = "write `dyn Trait + Send + Sync`, or make these supertraits of the trait"
)]
pub trait Shareable {}

impl<D: Sync + ?Sized> Shareable for D {}

/// A binding to which something is always bound.
#[diagnostic::on_unimplemented(
    message = "this method has no result while nothing is bound",
    label = "the binding may be without an object",
    note = "call it on what is bound, if anything is: `if let Some(object) = BINDING.load() {{ \
            object.method() }}`"
)]
pub trait AlwaysBound: BindingSite<Kind = Always> {}

/// Never implemented: its message is all there is to it.
#[diagnostic::on_unimplemented(
    message = "a method with `&mut self` cannot be called through a binding, which all threads share",
    label = "needs an object that nobody shares",
    note = "take `&self` in the trait, with a `Mutex` or atomics inside the implementations"
)]
pub trait MethodOfASharedObject {}
