//! What every region does.

use super::State;
use crate::advice::Suggestion;
use crate::advice::rules;
use crate::specialize::RegionRecord;

/// One `specialize!`.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RegionReport {
    /// Where it stands: file, line, column.
    pub location: String,
    /// `Inlined` where a listed type was met, `Plain` where only others were, `Idle` where
    /// nothing was.
    pub state: State,
    /// Why, and what to write to gain more.
    pub why: String,
    /// The listed types as they are written, each with how many of its vtables were met. How
    /// often is not known: nothing is counted where a region is entered.
    pub types: Vec<(String, usize)>,
    /// How many other vtables were met, as far as they are told apart.
    pub others: usize,
    /// Whether there are more of them: then all that is not known is taken for other types.
    pub more_others: bool,
}

impl RegionReport {
    pub(super) fn of(record: &RegionRecord) -> Self {
        let met = record.met();
        let listed = met.listed.iter().any(|vtables| *vtables > 0);
        let others = met.unlisted > 0 || met.too_many;
        let (state, why) = if !crate::specialize::REMEMBERS {
            (
                State::Inlined,
                "asks each object: nothing is remembered on this system",
            )
        } else if listed && met.too_many {
            (
                State::Inlined,
                "one test for the whole region; many other types come here, too",
            )
        } else if listed {
            (State::Inlined, "one test for the whole region")
        } else if others {
            (
                State::Plain,
                "no listed type comes here: list those that do, or leave it out",
            )
        } else {
            (State::Idle, "never entered")
        };
        RegionReport {
            location: format!("{}:{}:{}", record.file, record.line, record.column),
            state,
            why: why.to_owned(),
            types: record
                .types
                .iter()
                .map(ToString::to_string)
                .zip(met.listed)
                .collect(),
            others: met.unlisted,
            more_others: met.too_many,
        }
    }

    pub(super) fn suggestion(&self) -> Option<Suggestion> {
        if !crate::specialize::REMEMBERS {
            return None;
        }
        let found = rules::region(&self.types, self.others > 0 || self.more_others)?;
        Some(found.at(&self.location, "specialize!".to_owned(), None))
    }
}
