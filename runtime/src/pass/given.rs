//! Plans that are given: by the environment, or by the program.

use std::sync::atomic::{AtomicBool, Ordering};

use super::retarget;
use crate::engine::{self, ApplyError, Engine, FollowedPlan, Retarget, RetargetError};
use crate::life::By;
use crate::measured::Plan;

/// Has the plan decide that `STATIC_CALL_PLAN` names, the first time that anybody asks. What
/// is wrong with it is in the report.
pub(crate) fn from_environment() {
    static ASKED: AtomicBool = AtomicBool::new(false);
    if ASKED.swap(true, Ordering::Relaxed) {
        return;
    }
    let Some(path) = std::env::var_os("STATIC_CALL_PLAN").filter(|path| !path.is_empty()) else {
        return;
    };
    // Read before the engine's lock is taken.
    let plan = in_file(std::path::Path::new(&path));
    engine::with(|engine| {
        let followed = plan.and_then(|plan| {
            let source = plan.source.clone();
            let followed = engine.follow_if_it_fits(plan, source);
            followed.map_err(|error| error.to_string())
        });
        #[cfg(feature = "tracing")]
        if let Err(why) = &followed {
            engine.tell(crate::events::Event::Environment {
                variable: "STATIC_CALL_PLAN",
                why: why.clone(),
            });
        }
        engine.plan_error = followed.err();
    });
}

#[cfg(feature = "plan")]
fn in_file(path: &std::path::Path) -> Result<Plan, String> {
    Plan::load(path).map_err(|error| error.to_string())
}

#[cfg(not(feature = "plan"))]
fn in_file(_: &std::path::Path) -> Result<Plan, String> {
    Err("this program is built without the feature `plan` of `static-call`".to_owned())
}

/// Lets a plan decide, at once, if any of it is of this program.
pub(crate) fn apply(plan: Plan, source: Option<String>) -> Result<FollowedPlan, ApplyError> {
    from_environment();
    engine::with(|engine| engine.follow_if_it_fits(plan, source))?;
    retarget(By::Program).map_err(ApplyError::Refused)?;
    Ok(engine::with(|engine| engine.followed()).unwrap_or_default())
}

/// Lets windows decide again.
pub(crate) fn forget_plan() -> Result<Retarget, RetargetError> {
    engine::with(Engine::unfollow);
    retarget(By::Program)
}
