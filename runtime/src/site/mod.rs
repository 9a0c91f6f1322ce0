//! Call sites.
//!
//! A `static_call!` declares one [`Site`], a 64-byte static and an element of the
//! slice [`STATIC_CALL_SITES_0_1_0`], and hands a [`Gate`] to the method's entry.
//! Its [key](crate::key) says which way a call goes:
//!
//! - *off*, a NOP: the virtual call follows right there, inlined;
//! - *on*, a jump: to the *arm*. There stand the guards of the types that the call lists,
//!   with their bodies inlined, and behind them a direct call to the site's trampoline.
//!   Its chain compares and jumps; hits touch no memory of ours at all. What neither
//!   knows, and at rest everything, goes on to the *fallback*, which makes the virtual
//!   call and records it while a window is open.
//!
//! A site is off until the runtime runs. Everything that a calling thread writes is
//! guarded by one try-lock, `busy`. Who finds it taken drops the record and goes on with
//! the call: a call never waits, never allocates and may come from a signal handler that
//! interrupted the lock's holder. The idea of a static per site with a cached decision
//! that one function recomputes is `tracing-core`'s `callsite`.
//!
//! The type is shared between a host and its plugins, each with its own copy of
//! this code, so it is `repr(C)` and the manifest compares versions.

use crate::arch::Receiver;
use crate::profile::Profile;
use crate::registry::TraitDeclaration;
use crate::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU8, AtomicU64, Ordering};
use crate::sync::const_unless_loom;
use crate::window::{Block, Script, Way};

mod record;
#[cfg(all(test, not(loom)))]
mod tests;

mod binding;
mod gate;
mod inline;

pub use binding::{AlwaysBound, BindingSite};
pub use gate::{
    DispatchedMethod, Gate, NotAnnotated, Own, as_function, record_call, with_signature_of,
};
#[cfg(plugins)]
pub(crate) use inline::MOST_LISTED;
pub use inline::{Guards, Keys, LISTED_IN_SITE, List, ListOfMethod, SiteOf};
pub(crate) use inline::{Key, VTABLES};
pub use record::counts_calls;
#[cfg(plugins)]
pub(crate) use record::leave_to;
#[cfg(loom)]
pub(crate) use record::record as record_for_loom;
pub(crate) use record::{Acts, act_by};

/// Calls recorded in a learning window that nobody configured.
pub(crate) const FIRST_WINDOW: u32 = 1024;

/// Whether call sites have trampolines on this target.
pub const TRAMPOLINES: bool = cfg!(patched);

/// One call site: what `static_call!` declares.
///
/// 64 bytes in a cache line of its own, so that what happens at one site never
/// slows down another.
#[repr(C, align(64))]
pub struct Site {
    /// Whether it is on, where there is no code to say so.
    is_on: AtomicBool,
    /// The try-lock of all that follows up to `route`.
    pub(crate) busy: AtomicBool,
    phase: AtomicU8,
    /// The [`Way`] of calls that nothing has caught.
    way: AtomicU8,
    /// Calls that count, until somebody has to act.
    left: AtomicI32,
    /// The rest of a window, packed.
    script: AtomicU64,
    pub(crate) profile: AtomicPtr<Profile>,
    /// Where the first recorded call was on its way to.
    pub(crate) route: AtomicPtr<Route>,
    pub(crate) place: &'static Place,
    /// The keys of the guards that stand in the arm.
    keys: [Key; LISTED_IN_SITE],
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

/// What a site's records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// All calls: a window is open, or full and waiting for `retarget()`.
    Learning = 0,
    /// Misses: guards or a chain are on.
    Watching = 1,
    /// Nothing is recorded.
    Resting = 2,
    /// Whatever [`Block`] says: the site's life is its own.
    Living = 3,
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
    /// Finds out where the receiver is when the trampoline is entered.
    pub(crate) receiver: fn() -> Option<Receiver>,
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
            receiver: M::receiver,
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
        receiver: fn() -> Option<Receiver>,
    ) -> Self {
        Route {
            declaration,
            method,
            rest,
            fallback: rest,
            receiver,
            guards: None,
            site: || unreachable!("calls of a binding are never recorded"),
        }
    }

    /// Whether both lead the same way, of those that [`of_binding`](Self::of_binding) makes.
    pub(crate) fn is_same(&self, other: &Route) -> bool {
        core::ptr::eq(self.declaration, other.declaration)
            && self.method == other.method
            && self.rest == other.rest
            && core::ptr::fn_addr_eq(self.receiver, other.receiver)
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
            receiver: || Some(Receiver::First),
            guards: None,
            site: || unreachable!("records name their site where a route has none"),
        }
    }
}

impl Site {
    const_unless_loom! {
        /// A site as it begins.
        fn off(place: &'static Place) -> Self {
            Site {
                is_on: AtomicBool::new(false),
                busy: AtomicBool::new(false),
                phase: AtomicU8::new(Phase::Resting as u8),
                way: AtomicU8::new(Way::Plain as u8),
                left: AtomicI32::new(0),
                script: AtomicU64::new(0),
                profile: AtomicPtr::new(core::ptr::null_mut()),
                route: AtomicPtr::new(core::ptr::null_mut()),
                place,
                keys: [const { Key::new(0) }; LISTED_IN_SITE],
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
                const OFF: Site = Site::off(&Place::new("", "", 0, 0));
                Site { place, ..OFF }
            }
            #[cfg(loom)]
            Site::off(place)
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
            3 => Phase::Living,
            _ => Phase::Resting,
        }
    }

    /// What calls that nothing has caught do, and how many more of them count.
    pub(crate) fn block(&self) -> Block {
        Block {
            way: Way::from(self.way.load(Ordering::Acquire)),
            left: self.left.load(Ordering::Acquire),
            script: Script::unpack(self.script.load(Ordering::Acquire)),
        }
    }

    /// Has them do something else, and answers what they did. Under the site's lock, or what
    /// calls do meanwhile may be counted wrongly.
    pub(crate) fn put(&self, block: Block) -> Block {
        let before = self.block();
        // No call counts while the words do not belong together.
        self.way.store(Way::Plain as u8, Ordering::Release);
        self.script.store(block.script.pack(), Ordering::Release);
        let left = self.left.swap(block.left, Ordering::AcqRel);
        self.way.store(block.way as u8, Ordering::Release);
        Block { left, ..before }
    }

    /// Where the first recorded call was on its way to.
    pub(crate) fn route(&self) -> Option<&'static Route> {
        // SAFETY: only `record` stores here, and it stores a `&'static Route`.
        unsafe { self.route.load(Ordering::Acquire).as_ref() }
    }

    /// Whether calls go by the arm, where no key says so. One relaxed load.
    #[inline(always)]
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Says which way calls go, where no key does.
    pub(crate) fn switch(&self, on: bool) {
        self.is_on.store(on, Ordering::Release);
    }

    /// Switches guards on: each the position of a type in the list and a vtable. All others
    /// are off. Of vtables of one type those beyond the first two are left out.
    ///
    /// # Safety
    /// They are the guards of a route of this site, [`Guards::key_of`] has named the
    /// position for this vtable's table, and the object that both lie in stays loaded as
    /// long as the site.
    pub(crate) unsafe fn guard(&self, guards: &Guards, on: &[(usize, usize)]) {
        for position in 0..guards.length() {
            let of_this = on.iter().filter(|(at, _)| *at == position);
            let mut vtables = of_this.map(|(_, vtable)| *vtable);
            // Calls that are on their way through one go on.
            for key in guards.keys_of(self, position) {
                key.store(vtables.next().unwrap_or(0), Ordering::Release);
            }
        }
    }

    /// The keys that lie in the site itself.
    #[cfg(test)]
    pub(crate) fn own_keys(&self) -> [usize; LISTED_IN_SITE] {
        self.keys.each_ref().map(|key| key.load(Ordering::Relaxed))
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

    /// Takes the try-lock if it is free.
    pub(crate) fn lock_now(&self) -> Option<Locked<'_>> {
        self.try_lock().then(|| Locked(self))
    }

    /// The call that has counted last could not act: some more are plain and counted, and
    /// then another tries.
    fn retry(&self) {
        let before = self.block();
        let block = before.retry();
        // Unless somebody has acted meanwhile. Other calls go on counting, and must not keep
        // this one from it: none of them acts.
        loop {
            let left = self.left.load(Ordering::Acquire);
            if left > 0 {
                return;
            }
            let exchanged =
                (self.left).compare_exchange(left, block.left, Ordering::AcqRel, Ordering::Relaxed);
            if exchanged.is_ok() {
                break;
            }
        }
        // Nor since then: what was put stays.
        let (way, script) = (before.way as u8, before.script.pack());
        let still = (self.way)
            .compare_exchange(way, block.way as u8, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok();
        if still {
            let _ = (self.script).compare_exchange(
                script,
                block.script.pack(),
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
        }
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
            self.put(Block::PLAIN);
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
        site.put(Block::PLAIN);
        let profile = site.profile.swap(core::ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: profiles live in statics or are leaked boxes of the runtime.
        unsafe { profile.as_ref() }
    }

    /// The open window's profile, left in place.
    pub(crate) fn profile(&self) -> Option<&'static Profile> {
        // SAFETY: as in `close`.
        unsafe { self.0.profile.load(Ordering::Acquire).as_ref() }
    }

    /// Has calls that nothing catches do something else, and answers what they did.
    pub(crate) fn put(&self, block: Block) -> Block {
        self.0.put(block)
    }

    /// Whose records are the business of the site's life from here on.
    pub(crate) fn live(&self) {
        self.0.phase.store(Phase::Living as u8, Ordering::Release);
    }

    /// Puts another profile in the place of the one that is there, whatever calls do.
    pub(crate) fn replace(&self, profile: Option<&'static Profile>) -> Option<&'static Profile> {
        let profile = profile.map_or(core::ptr::null_mut(), |profile| {
            core::ptr::from_ref(profile).cast_mut()
        });
        let before = self.0.profile.swap(profile, Ordering::AcqRel);
        // SAFETY: as in `close`.
        unsafe { before.as_ref() }
    }

    /// From here on calls that nothing catches go as the block says, and are noted in the
    /// profile if that is for notes.
    pub(crate) fn open(&self, phase: Phase, block: Block, profile: Option<&'static Profile>) {
        let site = self.0;
        let profile = profile.map_or(core::ptr::null_mut(), |profile| {
            core::ptr::from_ref(profile).cast_mut()
        });
        site.put(Block::PLAIN);
        site.profile.store(profile, Ordering::Release);
        site.phase.store(phase as u8, Ordering::Release);
        site.put(block);
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Release);
    }
}

crate::slices::slice! {
    /// Every call site of this loaded object. The version in the name keeps two
    /// versions of this crate in one program apart.
    pub static STATIC_CALL_SITES_0_1_0: [Site];
}
