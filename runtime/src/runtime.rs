//! The runtime: re-planning, registration, plugins, and the report.
//!
//! Nothing here is on the path of a call. Calls record what they meet for a while
//! and then go on plainly; [`retarget`] looks at the records, decides, and
//! publishes. Call it when something changed (a plugin was loaded, a phase of the
//! program began), or let [`retarget_every`] do so.
//!
//! None of these functions may be called from a signal handler: they take a lock.
//! All may be called from anywhere else: from inside a method that is being
//! retargeted, from `Drop`, from several threads, before `main`.

use std::time::Duration;

use crate::host::in_charge;
use crate::registry::Implementation;

pub use crate::advice::{Advice, AdviceKind, Suggestion};
pub use crate::config::{Config, ConfigError, Mode};
pub use crate::costs::Calibration;
pub use crate::engine::{ApplyError, FollowedPlan, Retarget, RetargetError, Skipped};
#[cfg(feature = "plan")]
pub use crate::measured::PlanError;
pub use crate::measured::{Plan, PlanEntry, PlanKind, PlannedType};
// Not `cfg(plugins)`: rustc names the condition to whoever misses it.
#[cfg(feature = "plugins")]
#[cfg(target_os = "linux")]
pub use crate::library::PluginBox;
#[cfg(feature = "plugins")]
#[cfg(target_os = "linux")]
pub use crate::plugin::{Plugin, PluginError, UnloadError, UnloadReason};
pub use crate::registry::TraitObject;
pub use crate::report::{
    Backend, BindingReport, RegionReport, Report, SiteReport, State, StaticKeyReport, TargetReport,
};
pub use crate::tune::{Clock, Tried, Tune, TuneError, Tuned, Verdict, tune, tune_while};
pub use crate::worker::Worker;

/// Re-plans every call site of the program and its plugins, and publishes what
/// changed in one batch.
///
/// The first call sets the runtime up, and in [`Mode::Auto`] measures once, for
/// a few milliseconds, whether chains pay on this processor.
///
/// # Cost
/// A few nanoseconds for each site if nothing changed. Otherwise some tens of
/// microseconds for the batch, however many sites are in it; see `benches/README.md` for
/// measured figures. Calls go on meanwhile.
///
/// # Errors
/// The system refused a step of patching. Calls stay right; see [`RetargetError`].
///
/// ```
/// println!("{}", static_call::runtime::retarget()?);
/// # Ok::<(), static_call::runtime::RetargetError>(())
/// ```
pub fn retarget() -> Result<Retarget, RetargetError> {
    (in_charge().retarget)()
}

/// Calls [`retarget`] at an interval, on a thread of its own, until the returned
/// [`Worker`] is dropped. A tenth of a second suits most programs.
///
/// # Errors
/// The system refused the thread.
pub fn retarget_every(interval: Duration) -> std::io::Result<Worker> {
    crate::worker::spawn(interval)
}

/// Registers the implementation behind `object`, as `#[static_dispatch]` on its
/// impl would, and wakes the call sites that left its trait alone.
///
/// Where all registered implementations of a trait fit into a chain, its call
/// sites are patched after their first call, without a full learning window.
pub fn register<D: TraitObject + ?Sized>(object: &D) {
    // SAFETY: the table is the one that this vtable leads to.
    let implementation =
        unsafe { Implementation::new(crate::vtable::vtable_of(object), object.__table()) };
    (in_charge().register)(implementation);
}

/// Lets windows decide again, after a [`Plan`] has. What was on by the plan goes off with this.
///
/// # Errors
/// As [`retarget`].
pub fn forget_plan() -> Result<Retarget, RetargetError> {
    crate::pass::forget_plan()
}

/// Sets how the runtime learns and plans. `STATIC_CALL=auto|always|off` in the
/// environment decides over [`Config::mode`].
///
/// # Errors
/// A number outside of its range; then nothing was changed.
pub fn configure(config: Config) -> Result<(), ConfigError> {
    (in_charge().configure)(config)
}

/// What publishes chains, or why nothing does.
pub fn backend() -> Backend {
    (in_charge().backend)()
}

/// What every call site does, and why. `Display` prints an aligned table; with the
/// feature `serde` it serializes.
pub fn report() -> Report {
    (in_charge().report)()
}

/// What to write in the source to gain more, from what call sites and regions have met so
/// far. Each suggestion names a place, and `Display` prints them as sentences; they are in the
/// [`report`], too.
///
/// Nothing is advised before windows have seen enough: ask when the program has run for some
/// seconds, with a worker.
///
/// ```
/// for suggestion in &static_call::runtime::advise() {
///     println!("{}:{}: {}", suggestion.file(), suggestion.line(), suggestion.message());
/// }
/// ```
pub fn advise() -> Advice {
    report().advice
}

/// The rows of the [`report`].
pub fn sites() -> Vec<SiteReport> {
    report().sites
}
