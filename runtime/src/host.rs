//! Which runtime retargets this object's call sites.
//!
//! A plugin has a copy of this crate, with an engine of its own. If both engines
//! patched the plugin's trampolines, each would undo the other. So a host that
//! adopts a plugin hands it this table, and the plugin's copy of
//! `static_call::runtime` passes everything on to the host's.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;

use crate::bound::making::{self, Makers};
use crate::bound::{BindingRecord, New, Origins, SwapError};
use crate::config::{Config, ConfigError};
use crate::engine::{self, Retarget, RetargetError};
use crate::life::By;
use crate::pass;
use crate::registry::Implementation;
use crate::report::{Backend, Report};
use crate::site::Acts;
use crate::static_key::{Change, StaticKeyError, StaticKeyRecord};

/// The host's runtime, as its plugins call it.
#[repr(C)]
pub(crate) struct Host {
    pub(crate) retarget: fn() -> Result<Retarget, RetargetError>,
    /// The same by the worker; and after how many nanoseconds the next pass is wanted, if
    /// anything wants one.
    pub(crate) work: fn() -> Result<Option<u64>, RetargetError>,
    /// The word that changes when a pass is wanted earlier.
    pub(crate) wake: &'static AtomicU32,
    /// How many workers there are.
    pub(crate) workers: &'static AtomicU32,
    pub(crate) emptied: Acts,
    pub(crate) register: fn(Implementation),
    pub(crate) configure: fn(Config) -> Result<(), ConfigError>,
    pub(crate) backend: fn() -> Backend,
    pub(crate) report: fn() -> Report,
    /// Runs the work while no other binding is changed, or does not, if this thread is
    /// inside the runtime.
    pub(crate) changing: fn(&mut dyn FnMut()),
    /// Inside of `changing`: leads a binding's trampolines to an object, or to nothing.
    pub(crate) bind: fn(&'static BindingRecord, Option<New>) -> Result<(), SwapError>,
    /// Forgets the code that leads to objects of a binding which are gone, by address.
    pub(crate) release: unsafe fn(&'static BindingRecord, &[usize]),
    /// The plugins that lie at these addresses. If so told, keeps what else lies there and
    /// may go loaded for good: not inside of `changing`. [`None`] if this thread is inside
    /// the runtime, or a signal handler.
    pub(crate) origins: fn(&[usize], keep_others: bool) -> Option<Origins>,
    /// Changes a static key of this object, or of a plugin.
    pub(crate) change_key: fn(&'static StaticKeyRecord, Change) -> Result<(), StaticKeyError>,
    /// Whether this plugin, which nobody has any more, stays: it was not let go yet and now
    /// will not be, or is kept for another reason.
    pub(crate) stays: fn(u64) -> bool,
    /// Who makes what is made on first use.
    pub(crate) makers: &'static Makers,
}

/// This object's runtime.
pub(crate) static HOST: Host = Host {
    retarget: || pass::retarget(By::Program),
    work: || {
        pass::retarget(By::Worker)?;
        Ok(engine::with(engine::Engine::next_pass))
    },
    wake: &engine::WAKE,
    workers: &engine::WORKERS,
    emptied: engine::emptied,
    register: engine::register,
    configure: |config| engine::with(|engine| engine.configure(config)),
    backend: || engine::with(|engine| Backend::of(engine)),
    report: || {
        engine::with(|engine| {
            engine.describe_lives();
            Report::of(engine)
        })
    },
    changing: engine::changing,
    bind: |record, new| engine::with(|engine| engine.bind(record, new)),
    // SAFETY: the caller's contract is `Engine::release`'s.
    release: |record, objects| engine::with(|engine| unsafe { engine.release(record, objects) }),
    origins: engine::origins,
    change_key: engine::change_key,
    makers: &making::OWN,
    stays: |plugin| engine::with(|engine| engine.let_stay(plugin)),
};

static ADOPTED_BY: OnceLock<&'static Host> = OnceLock::new();

/// Called by the host in a plugin that it adopts.
#[cfg(plugins)]
pub(crate) fn adopt(host: &'static Host) {
    // Twice means the same host again: a plugin has one loader.
    let _ = ADOPTED_BY.set(host);
    crate::site::leave_to(host.emptied);
    making::leave_to(host.makers);
}

/// Whether this object is a plugin.
pub(crate) fn is_adopted() -> bool {
    ADOPTED_BY.get().is_some()
}

/// The runtime in charge of this object: its own, or that of its host.
pub(crate) fn in_charge() -> &'static Host {
    ADOPTED_BY.get().copied().unwrap_or(&HOST)
}
