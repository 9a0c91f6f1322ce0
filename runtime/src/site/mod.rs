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

pub use gate::{DispatchedMethod, Gate, NotAnnotated, Way};
pub use record::missed;
#[cfg(loom)]
pub(crate) use record::record as record_for_loom;

/// Calls recorded in a learning window that nobody configured.
pub(crate) const FIRST_WINDOW: u32 = 1024;

/// Whether call sites have trampolines on this target.
pub(crate) const TRAMPOLINES: bool =
    cfg!(all(target_arch = "x86_64", target_os = "linux", not(miri)));

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
    pub(crate) method: &'static &'static str,
    pub(crate) file: &'static str,
    line: u32,
    column: u32,
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
pub trait CallSite {
    /// The site's static.
    fn site() -> &'static Site;
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
    pub const fn new(
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
        }
    }
}

impl Site {
    const_unless_loom! {
        /// For the expansion of `static_call!`.
        pub fn new(
            method: &'static &'static str,
            file: &'static str,
            line: u32,
            column: u32,
        ) -> Self {
            Site {
                switch: AtomicI8::new(if TRAMPOLINES {
                    Way::Learning
                } else {
                    Way::Plain
                } as i8),
                busy: AtomicBool::new(false),
                phase: AtomicU8::new(Phase::Learning as u8),
                _reserved: AtomicU8::new(0),
                budget: AtomicU32::new(FIRST_WINDOW),
                profile: AtomicPtr::new(core::ptr::null_mut()),
                route: AtomicPtr::new(core::ptr::null_mut()),
                trampoline: AtomicUsize::new(0),
                method,
                file,
                line,
                column,
            }
        }
    }

    pub(crate) fn method(&self) -> &'static str {
        self.method
    }

    pub(crate) fn file(&self) -> &'static str {
        self.file
    }

    pub(crate) fn line(&self) -> u32 {
        self.line
    }

    pub(crate) fn column(&self) -> u32 {
        self.column
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

    /// Sends calls another way. Stays plain where there are no trampolines.
    pub(crate) fn send(&self, way: Way) {
        let way = if TRAMPOLINES { way } else { Way::Plain };
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
