//! Shows runs as a Markdown table.

use std::fmt::Write as _;

use static_call_benches::layouts::{Across, Aim};
use static_call_benches::stats::Summary;
use static_call_real_crates::results::{Ratio, Row, Run};

use crate::corpus::Variant;
use crate::measure::Runs;

/// The annotated forms, with what they are called.
const ANNOTATED: [(Variant, &str); 2] =
    [(Variant::Unlisted, "unlisted"), (Variant::Static, "static")];

/// Where it was measured, and one row for each workload. All figures are multiples of the plain time, but
/// for the last column: how much of the ceiling's gain `auto` reaches.
pub(crate) fn of(runs: &[(&str, Run)]) -> String {
    let host = runs.first().map_or("", |(_, run)| &*run.host);
    let mut text = format!("{host}\n\n| workload | plain, ms | control | by hand |");
    for (mode, _) in runs {
        for (_, name) in ANNOTATED {
            let _ = write!(text, " {name}, {mode} |");
        }
    }
    text += " share of the gain |\n|---|---|---|---|";
    text += &"---|".repeat(ANNOTATED.len() * runs.len() + 1);
    text.push('\n');
    let Some((_, first)) = runs.first() else {
        return text;
    };
    for (index, row) in first.rows.iter().enumerate() {
        let _ = write!(text, "| {} | {:.2} |", row.workload, row.plain_ms);
        let others = runs
            .iter()
            .filter_map(|(mode, run)| Some((*mode, run.rows.get(index)?)));
        let rows: Vec<(&str, &Row)> = others.collect();
        // The control and the ceiling do not depend on the mode: the middle run's.
        for variant in [Variant::Control, Variant::Concrete] {
            let ratio = rows
                .get(rows.len() / 2)
                .and_then(|(_, row)| ratio(row, variant));
            let _ = write!(text, " {} |", cell(ratio));
        }
        for (_, row) in &rows {
            for (variant, _) in ANNOTATED {
                let _ = write!(text, " {} |", cell(ratio(row, variant)));
            }
        }
        let auto = rows.iter().find(|(mode, _)| *mode == "auto, worker");
        let share = auto.and_then(|(_, row)| {
            share(ratio(row, Variant::Static)?, ratio(row, Variant::Concrete)?)
        });
        let share = share.map_or_else(|| "no ceiling".to_owned(), |share| format!("{share:.0} %"));
        let _ = writeln!(text, " {share} |");
    }
    text
}

/// All workloads over several layouts: the median over them, and the worst. Figures that
/// miss an aim are marked.
pub(crate) fn across(layouts: &[Runs]) -> String {
    let mut text =
        String::from("Over the layouts: the median (the worst); `!` misses an aim\n\n| workload |");
    let Some(first) = layouts.first() else {
        return text;
    };
    for (mode, _) in first {
        for (_, name) in ANNOTATED {
            let _ = write!(text, " {name}, {mode} |");
        }
    }
    text += "\n|---|";
    text += &"---|".repeat(ANNOTATED.len() * first.len());
    text.push('\n');
    let workloads = first.first().map_or(&[][..], |(_, run)| &run.rows);
    for (index, Row { workload, .. }) in workloads.iter().enumerate() {
        let _ = write!(text, "| {workload} |");
        for (place, (mode, _)) in first.iter().enumerate() {
            for (variant, _) in ANNOTATED {
                let rows = layouts
                    .iter()
                    .filter_map(|runs| runs.get(place)?.1.rows.get(index));
                let ratios = rows.filter_map(|row| Some(ratio(row, variant)?.median));
                let across = Across::of(&ratios.collect::<Vec<_>>());
                let figure = across.map(|figure| {
                    let reached = aim(mode, variant).is_none_or(|aim| aim.reached(figure));
                    let mark = if reached { "" } else { " !" };
                    format!("{:.3} ({:.3}){mark}", figure.median, figure.worst)
                });
                let _ = write!(text, " {} |", figure.unwrap_or_default());
            }
        }
        text.push('\n');
    }
    text
}

/// What a form is to reach in a mode.
fn aim(mode: &str, variant: Variant) -> Option<Aim> {
    match (mode, variant) {
        ("always", _) => None,
        ("never started", _) | (_, Variant::Unlisted) => Some(Aim::UNLISTED),
        _ => Some(Aim::LISTED),
    }
}

fn ratio(row: &Row, variant: Variant) -> Option<Summary> {
    let found = |ratio: &&Ratio| ratio.variant == variant.name();
    row.ratios.iter().find(found).map(|ratio| ratio.ratio)
}

fn cell(ratio: Option<Summary>) -> String {
    ratio.map_or_else(
        String::new,
        |Summary {
             p10, median, p90, ..
         }| { format!("{median:.3} ({p10:.3}–{p90:.3})") },
    )
}

/// The gain in speed as a percentage of the ceiling's gain; [`None`] where the
/// ceiling gains less than a hundredth, which is within the noise.
fn share(reached: Summary, ceiling: Summary) -> Option<f64> {
    let gain = |ratio: Summary| 1.0 / ratio.median - 1.0;
    (gain(ceiling) >= 0.01).then(|| gain(reached) / gain(ceiling) * 100.0)
}

#[cfg(test)]
mod tests {
    use static_call_benches::stats::Summary;
    use static_call_real_crates::results::{Ratio, Row, Run};

    use super::{across, share};

    fn runs(median: f64) -> Vec<(&'static str, Run)> {
        let row = Row {
            workload: "some".to_owned(),
            plain_ms: 1.0,
            ratios: vec![Ratio {
                variant: "unlisted".to_owned(),
                ratio: ratio(median),
            }],
        };
        let run = Run {
            host: String::new(),
            rows: vec![row],
            report: String::new(),
        };
        vec![("never started", run)]
    }

    #[test]
    fn the_median_over_layouts_and_the_worst_are_shown_and_what_misses_is_marked() {
        let text = across(&[runs(1.0), runs(1.2), runs(1.01)]);
        assert!(text.ends_with("| some | 1.010 (1.200) ! |  |\n"), "{text}");
        let text = across(&[runs(1.0), runs(0.9), runs(1.01)]);
        assert!(text.ends_with("| some | 1.000 (1.010) |  |\n"), "{text}");
    }

    fn ratio(median: f64) -> Summary {
        Summary {
            median,
            ..Summary::default()
        }
    }

    #[test]
    fn a_share_is_one_of_speed_gained() {
        // Twice as fast by hand, and one and a half times: half of the gain.
        let share = share(ratio(1.0 / 1.5), ratio(0.5)).unwrap();
        assert!((share - 50.0).abs() < 1e-9, "{share}");
    }

    #[test]
    fn nothing_is_a_share_of_no_gain() {
        assert_eq!(share(ratio(0.9), ratio(0.995)), None);
        assert_eq!(share(ratio(0.9), ratio(1.2)), None);
    }
}
