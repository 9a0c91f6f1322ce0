//! What came of a run of `tune`.

use std::fmt;
use std::time::Duration;

use super::procedure::{Finding, Outcome};
use super::statistics::Interval;
use crate::engine::{Met, Switch, Untried};
use crate::measured::{self, Plan, PlanEntry, PlanKind, PlannedType, short_path};

/// What a run of [`tune`](crate::runtime::tune) has found. `Display` prints a table; with the
/// feature `serde` it serializes.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Tuned {
    /// What was tried, site by site, the most often called first.
    pub tried: Vec<Tried>,
    /// The workload's time with all that is kept over its time without, and the bounds of
    /// that, measured on fresh runs; [`None`] if nothing was kept to be confirmed.
    pub together: Option<(f64, f64, f64)>,
    /// Pairs of slots that were run.
    pub pairs: usize,
    /// How long all of it took.
    pub took: Duration,
    /// What it took to flip all that was tried.
    pub flip: Duration,
    /// How long a slot of work was.
    pub slot: Duration,
    /// About how long it would take to see one percent, where that was not seen.
    pub wanted: Option<Duration>,
    #[cfg_attr(feature = "serde", serde(skip))]
    plan: Plan,
}

/// One plan for one site: a listed type, or a chain.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Tried {
    /// Where the call stands: file, line, column, and a number where several stand there.
    pub location: String,
    /// The trait with its path.
    pub trait_name: String,
    /// The method.
    pub method: String,
    /// Calls in a second of the workload.
    pub calls_per_second: f64,
    /// What was tried; [`None`] if nothing was.
    pub kind: Option<PlanKind>,
    /// The types of the plan, each with its share of the calls; of a site where nothing was
    /// tried, those that it has met.
    pub types: Vec<(String, f32)>,
    /// The workload's time with it over its time without, and the bounds of that; [`None`] if
    /// it was not tried, or too seldom to tell.
    pub ratio: Option<(f64, f64, f64)>,
    /// Whether it is kept, or why not.
    pub verdict: Verdict,
}

/// What became of a plan that was tried, or of a site where none was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Verdict {
    /// Faster, and kept.
    Kept,
    /// Slower.
    Slower,
    /// Within half a percent.
    NoDifference,
    /// Too noisy, or too short, to say.
    Undecided,
    /// Faster, but not in every part of the time.
    Changed,
    /// Faster, but not together with the others that were.
    NotTogether,
    /// Faster, but all together was not on fresh runs.
    NotConfirmed,
    /// Not tried: its calls take less than a thousandth of the time.
    Seldom,
    /// Not tried: nothing that is listed is met, and no type is frequent enough for a chain.
    Mixed,
    /// Not tried: nothing that is listed is met, and code is not patched.
    Portable,
    /// Not tried: hotter ones were, as many as are tried at once.
    TooMany,
    /// Not tried: its code cannot be patched.
    Unpatchable,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Verdict::Kept => "kept",
            Verdict::Slower => "slower",
            Verdict::NoDifference => "no difference",
            Verdict::Undecided => "undecided: too noisy, or too short",
            Verdict::Changed => "not in every part of the time",
            Verdict::NotTogether => "not together with the others",
            Verdict::NotConfirmed => "not confirmed on fresh runs",
            Verdict::Seldom => "not tried: seldom called",
            Verdict::Mixed => "not tried: no listed type is met, and none is frequent",
            Verdict::Portable => "not tried: no listed type is met, and code is not patched",
            Verdict::TooMany => "not tried: there are hotter ones",
            Verdict::Unpatchable => "not tried: its code cannot be patched",
        })
    }
}

impl From<Finding> for Verdict {
    fn from(finding: Finding) -> Self {
        match finding {
            Finding::Keep => Verdict::Kept,
            Finding::Hurts => Verdict::Slower,
            Finding::Nothing => Verdict::NoDifference,
            Finding::Undecided => Verdict::Undecided,
            Finding::Changed => Verdict::Changed,
            Finding::Company => Verdict::NotTogether,
            Finding::Unconfirmed => Verdict::NotConfirmed,
        }
    }
}

impl From<Untried> for Verdict {
    fn from(untried: Untried) -> Self {
        match untried {
            Untried::Seldom => Verdict::Seldom,
            Untried::Mixed => Verdict::Mixed,
            Untried::Portable => Verdict::Portable,
            Untried::TooMany => Verdict::TooMany,
            Untried::Unpatchable => Verdict::Unpatchable,
        }
    }
}

/// As ratios of times, if anything is known.
fn ratios(interval: Interval) -> Option<(f64, f64, f64)> {
    let Interval { mid, low, high } = interval;
    (low.is_finite() && high.is_finite()).then(|| (mid.exp(), low.exp(), high.exp()))
}

impl Tuned {
    /// `seconds` are those in which calls were counted.
    pub(super) fn new(
        outcome: Option<&Outcome>,
        met: &[Met],
        switches: &[Switch],
        seconds: f64,
    ) -> Self {
        let (mut tried, mut entries) = (Vec::new(), Vec::new());
        for site in met {
            let (file, line, column, number) = site.location;
            let mut entry = PlanEntry {
                file: short_path(file).to_owned(),
                line,
                column,
                number,
                trait_name: site.trait_name.clone(),
                method: site.method.to_owned(),
                kind: PlanKind::Inline,
                types: Vec::new(),
                calls_per_second: site.calls as f64 / seconds.max(1e-9),
                ratio: 1.0,
                interval: (1.0, 1.0),
                measured: measured::now(),
            };
            let row = |kind, types, ratio, verdict| Tried {
                location: entry.location(),
                trait_name: site.trait_name.clone(),
                method: site.method.to_owned(),
                calls_per_second: entry.calls_per_second,
                kind,
                types,
                ratio,
                verdict,
            };
            let mut rows = Vec::new();
            let mut kept = Vec::new();
            if let (None, Some(outcome)) = (site.untried, outcome) {
                let of = switches.iter().enumerate();
                for (index, switch) in of.filter(|(_, one)| one.place == site.place) {
                    let kind = if switch.chain.is_empty() {
                        PlanKind::Inline
                    } else {
                        PlanKind::Chain
                    };
                    let interval = outcome.switches[index];
                    let verdict = Verdict::from(outcome.findings[index]);
                    if verdict == Verdict::Kept {
                        kept.push((kind, interval, &switch.types));
                    }
                    rows.push(row(
                        Some(kind),
                        switch.types.clone(),
                        ratios(interval),
                        verdict,
                    ));
                }
            } else {
                let why = site.untried.map_or(Verdict::Undecided, Verdict::from);
                rows.push(row(None, site.types.clone(), None, why));
            }
            tried.extend(rows);
            let Some(&(kind, ..)) = kept.first() else {
                continue;
            };
            entry.kind = kind;
            for (_, interval, types) in kept {
                entry.ratio *= interval.mid.exp();
                entry.interval.0 *= interval.low.exp();
                entry.interval.1 *= interval.high.exp();
                let types = types.iter().cloned();
                let types = types.map(|(name, share)| PlannedType { name, share });
                entry.types.extend(types);
            }
            entry.types.sort_by(|a, b| b.share.total_cmp(&a.share));
            entries.push(entry);
        }
        let program = std::env::current_exe().ok();
        let program = program.as_deref().and_then(|path| path.file_stem());
        Tuned {
            tried,
            together: outcome.and_then(|outcome| ratios(outcome.total)),
            pairs: outcome.map_or(0, |outcome| outcome.pairs),
            took: Duration::ZERO,
            flip: Duration::ZERO,
            slot: Duration::ZERO,
            wanted: outcome
                .and_then(|outcome| outcome.wanted)
                .map(|wanted| Duration::from_secs_f64(wanted.clamp(0.0, 1e9))),
            plan: Plan {
                program: program.map_or_else(String::new, |stem| stem.to_string_lossy().into()),
                entries,
                source: None,
            },
        }
    }

    /// What is kept, as data.
    pub fn plan(&self) -> Plan {
        self.plan.clone()
    }

    /// Whether anything is kept.
    pub fn keeps_anything(&self) -> bool {
        !self.plan.entries.is_empty()
    }
}

#[cfg(feature = "plan")]
impl Tuned {
    /// Writes what is kept to a plan file, whole or not at all; see [`Plan::save`].
    ///
    /// # Errors
    /// The file could not be written; what was there still is.
    pub fn save(&self, path: impl AsRef<std::path::Path>) -> Result<(), measured::PlanError> {
        self.plan().save(path)
    }
}

impl fmt::Display for Tuned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<_> = self.tried.iter().map(cells).collect();
        writeln!(formatter, "{}", crate::report::aligned(&HEADINGS, &rows, 4))?;
        if self.tried.is_empty() {
            writeln!(formatter, "no call site was called")?;
        }
        match self.together {
            Some((mid, low, high)) if self.keeps_anything() => writeln!(
                formatter,
                "together {mid:.3} of the time ({low:.3} to {high:.3})"
            )?,
            Some((mid, low, high)) => writeln!(
                formatter,
                "nothing kept: together {mid:.3} of the time ({low:.3} to {high:.3})"
            )?,
            None => writeln!(formatter, "nothing kept: call sites stay plain")?,
        }
        write!(
            formatter,
            "took {:.1} s: {} pairs of slots of {:.2} ms; flipping all takes {:.0} µs",
            self.took.as_secs_f64(),
            self.pairs,
            self.slot.as_secs_f64() * 1e3,
            self.flip.as_secs_f64() * 1e6,
        )?;
        if let Some(wanted) = self.wanted {
            let wanted = wanted.as_secs_f64();
            write!(formatter, "; to see 1 % would take some {wanted:.0} s")?;
        }
        Ok(())
    }
}

const HEADINGS: [&str; 6] = [
    "call site",
    "method",
    "plan",
    "verdict",
    "calls/s",
    "of the time",
];

fn cells(tried: &Tried) -> [String; 6] {
    let types = tried.types.iter().take(4);
    let types: Vec<_> = types
        .map(|(name, share)| format!("{} {:.0} %", crate::advice::short(name), share * 100.0))
        .collect();
    let types = types.join(", ");
    let trait_name = tried.trait_name.rsplit("::").next().unwrap_or_default();
    [
        tried.location.clone(),
        format!("{trait_name}::{}", tried.method),
        match tried.kind {
            Some(kind) => format!("{kind} {types}"),
            None if types.is_empty() => String::new(),
            None => format!("({types})"),
        },
        tried.verdict.to_string(),
        format!("{:.0}", tried.calls_per_second),
        tried.ratio.map_or_else(String::new, |(mid, low, high)| {
            format!("{mid:.3} ({low:.3} to {high:.3})")
        }),
    ]
}
