//! The runtime: re-planning, registration, reports, plugins.

use crate::engine;

pub use crate::calibrate::Calibration;
pub use crate::config::{Config, ConfigError, Mode};
pub use crate::engine::{Retarget, RetargetError, Skipped};
pub use crate::registry::TraitObject;
pub use crate::report::{Backend, Report, SiteReport, State, TargetReport};

/// Re-plans every call site.
pub fn retarget() -> Result<Retarget, RetargetError> {
    engine::with(engine::Engine::retarget)
}

/// Registers the implementation behind `object`.
pub fn register<D: TraitObject + ?Sized>(object: &D) {
    let implementation =
        crate::registry::Implementation::new(crate::private::vtable_of(object), object.__table());
    engine::with(|engine| engine.register(implementation));
}

/// Sets how the runtime learns and plans.
pub fn configure(config: Config) -> Result<(), ConfigError> {
    engine::with(|engine| engine.configure(config))
}

/// Which backend publishes chains, or why none does.
pub fn backend() -> Backend {
    engine::with(|engine| Backend::of(engine))
}

/// What every call site does, and why.
pub fn report() -> Report {
    engine::with(|engine| Report::of(engine))
}

/// The report's rows.
pub fn sites() -> Vec<SiteReport> {
    report().sites
}
