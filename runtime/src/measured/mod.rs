//! Plans as data: which sites are to compare with which types, and what that brought.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

#[cfg(feature = "plan")]
mod file;

#[cfg(feature = "plan")]
pub use file::PlanError;

/// What the call sites of a program are to do: made by [`tune`](crate::runtime::tune), kept in
/// a file with the feature `plan`, applied by [`apply`](Plan::apply).
///
/// Where a plan is applied it decides: what it names goes by it as soon as a named type is met,
/// without windows and without calibration, and all other sites stay plain.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a plan does nothing until it is applied or saved"]
pub struct Plan {
    /// The name of the program that it was measured in.
    pub(crate) program: String,
    pub(crate) entries: Vec<PlanEntry>,
    /// The file it was read from.
    pub(crate) source: Option<String>,
}

/// What one call site is to do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PlanEntry {
    /// The source file, as the compiler was given it; what Cargo has unpacked, from the
    /// crate's name and version on.
    pub file: String,
    /// The line of the call.
    pub line: u32,
    /// The column.
    pub column: u32,
    /// Which one it is, where several stand there, as in what `macro_rules!` writes.
    pub number: Option<u32>,
    /// The trait with its path, which begins with its crate.
    pub trait_name: String,
    /// The method.
    pub method: String,
    /// What it does with these types.
    pub kind: PlanKind,
    /// The types, the most frequent first.
    pub types: Vec<PlannedType>,
    /// Calls there in a second of the workload.
    pub calls_per_second: f64,
    /// The program's time with this site's plan, over its time without.
    pub ratio: f64,
    /// Between these bounds, which are right in 99 of 100 runs of `tune`.
    pub interval: (f64, f64),
    /// When that was measured, in seconds of Unix time.
    pub measured: u64,
}

/// What a site does with the types of its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum PlanKind {
    /// Guards of listed types, with their bodies inlined.
    Inline,
    /// A chain of compares and direct jumps.
    Chain,
}

impl fmt::Display for PlanKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            PlanKind::Inline => "inline",
            PlanKind::Chain => "chain",
        })
    }
}

/// A type of a plan.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PlannedType {
    /// Its name, as `std::any::type_name` has it.
    pub name: String,
    /// Its share of the site's calls, 0 to 1.
    pub share: f32,
}

impl PlanEntry {
    /// File, line and column, and a number where several sites stand there.
    pub fn location(&self) -> String {
        let number = self
            .number
            .map_or_else(String::new, |number| format!(" #{number}"));
        format!("{}:{}:{}{number}", self.file, self.line, self.column)
    }

    /// What two entries for one site have in common.
    fn site(&self) -> (&str, u32, u32, Option<u32>, &str) {
        let file = short_path(&self.file);
        (file, self.line, self.column, self.number, &self.method)
    }
}

/// From a crate's name and version on, for what Cargo has unpacked: where that lies differs
/// from machine to machine.
pub(crate) fn short_path(file: &str) -> &str {
    let Some((_, unpacked)) = file.split_once("/registry/src/") else {
        return file;
    };
    unpacked.split_once('/').map_or(file, |(_, rest)| rest)
}

/// Seconds of Unix time.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

impl Plan {
    /// The entries, one for each site.
    pub fn entries(&self) -> &[PlanEntry] {
        &self.entries
    }

    /// The name of the program that it was measured in; empty if that is not known.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Takes over the other plan's entries: those for other sites, and those for the same
    /// sites that were measured later.
    pub fn merge(mut self, other: Plan) -> Plan {
        for entry in other.entries {
            let same = self
                .entries
                .iter_mut()
                .find(|one| one.site() == entry.site());
            match same {
                Some(same) if same.measured < entry.measured => *same = entry,
                Some(_) => {}
                None => self.entries.push(entry),
            }
        }
        self.entries.sort_by(|a, b| a.site().cmp(&b.site()));
        if self.program != other.program {
            self.program.clear();
        }
        self.source = None;
        self
    }
}
