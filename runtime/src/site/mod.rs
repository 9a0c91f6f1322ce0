//! Call sites.
//!
//! A `static_call!` declares one [`Site`], a 64-byte static and an element of the
//! slice [`STATIC_CALL_SITES_0_1_0`], and hands a [`Gate`] to the method's entry.
//! The site's *switch* says which [`Way`] a call goes, by one relaxed load:
//!
//! 1. *plain*: the virtual call follows right there, inlined;
//! 2. *patched*: a direct call to the site's trampoline, whose chain compares and
//!    jumps. Its hits touch no memory of ours at all. What it does not know goes on
//!    to the fallback shim, which counts a miss and makes the plain call;
//! 3. *learning*: the call is recorded, and then plain.
//!
//! Where the call lists types to inline, their guards lie between the
//! switch and its ways: a *plain* call passes none, and what a guard knows goes no
//! further. A fourth way, *guarded*, has nothing but the plain call behind them.
//!
//! A site starts out learning: its first calls are recorded until the window's
//! budget is used up, which makes it plain. From then on `runtime::retarget()`
//! decides, and the calling threads never do more than count down a budget that
//! has an end.
//!
//! Everything that a calling thread writes is guarded by one try-lock, `busy`.
//! Who finds it taken drops the record and goes on with the call: a call never
//! waits, never allocates and may come from a signal handler that interrupted
//! the lock's holder. The idea of a static per site with a cached decision that
//! one function recomputes is `tracing-core`'s `callsite`.
//!
//! The type is shared between a host and its plugins, each with its own copy of
//! this code, so it is `repr(C)` and the manifest compares versions.

use crate::profile::Profile;
use crate::registry::TraitDeclaration;
use crate::sync::atomic::{
    AtomicBool, AtomicI8, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize, Ordering,
};
use crate::sync::const_unless_loom;

mod record;
#[cfg(all(test, not(loom)))]
mod tests;

mod gate;
mod inline;

pub(crate) use gate::Way;
pub use gate::{DispatchedMethod, Gate, NotAnnotated, Own, Switch, record_call};
pub use inline::{Guards, HOT_FROM, Keys, List, ListOfMethod, SiteOf};
pub(crate) use inline::{KEYS_IN_SITE, Key, MOST_LISTED};
#[cfg(loom)]
pub(crate) use record::record as record_for_loom;
pub use record::{count_miss, counts_misses};

/// Calls recorded in a learning window that nobody configured.
pub(crate) const FIRST_WINDOW: u32 = 1024;

/// Whether call sites have trampolines on this target.
pub const TRAMPOLINES: bool = cfg!(all(
    feature = "patching",
    target_arch = "x86_64",
    target_os = "linux",
    not(miri)
));

/// One call site: what `static_call!` declares.
///
/// 64 bytes in a cache line of its own, so that what happens at one site never
/// slows down another.
#[repr(C, align(64))]
pub struct Site {
    /// Which [`Way`] calls go.
    switch: AtomicI8,
    /// The try-lock of all that follows up to `trampoline`.
    pub(crate) busy: AtomicBool,
    phase: AtomicU8,
    _reserved: AtomicU8,
    /// How many more calls may be recorded; 0 closes the window.
    budget: AtomicU32,
    pub(crate) profile: AtomicPtr<Profile>,
    /// Where the first recorded call was on its way to.
    pub(crate) route: AtomicPtr<Route>,
    /// And by which trampoline.
    trampoline: AtomicUsize,
    /// The most frequent listed type, where more than a few are listed: its vtable,
    /// and in the three bits that are zero in an aligned address, the index of its
    /// key. 0 if there is none.
    hot: AtomicUsize,
    pub(crate) place: &'static Place,
    /// The keys of the guards, where no more are listed.
    keys: [Key; KEYS_IN_SITE],
}

/// What a call site is called, and where it stands.
#[repr(C)]
pub struct Place {
    pub(crate) method: &'static str,
    pub(crate) file: &'static str,
    line: u32,
    column: u32,
}

impl Place {
    /// For the expansion of `static_call!`.
    pub const fn new(method: &'static str, file: &'static str, line: u32, column: u32) -> Self {
        Place {
            method,
            file,
            line,
            column,
        }
    }
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Site>() == 64);

/// What a site is doing with the calls that pass through its fallback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// A learning window is open, or closed and waiting for `retarget()`.
    Learning = 0,
    /// A chain is published; what comes by is a miss.
    Watching = 1,
    /// Nothing is recorded.
    Resting = 2,
}

/// The type that carries a call site into a trampoline: each `static_call!`
/// declares its own.
///
/// # Safety
/// For the expansion of `static_call!`. Site and keys are those of this type alone.
pub unsafe trait CallSite {
    /// The types whose bodies are inlined there: `(A, (B, ()))`, or [`ListOfMethod`].
    type Inline;

    /// The site's static.
    fn site() -> &'static Site;

    /// The keys of its guards, where there are more of them than the site has room for.
    fn keys() -> &'static Keys;
}

/// Where a site's calls lead: a method of an object type. A site in generic code
/// may have several.
#[repr(C)]
pub struct Route {
    pub(crate) declaration: &'static TraitDeclaration,
    pub(crate) method: usize,
    /// Where the trampoline's head jumps at rest.
    pub(crate) rest: *const (),
    /// Where a chain ends.
    pub(crate) fallback: *const (),
    /// What stands in front of the switch.
    pub(crate) guards: Option<&'static Guards>,
    /// Whose calls they are. A function, because constants may not refer to what
    /// changes.
    pub(crate) site: fn() -> &'static Site,
}

/// A route with a trampoline that leads there. Inlined code may have several for
/// one route.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Path {
    pub(crate) route: &'static Route,
    pub(crate) trampoline: usize,
}

// SAFETY: a route is immutable, and its pointers are addresses of code that is
// never written through them.
unsafe impl Sync for Route {}
// SAFETY: as above.
unsafe impl Send for Route {}

impl Route {
    /// For the expansion of `#[static_dispatch]`.
    ///
    /// # Safety
    /// They are the method's: its trait, its index there, its way at rest and its fallback for
    /// this site.
    pub const unsafe fn new<S: SiteOf<M>, M: DispatchedMethod>(
        declaration: &'static TraitDeclaration,
        method: usize,
        rest: *const (),
        fallback: *const (),
    ) -> Self {
        Route {
            declaration,
            method,
            rest,
            fallback,
            guards: S::GUARDS,
            site: S::site,
        }
    }
}

impl Route {
    /// What a binding's trampoline leads to: it ends nowhere but at rest.
    pub(crate) const fn of_binding(
        declaration: &'static TraitDeclaration,
        method: usize,
        rest: *const (),
    ) -> Self {
        Route {
            declaration,
            method,
            rest,
            fallback: rest,
            guards: None,
            site: || unreachable!("calls of a binding are never recorded"),
        }
    }
}

#[cfg(any(test, loom))]
impl Route {
    pub(crate) const fn without_guards(
        declaration: &'static TraitDeclaration,
        method: usize,
        rest: *const (),
        fallback: *const (),
    ) -> Self {
        Route {
            declaration,
            method,
            rest,
            fallback,
            guards: None,
            site: || unreachable!("records name their site where a route has none"),
        }
    }
}

impl Site {
    const_unless_loom! {
        /// A site as it begins.
        fn learning(place: &'static Place) -> Self {
            Site {
                switch: AtomicI8::new(Way::Learning as i8),
                busy: AtomicBool::new(false),
                phase: AtomicU8::new(Phase::Learning as u8),
                _reserved: AtomicU8::new(0),
                budget: AtomicU32::new(FIRST_WINDOW),
                profile: AtomicPtr::new(core::ptr::null_mut()),
                route: AtomicPtr::new(core::ptr::null_mut()),
                trampoline: AtomicUsize::new(0),
                hot: AtomicUsize::new(0),
                place,
                keys: [const { Key::new(0) }; KEYS_IN_SITE],
            }
        }
    }

    const_unless_loom! {
        /// For the expansion of `static_call!`.
        pub fn new(place: &'static Place) -> Self {
            #[cfg(not(loom))]
            {
                // Computed once, and copied for each of the sites: rustc computes them
                // one by one.
                #[allow(
                    clippy::declare_interior_mutable_const,
                    reason = "what statics begin with"
                )]
                const LEARNING: Site = Site::learning(&Place::new("", "", 0, 0));
                Site { place, ..LEARNING }
            }
            #[cfg(loom)]
            Site::learning(place)
        }
    }

    pub(crate) fn method(&self) -> &'static str {
        self.place.method
    }

    pub(crate) fn file(&self) -> &'static str {
        self.place.file
    }

    pub(crate) fn line(&self) -> u32 {
        self.place.line
    }

    pub(crate) fn column(&self) -> u32 {
        self.place.column
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Learning,
            1 => Phase::Watching,
            _ => Phase::Resting,
        }
    }

    /// Records that the open window may still take.
    pub(crate) fn budget(&self) -> u32 {
        self.budget.load(Ordering::Acquire)
    }

    /// The path of the first recorded call.
    pub(crate) fn first_path(&self) -> Option<Path> {
        // SAFETY: only `record` stores here, and it stores a `&'static Route`.
        let route = unsafe { self.route.load(Ordering::Acquire).as_ref() }?;
        // Stored before the route, and never changed.
        let trampoline = self.trampoline.load(Ordering::Relaxed);
        Some(Path { route, trampoline })
    }

    /// The guards in front of it, once a call was recorded.
    pub(crate) fn guards(&self) -> Option<&'static Guards> {
        self.first_path()?.route.guards
    }

    /// Switches guards on: each a key's index and the vtable that it compares with,
    /// the most frequent first. All others are off.
    ///
    /// # Safety
    /// [`Guards::key_of`] has named the index for this vtable's table, and the object
    /// that both lie in stays loaded as long as the site.
    pub(crate) unsafe fn guard(&self, on: &[(usize, usize)]) {
        let Some(guards) = self.guards() else { return };
        let keys = match guards.length() {
            0..=KEYS_IN_SITE => &self.keys[..],
            _ => guards.keys(),
        };
        // Calls that are on their way through one go on.
        for key in keys {
            key.store(0, Ordering::Release);
        }
        self.hot.store(0, Ordering::Release);
        for (rank, &(key, vtable)) in on.iter().enumerate() {
            if rank == 0 && guards.length() >= HOT_FROM {
                debug_assert!(vtable.is_multiple_of(inline::MOST_LISTED));
                self.hot.store(vtable | key, Ordering::Release);
            } else {
                keys[key].store(vtable, Ordering::Release);
            }
        }
    }

    /// The keys that lie in the site itself.
    #[cfg(test)]
    pub(crate) fn own_keys(&self) -> [usize; KEYS_IN_SITE] {
        self.keys.each_ref().map(|key| key.load(Ordering::Relaxed))
    }

    /// Sends calls another way. Nothing is patched where there are no trampolines.
    pub(crate) fn send(&self, way: Way) {
        let way = if way == Way::Patched && !TRAMPOLINES {
            Way::Plain
        } else {
            way
        };
        self.switch.store(way as i8, Ordering::Release);
    }

    /// Takes the try-lock, waiting a little for a recording thread that was
    /// preempted; [`None`] if it never comes back (after `fork`, say).
    pub(crate) fn lock(&self) -> Option<Locked<'_>> {
        // Loom tries each outcome of each.
        const TRIES: u32 = if cfg!(loom) { 2 } else { 1000 };
        for _ in 0..TRIES {
            if self.try_lock() {
                return Some(Locked(self));
            }
            crate::os::pause();
        }
        None
    }

    /// Takes the try-lock if it is free. By an exchange that writes nothing if it is
    /// not: loom, which checks this, lets a plain swap come after the release.
    fn try_lock(&self) -> bool {
        let free = |busy: &AtomicBool| {
            busy.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
        };
        free(&self.busy).is_ok()
    }

    /// In a child of `fork`, where the lock's holder does not exist: gives up the
    /// window that it may have left half written, and the lock.
    pub(crate) fn abandon(&self) {
        if self.busy.load(Ordering::Acquire) {
            let lock = Locked(self);
            self.profile.store(core::ptr::null_mut(), Ordering::Release);
            self.budget.store(0, Ordering::Release);
            drop(lock);
        }
    }
}

/// The site's try-lock, held.
pub(crate) struct Locked<'a>(&'a Site);

impl Locked<'_> {
    /// Closes whatever window is open and hands out its profile.
    pub(crate) fn close(&self) -> Option<&'static Profile> {
        let site = self.0;
        site.budget.store(0, Ordering::Release);
        let profile = site.profile.swap(core::ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: profiles live in statics or are leaked boxes of the runtime.
        unsafe { profile.as_ref() }
    }

    /// The open window's profile, left in place.
    pub(crate) fn profile(&self) -> Option<&'static Profile> {
        // SAFETY: as in `close`.
        unsafe { self.0.profile.load(Ordering::Acquire).as_ref() }
    }

    /// Opens a window of `budget` records in `phase`, or none if `budget` is 0.
    pub(crate) fn open(&self, phase: Phase, budget: u32, profile: Option<&'static Profile>) {
        let site = self.0;
        let profile = profile.map_or(core::ptr::null_mut(), |profile| {
            core::ptr::from_ref(profile).cast_mut()
        });
        site.profile.store(profile, Ordering::Release);
        site.phase.store(phase as u8, Ordering::Release);
        site.budget.store(budget, Ordering::Release);
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Release);
    }
}

/// Every call site of this loaded object. The version in the name keeps two
/// versions of this crate in one program apart.
#[linkme::distributed_slice]
pub static STATIC_CALL_SITES_0_1_0: [Site];
