//! What the call sites of a loop do, by the runtime's report.

use serde::{Deserialize, Serialize};
use static_call::runtime::{self, Mode, State};

use crate::copies::Copies;

/// The sites of a loop in all its copies, counted by what they do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Sites that were called.
    pub sites: usize,
    /// Plain calls.
    pub plain: usize,
    /// A chain is published, behind guards if there are any.
    pub patched: usize,
    /// Guards are on, and no chain is published.
    pub inlined: usize,
    /// A window is open.
    pub learning: usize,
    /// Misses counted so far.
    pub misses: u64,
    /// Why one of them does what it does.
    pub why: String,
}

impl Standing {
    /// Asks the runtime.
    #[must_use]
    pub fn of(copies: &Copies) -> Self {
        let mut sites = runtime::sites();
        sites.retain(|site| {
            !copies.location.is_empty()
                && site.location.starts_with(copies.location)
                && site.state != State::Idle
        });
        let count = |state| sites.iter().filter(|site| site.state == state).count();
        Standing {
            sites: sites.len(),
            plain: count(State::Plain),
            patched: count(State::Patched),
            inlined: count(State::Inlined),
            learning: count(State::Learning),
            misses: sites.iter().map(|site| site.misses).sum(),
            why: sites
                .first()
                .map(|site| site.why.clone())
                .unwrap_or_default(),
        }
    }

    /// Whether all sites are in a state that `mode` leads to in the end.
    #[must_use]
    pub fn fits(&self, copies: &Copies, mode: Mode) -> bool {
        self.sites == copies.sites
            && match mode {
                Mode::Off => self.plain == self.sites,
                Mode::Always => self.patched + self.inlined == self.sites,
                Mode::Auto => self.plain + self.patched + self.inlined == self.sites,
            }
    }

    /// In a few words.
    #[must_use]
    pub fn text(&self) -> String {
        let Standing { sites, why, .. } = self;
        if *sites == 0 {
            return String::new();
        }
        let counts = [
            (self.plain, "plain"),
            (self.patched, "patched"),
            (self.inlined, "inlined"),
            (self.learning, "learning"),
        ];
        if let Some((_, state)) = counts.iter().find(|(count, _)| count == sites) {
            return format!("{state}: {why}");
        }
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<_> = counts
            .map(|(count, state)| format!("{count} {state}"))
            .collect();
        counts.join(", ")
    }
}
