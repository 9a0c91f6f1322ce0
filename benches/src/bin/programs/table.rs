//! The tables, as markdown.

use std::fmt::Write as _;

use static_call_benches::layouts::Across;
use static_call_benches::rows::table;
use static_call_benches::stats::Summary;

use crate::aims::COLUMNS;
use crate::drive::Figures;
use crate::measure::Phase;
use crate::program::Program;

/// All figures, and those that miss an aim.
pub(crate) fn tables(figures: &Figures, programs: &[Program]) -> String {
    let layouts: Vec<_> = figures.layouts.iter().map(|one| &*one.layout).collect();
    // Writing to a string never fails.
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}\n{} ms for each program and phase; layouts: {}\n\n\
         Time over the plain program's: the median over layouts (the worst); `!` misses an aim\n",
        figures.host,
        figures.milliseconds,
        layouts.join(", "),
    );
    let mut headings = vec!["program", "plain, µs", "pass, µs"];
    headings.extend(COLUMNS.iter().map(|column| column.label));
    let mut rows: Vec<_> = programs.iter().map(|one| row(figures, one)).collect();
    rows.push(means(figures, programs));
    table(&mut text, &headings, rows.into_iter());
    missed(&mut text, figures, programs);
    text
}

fn row(figures: &Figures, program: &Program) -> Vec<String> {
    let middle = |phase, which: fn(&crate::measure::Measured) -> Option<Summary>| {
        let rows = figures.rows(program.name, phase);
        let medians: Vec<_> = rows
            .filter_map(|row| Some(which(&row.measured)?.median))
            .collect();
        Across::of(&medians).map_or_else(String::new, |across| format!("{:.1}", across.median))
    };
    let mut cells = vec![
        program.name.to_owned(),
        middle(Phase::Never, |measured| Some(measured.plain_microseconds)),
        middle(Phase::Passes, |measured| measured.pass_microseconds),
    ];
    cells.extend(COLUMNS.iter().map(|column| {
        let figure = column.figure(figures, program.name);
        figure.map_or_else(String::new, |figure| {
            let aim = column.aim(program);
            let reached = aim.is_none_or(|aim| aim.reached(figure));
            shown(figures, figure) + if reached { "" } else { " !" }
        })
    }));
    cells
}

fn shown(figures: &Figures, figure: Across) -> String {
    if figures.layouts.len() > 1 {
        format!("{:.2} ({:.2})", figure.median, figure.worst)
    } else {
        format!("{:.2}", figure.median)
    }
}

fn means(figures: &Figures, programs: &[Program]) -> Vec<String> {
    let mut cells = vec!["geometric mean".to_owned(), String::new(), String::new()];
    cells.extend(COLUMNS.iter().map(|column| {
        let Some(mean) = column.mean(figures, programs) else {
            return String::new();
        };
        let mark = if mean > column.aim_of_mean() {
            " !"
        } else {
            ""
        };
        format!("{mean:.3}{mark}")
    }));
    cells
}

/// What misses an aim, by rounds and by the total of all rounds.
fn missed(text: &mut String, figures: &Figures, programs: &[Program]) {
    for column in COLUMNS {
        let (mut rounds, mut total, mut count) = (Vec::new(), Vec::new(), 0);
        for program in programs {
            let name = program.name;
            let aim = column.aim(program);
            let both = (column.figure(figures, name), column.total(figures, name));
            let (Some(aim), (Some(figure), Some(sum))) = (aim, both) else {
                continue;
            };
            count += 1;
            if !aim.reached(figure) {
                rounds.push(format!("{name} {}", shown(figures, figure)));
            } else if !aim.median_reached(sum.median) {
                total.push(format!("{name} {}", shown(figures, sum)));
            }
        }
        if count == 0 {
            continue;
        }
        let _ = writeln!(
            text,
            "\n{}: {} of {count} programs miss the aim{}{}",
            column.label,
            rounds.len(),
            if rounds.is_empty() { "" } else { ": " },
            rounds.join(", ")
        );
        if !total.is_empty() {
            let _ = writeln!(
                text,
                "  only by the sum of all rounds: {}",
                total.join(", ")
            );
        }
    }
}

/// What the call sites did, in each layout and phase.
pub(crate) fn sites(figures: &Figures) -> String {
    let mut text = String::new();
    for layout in &figures.layouts {
        for row in &layout.rows {
            if row.measured.sites.is_empty() {
                continue;
            }
            let _ = writeln!(
                text,
                "\n{}, {}, {}:",
                layout.layout,
                row.program,
                row.phase.id()
            );
            for site in &row.measured.sites {
                let _ = writeln!(text, "  {site}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use static_call_benches::host::Host;

    use super::*;
    use crate::drive::{OneLayout, Row};
    use crate::measure::{Measured, Ratio};
    use crate::ways::Way;

    fn figures(ratios: &[(f64, f64)]) -> Figures {
        let one = |value| Summary {
            samples: 9,
            p10: value,
            median: value,
            p90: value,
        };
        let layouts = ratios.iter().map(|&(rounds, total)| OneLayout {
            layout: "some".to_owned(),
            rows: vec![Row {
                program: "even".to_owned(),
                phase: Phase::Never,
                measured: Measured {
                    plain_microseconds: one(50.0),
                    ways: BTreeMap::from([(
                        Way::Sites,
                        Ratio {
                            rounds: one(rounds),
                            total,
                        },
                    )]),
                    pass_microseconds: None,
                    sites: Vec::new(),
                },
            }],
        });
        Figures {
            host: Host::here(),
            milliseconds: 1,
            layouts: layouts.collect(),
        }
    }

    #[test]
    fn a_chart_has_a_bar_for_each_figure_that_is_there() {
        let mut figures = figures(&[(0.5, 0.5), (0.6, 0.6), (1.0, 1.0)]);
        for layout in &mut figures.layouts {
            layout.rows[0].phase = Phase::Worker;
        }
        let mut programs = Way::Plain.programs();
        programs.retain(|program| program.name == "even");
        let svg = crate::chart::chart(&figures, &programs);
        assert!(svg.contains(">0.60</text>"), "{svg}");
        assert!(svg.contains(">even</text>"), "{svg}");
        // Three in the legend, and one bar.
        assert_eq!(svg.matches("<rect").count(), 4, "{svg}");
    }

    fn tables_of(ratios: &[(f64, f64)]) -> String {
        let mut programs = Way::Plain.programs();
        programs.retain(|program| program.name == "even");
        tables(&figures(ratios), &programs)
    }

    #[test]
    fn what_misses_an_aim_is_marked_and_listed() {
        let text = tables_of(&[(1.01, 1.01), (1.0, 1.0), (1.15, 1.15)]);
        assert!(text.contains("| 1.01 (1.15) ! "), "{text}");
        let listed = "never started: 1 of 1 programs miss the aim: even 1.01 (1.15)\n";
        assert!(text.contains(listed), "{text}");
    }

    #[test]
    fn what_happens_in_few_rounds_is_listed_by_the_sum() {
        let text = tables_of(&[(1.0, 1.2)]);
        assert!(
            text.contains("never started: 0 of 1 programs miss the aim\n"),
            "{text}"
        );
        assert!(text.contains("sum of all rounds: even 1.20\n"), "{text}");
    }
}
