//! A plan is applied, by the program.

use crate::engine::{ApplyError, FollowedPlan};
use crate::measured::Plan;

impl Plan {
    /// Lets this plan decide from now on: the sites that it names go by it as soon as a named
    /// type is met, all others stay plain. Misses are paid from the purse that holds 2 % of
    /// the program's time, as ever; what empties it is left for a while.
    ///
    /// Types of plugins may come later. What fits no site, and what was not met yet, is in the
    /// [report](crate::runtime::report) too.
    ///
    /// # Errors
    /// Code is switched off, or none of the entries fits a site of this program: then nothing
    /// was changed.
    pub fn apply(self) -> Result<FollowedPlan, ApplyError> {
        if crate::host::is_adopted() {
            return Err(ApplyError::Plugin);
        }
        let source = self.source.clone();
        crate::pass::apply(self, source)
    }
}
