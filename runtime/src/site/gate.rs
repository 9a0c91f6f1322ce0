//! How a call gets from its site into the method's entry.

use core::any::TypeId;
use core::marker::PhantomData;

use super::record::record;
use super::{CallSite, KEYS_IN_SITE, List, Ordering, Route, Site, SiteOf};
use crate::binding::{BindingSite, Unbound};
use crate::registry::Table;

/// Which way a site's calls go.
///
/// The numbers are chosen for the machine code of sites with a list: LLVM takes `x > 0` for
/// likely, and so lays the plain call out behind one compare. Laid out behind a taken branch
/// it cost up to a seventh of a program's time. For other sites see [`Switch::way`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub(crate) enum Way {
    /// The virtual call.
    Plain = 1,
    /// The trampoline, behind guards if there are any.
    Patched = 0,
    /// The virtual call, recorded, behind guards if they are on.
    Learning = -1,
    /// The virtual call, behind guards.
    Guarded = -2,
}

/// Which way a site's calls go, as a call has read it.
///
/// A number and no enum, of a match on which LLVM makes arithmetic ahead of the branches:
/// 1.14 of the plain call's time instead of 1.00, switched off.
#[derive(Clone, Copy)]
pub struct Switch(i8);

impl Switch {
    /// Nothing is compared.
    #[inline(always)]
    pub fn is_plain(self) -> bool {
        self.0 > 0
    }

    /// The way, for a `match` with a plain arm, a patched one and one that learns.
    ///
    /// The plain arm is to follow the switch and to be followed by what comes after the
    /// call, since a jump between them takes a place in the branch predictor for each of
    /// the sites: 4,096 idle ones in turn took 1.2 to 1.4 of the plain calls' time with
    /// one, and none without. In a loop, though, LLVM makes the switch the loop's end, and
    /// then all ways are as short as they can be; it does so if the plain arm has less than
    /// some nine tenths of the calls, and the first it does for more than eight tenths. It
    /// takes a call of a cold function for a sixteenth of a call of another, so that of
    /// three arms two of which are cold the plain one has sixteen eighteenths. Where rustc
    /// sees that a function is cold it says that the plain arm has 2,000 times as many, and
    /// a chain in a loop takes two cycles more: hence the pointers.
    #[inline(always)]
    pub fn way(self) -> i8 {
        self.0
    }

    /// The vtable's way.
    pub const PLAIN: i8 = Way::Plain as i8;
    /// What the guards do not know goes by the trampoline.
    pub const PATCHED: i8 = Way::Patched as i8;
    /// What the guards do not know goes by the vtable, and nothing is recorded.
    pub const GUARDED: i8 = Way::Guarded as i8;
}

/// What a call site hands to the entry: its state, and its trampoline for the
/// method that the entry belongs to.
///
/// By value, because that keeps the trampoline a local function of the call site's
/// crate. If its address came by way of the [`CallSite`] impl, rustc would export
/// it from libraries and load it from the GOT, and a call in a loop would be an
/// indirect one.
pub struct Gate<S, M> {
    site: &'static Site,
    /// The site's trampoline for this method. A field, because a method would be compiled
    /// once more for each of the sites.
    pub trampoline: unsafe extern "C-unwind" fn(),
    types: PhantomData<fn() -> (S, M)>,
}

/// The word of a call site that the site and the trampoline beside it are its own. A value, so
/// that it is given where no code of the user's stands.
#[derive(Clone, Copy)]
pub struct Own(());

impl Own {
    /// # Safety
    /// It is used with a call site's own static and trampoline.
    pub const unsafe fn new() -> Self {
        Own(())
    }
}

/// A dispatched method of an object type, as a type: `#[static_dispatch]` makes them.
///
/// # Safety
/// For the expansion of `#[static_dispatch]`. What it says of the method is what a trampoline
/// leads to, and `table` is the table that the object's own vtable leads to.
pub unsafe trait DispatchedMethod {
    /// The object type.
    type Object: ?Sized;

    /// The types that the method's annotation lists for inlining.
    type Inline: List<Self>
    where
        Self: Sized;

    /// Names a type together with the trait as the object type has it, generics and
    /// associated types included: what `Table::distinct` names its implementation.
    fn identity_of<T: 'static>() -> TypeId
    where
        Self: Sized;

    /// The table that the object's vtable leads to.
    fn table(object: &Self::Object) -> &'static Table;

    /// Where calls from a site to this method lead.
    fn route<S: SiteOf<Self>>() -> &'static Route
    where
        Self: Sized;

    /// Jumps to the fallback, with whatever arguments there are.
    ///
    /// # Safety
    /// Reached by jumps from the trampolines of this method only.
    unsafe extern "C-unwind" fn rest<S: CallSite>();

    /// The method's place in the trait's declaration.
    const INDEX: usize;

    /// Jumps to a binding's way at rest, with whatever arguments there are. Methods that
    /// bindings do not have never get there.
    ///
    /// # Safety
    /// Reached by jumps from the trampolines of this method only.
    unsafe extern "C-unwind" fn rest_of_bound<B: BindingSite<Object = Self::Object>>()
    where
        Self::Object: 'static,
    {
        unreachable!("bindings have no trampolines for this method")
    }

    /// What a binding's method does while nothing is bound.
    fn unbound<B: BindingSite<Object = Self::Object>>() -> Unbound
    where
        Self::Object: 'static,
    {
        Unbound::Never
    }
}

/// Stands for methods that have no call sites.
pub enum NotAnnotated {}

// SAFETY: nothing comes of it.
unsafe impl DispatchedMethod for NotAnnotated {
    type Object = ();
    type Inline = ();

    const INDEX: usize = 0;

    fn identity_of<T: 'static>() -> TypeId {
        unreachable!("no entry of a method that is not annotated compiles")
    }

    fn table((): &()) -> &'static Table {
        unreachable!("no entry of a method that is not annotated compiles")
    }

    fn route<S: SiteOf<Self>>() -> &'static Route {
        unreachable!("no entry of a method that is not annotated compiles")
    }

    unsafe extern "C-unwind" fn rest<S: CallSite>() {
        unreachable!("no entry of a method that is not annotated compiles")
    }
}

// Without bounds, which rustc would check at each call site; the entry has them.
impl<S, M> Gate<S, M> {
    /// For the expansion of `static_call!`.
    #[inline(always)]
    #[allow(
        improper_ctypes_definitions,
        reason = "it is no call of C that is declared here, but a place in code"
    )]
    pub fn new(
        site: &'static Site,
        trampoline: unsafe extern "C-unwind" fn(PhantomData<(S, M)>),
        _: Own,
    ) -> Self {
        Gate {
            site,
            // SAFETY: both are pointers to functions, and neither is called as what it is
            // declared to be; see `trampoline!`.
            trampoline: unsafe {
                core::mem::transmute::<
                    unsafe extern "C-unwind" fn(PhantomData<(S, M)>),
                    unsafe extern "C-unwind" fn(),
                >(trampoline)
            },
            types: PhantomData,
        }
    }
}

impl<S: CallSite, M: DispatchedMethod> Gate<S, M> {
    /// Which way this call goes. One relaxed load.
    #[inline(always)]
    pub fn way(&self) -> Switch
    where
        S: SiteOf<M>,
    {
        // Without trampolines there is something to learn for guards only.
        if !super::TRAMPOLINES && <S::List as List<M>>::LENGTH == 0 {
            return Switch(Way::Plain as i8);
        }
        Switch(self.site.switch.load(Ordering::Relaxed))
    }

    /// The key of the guard with this index. One relaxed load.
    #[inline(always)]
    pub fn key(&self, index: usize) -> usize
    where
        S: SiteOf<M>,
    {
        if <S::List as List<M>>::LENGTH <= KEYS_IN_SITE {
            self.site.keys[index].load(Ordering::Relaxed)
        } else {
            S::keys().get(index)
        }
    }

    /// The index of the key whose vtable this is, if it is the most frequent one of a
    /// longer list; otherwise no index. One relaxed load.
    #[inline(always)]
    pub fn hot(&self, vtable: usize) -> usize {
        // Of equal addresses the index remains, which is in the lowest bits.
        self.site.hot.load(Ordering::Relaxed) ^ vtable
    }
}

/// Records a call that is about to be made plainly.
///
/// # Safety
/// The trampoline is one of the route's site, for this method, and the route is the method's.
pub unsafe fn record_call<M: DispatchedMethod>(
    object: &M::Object,
    trampoline: unsafe extern "C-unwind" fn(),
    route: &'static Route,
) {
    let path = super::Path {
        route,
        trampoline: trampoline as usize,
    };
    let vtable = crate::private::vtable_of(object);
    record((route.site)(), vtable, M::table(object), path);
}
