//! The report: what every call site does, and why.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::Ordering;

use crate::advice::rules::{self, Costs, Facts, Met};
use crate::advice::{Advice, AdviceKind, Suggestion};
use crate::config::Mode;
use crate::costs::Calibration;
use crate::engine::{
    Details, Engine, FollowedPlan, LoadedObject, Patching, Resting, STOPPED, Status, WORKERS,
    numbers,
};
use crate::plan::auto::{Plain, chains_pay};
use crate::plan::{Figures, Rest};
use crate::site::{Phase, Site, TRAMPOLINES};
use crate::specialize::STATIC_CALL_REGIONS_0_1_0;
use crate::words::count;

mod binding;
mod next;
mod region;
mod static_key;
mod table;

pub use binding::BindingReport;
pub use region::RegionReport;
pub use static_key::StaticKeyReport;

/// An aligned table; columns from `numbers` on are set to the right.
pub(crate) fn aligned<const N: usize>(
    headings: &[&str; N],
    rows: &[[String; N]],
    numbers: usize,
) -> String {
    table::aligned(headings, rows, numbers)
}

/// What publishes chains.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Backend {
    /// Trampolines are patched, by page replacement.
    Patching,
    /// Every call is the plain call, or stays as it was last published.
    Portable {
        /// Why, in one sentence without a full stop.
        reason: String,
    },
}

impl Backend {
    pub(crate) fn of(engine: &Engine) -> Self {
        match &engine.patching {
            Patching::Works(_) => Backend::Patching,
            Patching::Failed { reason, .. } | Patching::Unavailable { reason } => {
                Backend::Portable {
                    reason: reason.clone(),
                }
            }
        }
    }
}

impl Backend {
    /// One word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Backend::Patching => "patching",
            Backend::Portable { .. } => "portable",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Backend::Patching => formatter.write_str("patching"),
            Backend::Portable { reason } => write!(formatter, "portable ({reason})"),
        }
    }
}

/// A snapshot of all call sites. `Display` prints an aligned table.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Report {
    /// The mode in force.
    pub mode: Mode,
    /// What is wrong with `STATIC_CALL` in the environment, if anything.
    pub environment_error: Option<String>,
    /// The plan that decides, if one was given, and what became of it.
    pub plan: Option<FollowedPlan>,
    /// What is wrong with `STATIC_CALL_PLAN` in the environment, if anything.
    pub plan_error: Option<String>,
    /// Why chains have no names in the file that `STATIC_CALL_PERF` asks for, if so.
    pub naming_error: Option<String>,
    /// What publishes chains.
    pub backend: Backend,
    /// What chains cost here, if it was measured: multiples of the plain call's time.
    pub calibration: Option<Calibration>,
    /// Passes of `retarget()` so far.
    pub passes: u64,
    /// Chains outside of trampolines.
    pub chains: usize,
    /// Their size in bytes.
    pub chain_bytes: usize,
    /// One row for each call site, plugins' included.
    pub sites: Vec<SiteReport>,
    /// One row for each binding, copies in plugins included.
    pub bindings: Vec<BindingReport>,
    /// One row for each `specialize!` of the program; those of plugins are not there.
    pub regions: Vec<RegionReport>,
    /// One row for each static key, copies in plugins included.
    pub static_keys: Vec<StaticKeyReport>,
    /// What to write to gain more.
    pub advice: Advice,
    /// Threads that re-plan: of [`runtime::retarget_every`](crate::runtime::retarget_every).
    pub workers: u32,
    /// What to do now, in one sentence.
    pub next: String,
}

/// One call site.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SiteReport {
    /// Where it stands: file, line, column; and a number where several stand there, as in
    /// what `macro_rules!` writes.
    pub location: String,
    /// The trait, once a call has told.
    pub trait_name: Option<String>,
    /// The method.
    pub method: String,
    /// Which plugin it lies in, if in one.
    pub plugin: Option<u64>,
    /// What it does.
    pub state: State,
    /// Why.
    pub why: String,
    /// What publishes its chains: `patching` or `portable`.
    pub backend: &'static str,
    /// What its guards compare with, what its chain compares with, most frequent
    /// first, and then what else the last window saw.
    pub targets: Vec<TargetReport>,
    /// Trampolines that lead to it; more than one in generic and inlined code.
    pub trampolines: usize,
    /// Learning windows planned from.
    pub windows: u32,
    /// Misses of published chains; counted up to the budget that reopens a window.
    pub misses: u64,
    /// Times that its chain was exchanged or taken away.
    pub retargets: u32,
}

/// What a site does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum State {
    /// Nothing was recorded yet.
    Idle,
    /// Records what it meets.
    Learning,
    /// Compares, and runs an inlined body; makes the plain call otherwise.
    Inlined,
    /// Compares and jumps, behind guards if there are any.
    Patched,
    /// Makes the plain call.
    Plain,
}

impl State {
    /// One word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Idle => "idle",
            State::Learning => "learning",
            State::Inlined => "inlined",
            State::Patched => "patched",
            State::Plain => "plain",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A type that a site has met or compares with.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TargetReport {
    /// The type's name.
    pub type_name: String,
    /// Its share of the last window's calls, 0 to 1, if it was seen there.
    pub share: Option<f32>,
    /// Whether the published chain compares with it.
    pub in_chain: bool,
    /// Whether a guard compares with it, and its body runs inlined.
    pub inlined: bool,
}

impl Report {
    pub(crate) fn of(engine: &Engine) -> Self {
        let (chains, chain_bytes) = match &engine.patching {
            Patching::Works(publisher) | Patching::Failed { publisher, .. } => publisher.chains(),
            Patching::Unavailable { .. } => (0, 0),
        };
        let backend = Backend::of(engine);
        let name = backend.name();
        let objects = engine.objects.iter();
        let mode = engine.mode();
        let order = in_order(engine.bindings.iter().map(|one| {
            let record = one.record;
            let place = (record.file, record.line, record.column);
            (one.plugin, place, record.name)
        }));
        let bindings = order.into_iter().map(|index| &engine.bindings[index]);
        let bindings: Vec<_> = bindings
            .map(|binding| {
                let mut objects = engine.objects.iter();
                let object = objects.find(|object| object.plugin == binding.plugin);
                let is_alike = object.is_none_or(|object| object.patches == TRAMPOLINES);
                let another_build = (!is_alike).then_some(ANOTHER_BUILD);
                BindingReport::of(binding, &backend, mode, another_build)
            })
            .collect();
        let keys = engine.known_keys();
        let order = in_order(keys.iter().map(|one| {
            let record = one.record;
            let place = (record.file, record.line, record.column);
            (one.plugin, place, record.name)
        }));
        let static_keys = order.into_iter().map(|index| &keys[index]);
        let static_keys = static_keys.map(StaticKeyReport::of).collect();
        let mut suggestions = Vec::new();
        let sites = objects.flat_map(|object| rows(object, name, engine, &mut suggestions));
        let sites: Vec<_> = sites.collect();
        keep_what_another_copy_is_called_by(&engine.objects, &mut suggestions);
        let regions = &STATIC_CALL_REGIONS_0_1_0;
        let order = in_order(
            regions
                .iter()
                .map(|one| (None, (one.file, one.line, one.column), "")),
        );
        let regions = order.into_iter().map(|index| &regions[index]);
        let regions: Vec<_> = regions.map(RegionReport::of).collect();
        suggestions.extend(regions.iter().filter_map(RegionReport::suggestion));
        let advice = Advice::new(suggestions);
        let workers = WORKERS.load(Ordering::SeqCst);
        // What some passes have not seen called waits for nothing.
        let passes = engine.passes;
        let learns = |one: &&SiteReport| {
            one.state == State::Learning || one.why == NEVER_CALLED && passes < next::FEW
        };
        let waiting = bindings.iter().filter(|one| one.waits());
        let next = next::Scene {
            mode,
            passes: engine.passes,
            workers,
            stopped: STOPPED.load(Ordering::SeqCst),
            sites: &sites,
            open: sites.iter().filter(learns).count(),
            bindings: engine.bindings.len(),
            waiting: waiting.count(),
            advice: advice.len(),
        };
        let next = next.sentence();
        Report {
            advice,
            workers,
            next,
            mode,
            environment_error: engine.environment_error().map(ToString::to_string),
            plan: engine.followed(),
            plan_error: engine.plan_error.clone(),
            naming_error: engine.patching.naming_error(),
            backend,
            calibration: engine.calibration(),
            passes: engine.passes,
            chains,
            chain_bytes,
            sites,
            bindings,
            regions,
            static_keys,
        }
    }
}

/// A plugin's behind the program's; the file, the line, the column; and, of what one macro
/// declares in one place, the name.
type Place = (Option<u64>, (&'static str, u32, u32), &'static str);

/// Which comes first, and so on, in the order of the source. For all rows by one function:
/// each sort that the compiler writes is ten kilobytes.
fn in_order(places: impl Iterator<Item = Place>) -> Vec<usize> {
    fn sort(mut places: Vec<(Place, usize)>) -> Vec<usize> {
        places.sort_unstable();
        places.into_iter().map(|(_, index)| index).collect()
    }
    sort(places.zip(0..).collect())
}

/// Rows in the order of the source. What one line and column of it has several of, as where
/// `macro_rules!` writes them, is numbered.
fn rows(
    object: &LoadedObject,
    backend: &'static str,
    engine: &Engine,
    suggestions: &mut Vec<Suggestion>,
) -> Vec<SiteReport> {
    let place = |site: &Site| (None, (site.file(), site.line(), site.column()), "");
    let order = in_order(object.sites.iter().map(place));
    let numbers = numbers(object.sites);
    let row = |index: usize| {
        let (site, details) = (&object.sites[index], object.details[index].as_deref());
        let mut row = SiteReport::of(site, details, object.plugin, backend);
        if let Some(number) = numbers[index] {
            row.location = format!("{} #{number}", row.location);
        }
        if object.patches != TRAMPOLINES {
            row.state = State::Plain;
            ANOTHER_BUILD.clone_into(&mut row.why);
            return row;
        }
        if let Some(facts) = details.and_then(|details| facts(site, details, object.plugin, engine))
        {
            let found = rules::site(&facts).into_iter();
            let of_row =
                |found: rules::Found| found.at(&row.location, row.full_method(), object.plugin);
            suggestions.extend(found.map(of_row));
        }
        row
    };
    order.into_iter().map(row).collect()
}

/// The same line of the source may be there again, in a plugin or by a macro: who removes
/// one copy removes all.
fn keep_what_another_copy_is_called_by(
    objects: &[LoadedObject],
    suggestions: &mut Vec<Suggestion>,
) {
    if !suggestions.iter().any(|one| one.kind == AdviceKind::Remove) {
        return;
    }
    let sites = objects.iter().flat_map(|object| object.sites);
    let called = sites.filter(|site| site.route().is_some());
    let called: HashSet<_> = called
        .map(|site| (site.file(), site.line(), site.column()))
        .collect();
    suggestions.retain(|one| {
        one.kind != AdviceKind::Remove || !called.contains(&(one.file(), one.line(), one.column()))
    });
}

/// What advice rests on; nothing for what does not run, or does not run as the runtime wants.
fn facts<'a>(
    site: &Site,
    details: &'a Details,
    plugin: Option<u64>,
    engine: &Engine,
) -> Option<Facts<'a>> {
    if let Status::Resting(
        Resting::Absent | Resting::Off | Resting::Portable | Resting::Unpatchable(_),
    ) = details.status
    {
        return None;
    }
    let met = details.last_seen.iter().filter_map(|one| {
        let of_object = engine.plugin_at(one.target.vtable) == plugin;
        Some(Met {
            name: one.type_name,
            share: one.share?,
            own: of_object && !one.type_name.contains('{'),
            guarded: one.guard.is_some(),
            chained: one.in_chain,
        })
    });
    let mut met: Vec<_> = met.collect();
    let known = details.known_types().filter_map(|(vtable, name)| {
        (engine.plugin_at(vtable) == plugin && !name.contains('{')).then_some(name)
    });
    let known = known.collect();
    met.sort_by(|one, other| other.share.total_cmp(&one.share));
    let calibration = engine.calibration();
    let chains = match engine.mode() {
        Mode::Always => true,
        Mode::Auto => calibration.is_some_and(|costs| chains_pay(&costs, 1)),
        Mode::Off => false,
    };
    let methods = details.route.map(|route| route.declaration.methods());
    let method = details.route.map_or(0, |route| route.method);
    let targets = methods.and_then(|methods| Some(methods.get(method)?.targets()));
    // Where windows stay open until they are full, one is as long as the runtime runs.
    let opened = match engine.mode() {
        Mode::Always if details.opened > 0 && engine.passes > 1 => u32::MAX,
        _ => details.opened,
    };
    Some(Facts {
        met,
        known,
        weight: details.weight,
        listed: details
            .listed()
            .map_or_else(Vec::new, |list| list.names().collect()),
        opened,
        called: site.route().is_some(),
        pairs: details.receivers.pairs,
        again: details.receivers.again,
        every: details.every,
        // Where everything is switched on, nobody asks what it costs.
        costs: calibration
            .filter(|_| engine.mode() == Mode::Auto)
            .map(|costs| Costs {
                plain: costs.plain,
                guard: costs.guard,
                behind: costs.behind,
            }),
        targets: targets.filter(|_| chains && TRAMPOLINES),
    })
}

impl SiteReport {
    /// `Trait::method`, as far as that is known.
    pub(crate) fn full_method(&self) -> String {
        match &self.trait_name {
            Some(name) => format!("{name}::{}", self.method),
            None => self.method.clone(),
        }
    }

    /// Its types in one line.
    #[cfg(feature = "tracing")]
    pub(crate) fn types(&self) -> String {
        table::targets(self)
    }

    pub(crate) fn of(
        site: &Site,
        details: Option<&Details>,
        plugin: Option<u64>,
        backend: &'static str,
    ) -> Self {
        let route = details
            .and_then(|details| details.route)
            .or_else(|| site.route());
        let (state, why) = describe(site, details);
        let unpatchable = details.is_some_and(|details| {
            matches!(
                details.status,
                Status::Resting(Resting::Portable | Resting::Unpatchable(_))
            )
        });
        let watched = details.map_or(0, |details| match details.status {
            Status::Published(_) => u64::from(details.counted_misses(site)),
            _ => 0,
        });
        SiteReport {
            location: format!("{}:{}:{}", site.file(), site.line(), site.column()),
            trait_name: route.map(|route| route.declaration.name().to_owned()),
            method: site.method().to_owned(),
            plugin,
            state,
            why,
            backend: if unpatchable { "portable" } else { backend },
            targets: details.map_or_else(Vec::new, |details| {
                let targets = details.last_seen.iter();
                targets
                    .map(|target| TargetReport {
                        type_name: target.type_name.to_owned(),
                        share: target.share,
                        in_chain: target.in_chain,
                        inlined: target.guard.is_some(),
                    })
                    .collect()
            }),
            trampolines: details.map_or(0, |details| details.trampolines.len()),
            windows: details.map_or(0, |details| details.windows),
            misses: details.map_or(0, |details| details.misses) + watched,
            retargets: details.map_or(0, |details| details.retargets),
        }
    }
}

fn describe(site: &Site, details: Option<&Details>) -> (State, String) {
    let Some(details) = details else {
        return (State::Idle, NOT_LOOKED_AT.into());
    };
    match &details.status {
        Status::Learning if site.route().is_none() => (State::Idle, NEVER_CALLED.into()),
        Status::Learning if site.block().left <= 0 => (
            State::Learning,
            "the window is full, and waits for `retarget()`".into(),
        ),
        Status::Learning => (State::Learning, "window open".into()),
        Status::Published(figures) => {
            let has_chain = details.last_seen.iter().any(|one| one.in_chain);
            let state = if has_chain {
                State::Patched
            } else {
                State::Inlined
            };
            let misses = details.misses
                + match site.phase() {
                    Phase::Watching => u64::from(details.counted_misses(site)),
                    _ => 0,
                };
            let why = published(*figures, has_chain);
            let counted = match misses {
                0 => String::new(),
                misses => format!(", {} so far", count(misses, "miss", "misses")),
            };
            (state, why + &counted)
        }
        Status::Resting(status) => {
            let why = match status {
                Resting::New if details.opened > 0 => NOT_MET.into(),
                Resting::New if details.life.is_some() => FIRST_TO_COME.into(),
                Resting::New => NOT_LOOKED_AT.into(),
                Resting::Absent => "never called here: the compiler has left its code out".into(),
                Resting::Planned(Rest::Mixed { coverage }) => {
                    format!("mixed: the best chain would cover {} %", percent(*coverage))
                }
                Resting::Lives(why) => plain(why),
                Resting::Given(why) => (*why).into(),
                Resting::Off => "switched off".into(),
                Resting::Portable => "no patching; see the backend".into(),
                Resting::Unpatchable(why) => why.clone(),
            };
            let state = match status {
                Resting::New | Resting::Absent => State::Idle,
                _ => State::Plain,
            };
            (state, why)
        }
    }
}

/// Why the default mode has left a site plain.
fn plain(why: &Plain) -> String {
    match why {
        Plain::NoList => "chains do not pay here, and nothing is listed".into(),
        Plain::Listed(share) => {
            format!(
                "guards, for {} % of the calls, have gained nothing so far",
                percent(*share)
            )
        }
        Plain::DoesNotPay(ratio) if ratio.is_finite() => {
            format!("does not pay: guards take {ratio:.2} of the plain call's time here")
        }
        Plain::DoesNotPay(_) => "does not pay: guards could not be measured".into(),
    }
}

/// Its keys are nothing that this runtime switches, or it has none.
const ANOTHER_BUILD: &str = if TRAMPOLINES {
    "the plugin was built without `patching`, and this program with it: build both alike"
} else {
    "the plugin was built with `patching`, and this program without it: build both alike"
};

/// Nothing is recorded until the runtime runs, and then as the purse allows.
const NOT_LOOKED_AT: &str =
    "not looked at yet: windows open after the first `retarget()`, in 2 % of the time";

/// Its window is open.
const NEVER_CALLED: &str = "never called";

/// It had windows, of some milliseconds each.
const NOT_MET: &str = "not called while a window was open";

/// In the default mode windows are paid for, one site after another.
const FIRST_TO_COME: &str = "not looked at yet: its first window is to come";

/// What is on, for which share of the calls, and at which price.
fn published(figures: Figures, has_chain: bool) -> String {
    let mut parts = Vec::new();
    if figures.guarded > 0.0 || !has_chain {
        parts.push(format!("inlines {} %", percent(figures.guarded)));
    }
    if has_chain {
        parts.push(format!(
            "covers {} % of the calls",
            percent(figures.chained)
        ));
    }
    parts.join(", ")
}

fn percent(share: f32) -> f32 {
    // Without a sign: sums of shares may come to a little less than nothing.
    (share * 100.0).round().abs()
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        table::write(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::{Plain, plain};

    #[test]
    fn what_could_not_be_measured_is_said_in_words() {
        assert_eq!(
            plain(&Plain::DoesNotPay(f32::INFINITY)),
            "does not pay: guards could not be measured"
        );
        assert_eq!(
            plain(&Plain::DoesNotPay(1.254)),
            "does not pay: guards take 1.25 of the plain call's time here"
        );
    }
}
