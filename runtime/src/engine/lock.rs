//! The runtime's two locks: one around changes of bindings, and inside of it one around
//! the engine. Both are had in turn.
//!
//! A change of a binding looks at typed state of the binding's own, and then has the
//! engine publish it; the engine never looks at that state, so that the order of the
//! locks is always the same.
//!
//! The dynamic loader has a lock too, which is held while initializers run, and these may
//! come here. So nobody asks the loader to load or to keep anything who holds one of these
//! two (walking its list of objects is another thing: that lock is held by nobody who runs
//! code of others).

use std::cell::Cell;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Engine;
use super::trust;
use super::turns::InTurn;
use crate::site::{self, Site};
use crate::static_key::{Change, StaticKeyError, StaticKeyRecord};

/// The engine, set up on first use.
pub(super) static ENGINE: InTurn<Option<Engine>> = InTurn::new(None);

/// Whether it was set up.
static IS_SET_UP: AtomicBool = AtomicBool::new(false);

/// Changes of bindings are one at a time. Taken before [`ENGINE`].
pub(super) static CHANGES: InTurn<()> = InTurn::new(());

/// Where a thread stands with [`ENGINE`]. A signal may interrupt it anywhere, and the
/// handler may fork.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Outside,
    /// It asks for a turn: whether it has one cannot be told.
    Asks,
    /// It waits for this turn, or has it.
    Waits(u32),
    /// It has its turn, and the engine.
    Inside,
}

thread_local! {
    static STANDING: Cell<Standing> = const { Cell::new(Standing::Outside) };
    /// Whether it changes a binding, and so has or waits for [`CHANGES`].
    static CHANGING: Cell<bool> = const { Cell::new(false) };
}

/// Where this thread stands with the engine's lock.
pub(super) fn standing() -> Standing {
    STANDING.get()
}

/// Whether this thread holds the lock around changes of bindings, or waits for it.
pub(super) fn is_changing() -> bool {
    CHANGING.get()
}

/// Whether this thread holds no lock of the runtime's, and loads no plugin.
#[cfg(feature = "tracing")]
pub(super) fn holds_nothing() -> bool {
    #[cfg(all(unix, not(target_family = "wasm")))]
    if super::fork::loads() {
        return false;
    }
    standing() == Standing::Outside && !is_changing()
}

/// Takes back a mark of this thread, also where work panics.
struct Mark<T: Copy + 'static>(&'static std::thread::LocalKey<Cell<T>>, T);

impl<T: Copy> Mark<T> {
    fn set(flag: &'static std::thread::LocalKey<Cell<T>>, to: T) -> Self {
        Mark(flag, flag.replace(to))
    }
}

impl<T: Copy> Drop for Mark<T> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// Runs `work` with the engine, which is set up on first use.
pub(crate) fn with<R>(work: impl FnOnce(&mut Engine) -> R) -> R {
    // Before the lock is taken: it asks the loader.
    let own = (!IS_SET_UP.load(Ordering::Acquire)).then(trust::keep_own);
    // Before the lock is taken, and until after it is given back. Where threads' own data
    // is made on first use, that may take the loader's lock too.
    let _standing = Mark::set(&STANDING, Standing::Asks);
    let turn = ENGINE.draw();
    STANDING.set(Standing::Waits(turn));
    ENGINE.wait(turn);
    // SAFETY: drawn and waited for above.
    let mut engine = unsafe { ENGINE.have() };
    STANDING.set(Standing::Inside);
    work(engine.get_or_insert_with(|| set_up(own.flatten())))
}

/// A call has used up what its site's life had given it: the machine is asked what comes
/// next, by whatever thread this is, and wherever: it waits for nobody and allocates
/// nothing. Whether it was asked; not while anybody else has the engine.
pub(crate) fn emptied(site: &'static Site) -> bool {
    if standing() != Standing::Outside {
        return false;
    }
    let _standing = Mark::set(&STANDING, Standing::Asks);
    let Some(mut engine) = ENGINE.try_lock() else {
        return false;
    };
    STANDING.set(Standing::Inside);
    engine.as_mut().is_some_and(|engine| engine.emptied(site))
}

/// Changes a static key, unless this thread is in the runtime already.
pub(crate) fn change_key(
    record: &'static StaticKeyRecord,
    change: Change,
) -> Result<(), StaticKeyError> {
    if standing() != Standing::Outside {
        return Err(StaticKeyError::Reentered);
    }
    with(|engine| engine.change_key(record, change))
}

fn set_up(own: Option<Range<usize>>) -> Engine {
    #[cfg(all(unix, not(target_family = "wasm")))]
    super::fork::register();
    let engine = Engine::new(own);
    site::act_by(emptied);
    IS_SET_UP.store(true, Ordering::Release);
    engine
}

/// Runs `work` while no other binding is changed. If this thread is in the runtime
/// already, `work` is not run.
pub(crate) fn changing(work: &mut dyn FnMut()) {
    if standing() != Standing::Outside || is_changing() {
        return;
    }
    // Before the lock is taken, and until after it is given back.
    let changing = Mark::set(&CHANGING, true);
    let lock = CHANGES.lock();
    work();
    drop(lock);
    drop(changing);
    #[cfg(feature = "tracing")]
    super::telling::flush();
}
