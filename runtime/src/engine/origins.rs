//! Where objects lie that somebody hands to the runtime: which plugin has to stay, and which
//! library of somebody else's.

use super::lock::{Standing, is_changing, standing, with};
use super::trust;
use crate::bound::Origins;
use crate::os::objects;
use crate::registry::Implementation;

/// The plugins that lie at `addresses`. If `keep_others` is set, what else lies there is kept
/// loaded for good. [`None`] in signal handlers, and inside of the runtime.
///
/// # Cost
/// A turn of the lock; for what is not known to stay, a walk over the loaded objects, and
/// the first time another one, and a look-up by the loader.
pub(crate) fn origins(addresses: &[usize], keep_others: bool) -> Option<Origins> {
    if standing() != Standing::Outside || crate::os::in_signal_handler() {
        return None;
    }
    if keep_others && !is_changing() {
        keep(addresses);
    }
    #[cfg(plugins)]
    return Some(with(|engine| {
        let mut origins = Origins::default();
        for &address in addresses {
            let plugin = engine.trust.plugin_at(address);
            if let Some((id, plugin)) = plugin.and_then(|id| Some((id, engine.plugins.get(id)?))) {
                origins.add(id, plugin);
            }
        }
        origins
    }));
    #[cfg(not(plugins))]
    Some(Origins::default())
}

/// Keeps what lies at `addresses` loaded, as far as it is of an object, no plugin's, and may
/// go. Returns whether all of it is of an object that stays, or a plugin's.
fn keep(addresses: &[usize]) -> bool {
    // Under the lock, which a thread that forks has: in the child, whoever walks over the
    // loader's list would have it for good.
    let strangers: Vec<_> = with(|engine| {
        let unknown = addresses.iter().filter(|one| !engine.trust.knows(**one));
        unknown.map(|one| objects::object_of(*one)).collect()
    });
    // Between two turns of the lock: see `trust`.
    let kept: Vec<_> = strangers.into_iter().map(trust::keep).collect();
    let all = kept.iter().all(Option::is_some);
    if kept.iter().any(Option::is_some) {
        with(|engine| {
            let kept = kept.into_iter().flatten();
            kept.for_each(|range| engine.trust.trust(range));
        });
    }
    all
}

/// Adds an implementation that the program registers, unless it is of what cannot be kept.
pub(crate) fn register(implementation: Implementation) {
    let table = core::ptr::from_ref(implementation.table());
    if keep(&[implementation.vtable(), table.addr()]) {
        with(|engine| engine.register(implementation));
    }
}
