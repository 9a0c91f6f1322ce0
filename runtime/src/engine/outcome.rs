//! What a pass did, and what can go wrong with it.

use std::fmt;

use crate::words::count;

/// What a call of `runtime::retarget()` did. `Display` says that, and what comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Retarget {
    /// Call sites looked at, plugins' included.
    pub sites: usize,
    /// Sites whose calls now go another way.
    pub changed: usize,
    /// Of these: a new chain was published.
    pub published: usize,
    /// Of these: a window was opened, to learn anew.
    pub reopened: usize,
    /// Of these: switched off, to plain calls.
    pub switched_off: usize,
    /// Sites about which there was nothing to decide, or nothing new.
    pub unchanged: usize,
    /// Sites about which nothing could be decided yet.
    pub skipped: Skipped,
    /// Sites with an open window from here on: what they meet is for the next passes.
    pub learning: usize,
    /// Sites whose first window is to come, as time pays for it.
    pub waiting: usize,
    /// Bindings looked at, copies in plugins included.
    pub bindings: usize,
    /// Of these: led to what is bound now by another way than before.
    pub bound: usize,
}

/// Sites that a pass skipped, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Skipped {
    /// No call was recorded there yet.
    pub never_called: usize,
    /// The window has seen too little.
    pub learning: usize,
    /// A thread was recording and did not finish.
    pub busy: usize,
}

impl Skipped {
    /// All of them.
    pub fn total(&self) -> usize {
        self.never_called + self.learning + self.busy
    }
}

impl fmt::Display for Retarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Retarget { skipped, .. } = self;
        write!(
            formatter,
            "{}: {} changed ({} published, {} learning anew, {} switched off), {} unchanged, \
             {} skipped ({} never called, {} still learning, {} busy)",
            count(self.sites, "site", "sites"),
            self.changed,
            self.published,
            self.reopened,
            self.switched_off,
            self.unchanged,
            skipped.total(),
            skipped.never_called,
            skipped.learning,
            skipped.busy,
        )?;
        if self.bindings > 0 {
            write!(
                formatter,
                "; {}, {} of them led another way",
                count(self.bindings, "binding", "bindings"),
                self.bound
            )?;
        }
        write!(formatter, ". Next: {}", Next(self))
    }
}

/// What is to be done after a pass.
struct Next<'a>(&'a Retarget);

impl fmt::Display for Next<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sites = |number| count(number, "site", "sites");
        let Retarget {
            learning, waiting, ..
        } = *self.0;
        match (learning, waiting) {
            (0, 0) => formatter.write_str("nothing waits; call again when something has changed"),
            (_, 0) => write!(formatter, "{} learning; call again", sites(learning)),
            (0, _) => write!(
                formatter,
                "{} waiting for the first window; call again",
                sites(waiting)
            ),
            _ => write!(
                formatter,
                "{} learning, {waiting} waiting for the first window; call again",
                sites(learning)
            ),
        }
    }
}

/// Why chains could not be published. Every call still reaches the right code:
/// what was published before stays, and nothing new will be; `runtime::backend()`
/// keeps the reason.
#[non_exhaustive]
pub enum RetargetError {
    /// The system refused a step of patching.
    Refused {
        /// The step, a system call's name.
        step: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

crate::words::debug_is_the_sentence!(RetargetError);

impl fmt::Display for RetargetError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RetargetError::Refused { step, source } => write!(
                formatter,
                "the system refused {step} ({source}), so no chain was published; calls go on as \
                 before, and `runtime::backend()` keeps the reason"
            ),
        }
    }
}

impl std::error::Error for RetargetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RetargetError::Refused { source, .. } => Some(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Retarget;

    #[test]
    fn a_pass_says_what_comes_next() {
        let says = |learning, waiting| {
            let outcome = Retarget {
                sites: 5,
                learning,
                waiting,
                ..Retarget::default()
            };
            let said = outcome.to_string();
            said.split(". Next: ").nth(1).map(str::to_owned)
        };
        let expected = [
            ((3, 0), "3 sites learning; call again"),
            ((1, 0), "1 site learning; call again"),
            ((0, 1), "1 site waiting for the first window; call again"),
            (
                (3, 2),
                "3 sites learning, 2 waiting for the first window; call again",
            ),
            (
                (0, 0),
                "nothing waits; call again when something has changed",
            ),
        ];
        for ((learning, waiting), text) in expected {
            assert_eq!(says(learning, waiting).as_deref(), Some(text));
        }
    }
}

/// Why a plan was not applied. Nothing was changed.
#[non_exhaustive]
pub enum ApplyError {
    /// The mode is `off`.
    Off,
    /// Asked for by a plugin; plans are the program's.
    Plugin,
    /// A workload is being tuned.
    Tuning,
    /// No entry names a site of this program: it is another program's, or the source has moved.
    NothingFits {
        /// The name of the program that it was measured in; empty if that is not known.
        program: String,
        /// How many entries there are.
        entries: usize,
    },
    /// The system refused a step of patching.
    Refused(RetargetError),
}

crate::words::debug_is_the_sentence!(ApplyError);

impl fmt::Display for ApplyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApplyError::Off => formatter
                .write_str("the mode is `off`, so no plan is applied; leave `STATIC_CALL=off` out"),
            ApplyError::Plugin => {
                formatter.write_str("a plugin asked for it; apply plans in the program")
            }
            ApplyError::Tuning => {
                formatter.write_str("a workload is being tuned; apply plans after that")
            }
            ApplyError::NothingFits { program, entries } => {
                write!(
                    formatter,
                    "none of {} names a call site of this program",
                    count(*entries, "entry", "entries")
                )?;
                if !program.is_empty() {
                    write!(formatter, "; they were measured in `{program}`")?;
                }
                formatter.write_str("; tune this program, as it is now")
            }
            ApplyError::Refused(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for ApplyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ApplyError::Refused(error) => Some(error),
            _ => None,
        }
    }
}
