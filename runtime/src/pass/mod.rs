//! A pass, from the plan that the environment names to what `tracing` is told.

use crate::engine::{self, Retarget, RetargetError};
use crate::life::By;

#[cfg(feature = "tracing")]
mod announce;
mod given;

pub(crate) use given::{apply, forget_plan, from_environment};

/// Re-plans every call site of the process's engine.
pub(crate) fn retarget(by: By) -> Result<Retarget, RetargetError> {
    from_environment();
    engine::meet_strangers();
    let outcome = engine::with(|engine| {
        let outcome = engine.retarget(by);
        #[cfg(feature = "tracing")]
        announce::announce(engine, outcome.as_ref().ok().copied());
        outcome
    });
    #[cfg(feature = "tracing")]
    engine::flush();
    outcome
}
