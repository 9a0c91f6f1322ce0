//! The report as an aligned table.

use std::fmt;

use super::{BindingReport, RegionReport, Report, SiteReport, State, StaticKeyReport};
use crate::advice::short;
use crate::costs::Calibration;
use crate::words::count;

const HEADINGS: [&str; 9] = [
    "call site",
    "method",
    "state",
    "backend",
    "why",
    "targets",
    "windows",
    "misses",
    "retargets",
];
const HEADINGS_OF_BINDINGS: [&str; 7] = [
    "binding",
    "trait",
    "state",
    "why",
    "bound",
    "trampolines",
    "swaps",
];
const HEADINGS_OF_REGIONS: [&str; 5] = ["region", "state", "why", "listed", "others"];
const HEADINGS_OF_STATIC_KEYS: [&str; 4] = ["static key", "state", "held by", "places"];
/// Types named per site; the rest are counted.
const NAMED: usize = 4;

pub(super) fn write(report: &Report, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        formatter,
        "mode {}, backend {}, {}, {} outside of trampolines ({})",
        report.mode,
        report.backend,
        count(report.passes, "pass", "passes"),
        count(report.chains, "chain", "chains"),
        count(report.chain_bytes, "byte", "bytes")
    )?;
    if let Some(calibration) = report.calibration {
        write!(formatter, "\ncalibration: {}", measured(&calibration))?;
    }
    if let Some(error) = &report.environment_error {
        write!(formatter, "\nSTATIC_CALL is ignored: {error}")?;
    }
    if let Some(plan) = &report.plan {
        write!(formatter, "\n{plan}")?;
    }
    if let Some(error) = &report.plan_error {
        write!(formatter, "\nSTATIC_CALL_PLAN is ignored: {error}")?;
    }
    if let Some(error) = &report.naming_error {
        write!(formatter, "\nchains have no names for perf: {error}")?;
    }
    let rows: Vec<_> = report.sites.iter().map(cells).collect();
    table(formatter, &HEADINGS, &rows, 6)?;
    if !report.bindings.is_empty() {
        let rows: Vec<_> = report.bindings.iter().map(cells_of_binding).collect();
        formatter.write_str("\n")?;
        table(formatter, &HEADINGS_OF_BINDINGS, &rows, 5)?;
    }
    if !report.regions.is_empty() {
        let rows: Vec<_> = report.regions.iter().map(cells_of_region).collect();
        formatter.write_str("\n")?;
        table(formatter, &HEADINGS_OF_REGIONS, &rows, 5)?;
    }
    if !report.static_keys.is_empty() {
        let rows: Vec<_> = report.static_keys.iter().map(cells_of_static_key).collect();
        formatter.write_str("\n")?;
        table(formatter, &HEADINGS_OF_STATIC_KEYS, &rows, 2)?;
    }
    if !report.advice.is_empty() {
        write!(formatter, "\n\nadvice:\n{}", report.advice)?;
    }
    write!(formatter, "\n\nnext: {}", report.next)
}

/// Columns from `numbers` on hold numbers, and are set to the right.
fn table<const N: usize>(
    formatter: &mut fmt::Formatter<'_>,
    headings: &[&str; N],
    rows: &[[String; N]],
    numbers: usize,
) -> fmt::Result {
    let mut widths = headings.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let rule = widths.map(|width| "-".repeat(width));
    let head = [headings.map(str::to_owned), rule];
    for cells in head.iter().chain(rows) {
        let mut text = String::new();
        for (column, (cell, &width)) in cells.iter().zip(&widths).enumerate() {
            let cell = if column >= numbers {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            };
            if column > 0 {
                text.push_str("  ");
            }
            text.push_str(&cell);
        }
        write!(formatter, "\n{}", text.trim_end())?;
    }
    Ok(())
}

/// The same as text of its own.
pub(super) fn aligned<const N: usize>(
    headings: &[&str; N],
    rows: &[[String; N]],
    numbers: usize,
) -> String {
    struct Rows<'a, const N: usize>(&'a [&'a str; N], &'a [[String; N]], usize);
    impl<const N: usize> fmt::Display for Rows<'_, N> {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            table(formatter, self.0, self.1, self.2)
        }
    }
    let text = Rows(headings, rows, numbers).to_string();
    text.trim_start_matches('\n').to_owned()
}

/// What was measured of guards and chains.
fn measured(calibration: &Calibration) -> String {
    let figures = [
        ("a guard", calibration.guard),
        ("one behind the arm", calibration.behind),
        ("a chain", calibration.chain),
        ("a chain on 80/20 of two", calibration.chain_mixed),
    ];
    let figures = figures.map(|(what, ratio)| match ratio {
        Some(ratio) => format!("{what} {ratio:.2}"),
        None => format!("{what} not measured"),
    });
    format!(
        "a plain call takes {:.2} ns; of that, {}",
        calibration.plain,
        figures.join(", ")
    )
}

fn cells(site: &SiteReport) -> [String; 9] {
    let location = match site.plugin {
        Some(plugin) => format!("{} (plugin {plugin})", site.location),
        None => site.location.clone(),
    };
    [
        location,
        site.full_method(),
        site.state.to_string(),
        site.backend.to_owned(),
        site.why.clone(),
        targets(site),
        site.windows.to_string(),
        site.misses.to_string(),
        site.retargets.to_string(),
    ]
}

fn cells_of_binding(binding: &BindingReport) -> [String; 7] {
    let name = match binding.plugin {
        Some(plugin) => format!("{} {} (plugin {plugin})", binding.name, binding.location),
        None => format!("{} {}", binding.name, binding.location),
    };
    [
        name,
        binding.trait_name.clone(),
        binding.state.to_string(),
        binding.why.clone(),
        binding
            .bound
            .as_deref()
            .map_or_else(|| "nothing".to_owned(), short),
        binding.trampolines.to_string(),
        binding.swaps.to_string(),
    ]
}

fn cells_of_static_key(key: &StaticKeyReport) -> [String; 4] {
    let name = match key.plugin {
        Some(plugin) => format!("{} {} (plugin {plugin})", key.name, key.location),
        None => format!("{} {}", key.name, key.location),
    };
    [
        name,
        if key.on { "on" } else { "off" }.to_owned(),
        key.holders.to_string(),
        key.places.to_string(),
    ]
}

/// Listed types that were not met in brackets.
fn cells_of_region(region: &RegionReport) -> [String; 5] {
    let types = region.types.iter().map(|(name, vtables)| match vtables {
        0 if region.state == State::Inlined => format!("[{name}]"),
        _ => name.clone(),
    });
    let others = match (region.others, region.more_others) {
        (0, false) => "none".to_owned(),
        (0, true) => "many".to_owned(),
        (some, false) => some.to_string(),
        (some, true) => format!("{some} and more"),
    };
    [
        region.location.clone(),
        region.state.to_string(),
        region.why.clone(),
        types.collect::<Vec<_>>().join(", "),
        others,
    ]
}

/// `Saw 79 %, Noise 21 %`; types that neither guards nor chain compare with in brackets.
pub(super) fn targets(site: &SiteReport) -> String {
    let mut named: Vec<String> = site
        .targets
        .iter()
        .take(
            NAMED.max(
                site.targets
                    .iter()
                    .filter(|one| one.in_chain || one.inlined)
                    .count(),
            ),
        )
        .map(|target| {
            let share = match target.share {
                Some(share) => format!("{} {:.0} %", short(&target.type_name), share * 100.0),
                None => format!("{} (registered)", short(&target.type_name)),
            };
            if target.inlined {
                format!("{share} inlined")
            } else if target.in_chain || !matches!(site.state, State::Patched | State::Inlined) {
                share
            } else {
                format!("[{share}]")
            }
        })
        .collect();
    let rest = site.targets.len() - named.len();
    if rest > 0 {
        named.push(format!("{rest} more"));
    }
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use super::HEADINGS;

    #[test]
    fn the_guides_sample_has_the_columns_and_the_last_lines_of_todays_report() {
        let guide = include_str!("../../docs/guide.md");
        let start = guide.find("```text\nmode auto").unwrap();
        let sample = guide[start..].split("```").nth(1).unwrap();
        let head = sample.lines().find(|line| line.starts_with("call site"));
        let columns: Vec<_> = head.unwrap().split("  ").map(str::trim).collect();
        let columns: Vec<_> = columns.into_iter().filter(|one| !one.is_empty()).collect();
        assert_eq!(columns, HEADINGS);
        assert!(sample.contains("\n\nadvice:\n"), "{sample}");
        let last = sample.lines().rfind(|line| !line.is_empty()).unwrap();
        let scene = crate::report::next::Scene {
            mode: crate::config::Mode::Auto,
            passes: 517,
            workers: 1,
            stopped: false,
            sites: &[],
            open: 0,
            bindings: 1,
            waiting: 0,
            advice: 4,
        };
        assert_eq!(last, format!("next: {}", scene.sentence()));
    }
}
