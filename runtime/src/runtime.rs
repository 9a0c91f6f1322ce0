//! The runtime: re-planning, registration, reports, plugins.

#[cfg(not(target_os = "linux"))]
use alone::in_charge;

#[cfg(target_os = "linux")]
use crate::plugin::host::in_charge;
use crate::registry::Implementation;

pub use crate::calibrate::Calibration;
pub use crate::config::{Config, ConfigError, Mode};
pub use crate::engine::{Retarget, RetargetError, Skipped};
#[cfg(target_os = "linux")]
pub use crate::plugin::{Plugin, PluginBox, PluginError};
pub use crate::registry::TraitObject;
pub use crate::report::{Backend, Report, SiteReport, State, TargetReport};

/// Re-plans every call site.
pub fn retarget() -> Result<Retarget, RetargetError> {
    (in_charge().retarget)()
}

/// Registers the implementation behind `object`.
pub fn register<D: TraitObject + ?Sized>(object: &D) {
    let implementation = Implementation::new(crate::private::vtable_of(object), object.__table());
    (in_charge().register)(implementation);
}

/// Sets how the runtime learns and plans.
pub fn configure(config: Config) -> Result<(), ConfigError> {
    (in_charge().configure)(config)
}

/// Which backend publishes chains, or why none does.
pub fn backend() -> Backend {
    (in_charge().backend)()
}

/// What every call site does, and why.
pub fn report() -> Report {
    (in_charge().report)()
}

/// The report's rows.
pub fn sites() -> Vec<SiteReport> {
    report().sites
}
