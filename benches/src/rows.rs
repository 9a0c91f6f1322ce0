//! The rows of the benchmark, and the tables and the JSON made of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::columns::Column;
use crate::host::Host;
use crate::latency::{Latencies, Pass};
use crate::stats::Summary;

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    /// Where.
    pub host: Host,
    /// Few rounds, as for a smoke test.
    pub quick: bool,
    /// Time per call, once for each build.
    pub builds: Vec<Build>,
    /// Time per pass of `runtime::retarget()`.
    pub latencies: Vec<Latency>,
    /// Bytes per call site.
    pub sizes: Vec<Size>,
}

/// What one build of the benchmark measured.
#[derive(Clone, Debug, Serialize)]
pub struct Build {
    /// How it was built.
    pub name: String,
    /// One for each row.
    pub rows: Vec<Measured>,
}

/// One row, as far as it was asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// As given on the command line.
    pub id: String,
    /// For people.
    pub label: String,
    /// Nanoseconds per plain call.
    pub plain_nanoseconds: Summary,
    /// The other columns; those that cannot express the row are missing.
    pub cells: BTreeMap<Column, Cell>,
}

/// One contender in one row.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// Multiples of the plain call's time, in the same round and process; [`None`] if
    /// the sites were not in the state that the column is about.
    pub ratio: Option<Summary>,
    /// What its sites do, by the runtime's report.
    pub state: String,
    /// Misses counted.
    pub misses: u64,
}

/// Passes of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct Latency {
    /// Which kind.
    #[serde(flatten)]
    pub pass: Pass,
    /// Microseconds.
    pub microseconds: Summary,
}

/// Bytes of one kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Size {
    /// What they are.
    pub what: String,
    /// How many, per call site.
    pub bytes_per_site: f64,
}

/// What the program with many sites hands over.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ManySites {
    /// Microseconds of each pass.
    pub latencies: Vec<(Pass, Vec<f64>)>,
    /// Bytes per call site.
    pub sizes: Vec<Size>,
}

/// Summarizes latencies.
pub fn latencies(samples: &Latencies) -> Vec<Latency> {
    samples
        .iter()
        .filter_map(|(pass, samples)| {
            Some(Latency {
                pass: *pass,
                microseconds: Summary::of(samples)?,
            })
        })
        .collect()
}

impl Results {
    /// The tables, as markdown.
    #[must_use]
    pub fn tables(&self) -> String {
        let mut text = format!("{}\n", self.host);
        if self.quick {
            text.push_str("Few rounds: figures to look at, not to quote.\n");
        }
        for build in &self.builds {
            build.write(&mut text);
        }
        if !self.latencies.is_empty() {
            text.push_str("\nTime per `runtime::retarget()`\n\n");
            let headings = [
                "pass",
                "changed",
                "of sites",
                "second core",
                "median",
                "p10",
                "p90",
                "passes",
            ];
            let rows = self.latencies.iter().map(|one| one.cells().to_vec());
            table(&mut text, &headings, rows);
        }
        if !self.sizes.is_empty() {
            text.push_str("\nBytes per call site\n\n");
            let rows = self
                .sizes
                .iter()
                .map(|size| vec![size.what.clone(), format!("{:.1}", size.bytes_per_site)]);
            table(&mut text, &["what", "bytes"], rows);
        }
        text
    }
}

impl Build {
    fn write(&self, text: &mut String) {
        if self.rows.is_empty() {
            return;
        }
        // Writing to a string never fails.
        let _ = writeln!(
            text,
            "\nTime per call, as a multiple of the plain `dyn` call's in the same round: \
             median (10th to 90th percentile); {}\n",
            self.name
        );
        let shown: Vec<_> = Column::ALL
            .into_iter()
            .filter(|column| self.rows.iter().any(|row| row.cells.contains_key(column)))
            .collect();
        let mut headings = vec!["row", Column::Plain.label()];
        headings.extend(shown.iter().map(|column| column.label()));
        let rows = self.rows.iter().map(|row| {
            let nanoseconds = format!("{:.2} ns", row.plain_nanoseconds.median);
            let mut cells = vec![row.label.clone(), nanoseconds];
            let ratios = shown.iter().map(|column| match row.cells.get(column) {
                Some(cell) => cell.figure(),
                None => "-".to_owned(),
            });
            cells.extend(ratios);
            cells
        });
        table(text, &headings, rows);
        text.push('\n');
        text.push_str(NOTES);
        let _ = writeln!(text, "\nWhat the call sites did; {}\n", self.name);
        let rows = self.rows.iter().flat_map(|row| {
            let cells = row.cells.iter().filter(|(_, cell)| !cell.state.is_empty());
            cells.map(|(column, cell)| {
                vec![
                    row.label.clone(),
                    column.label().to_owned(),
                    cell.state.clone(),
                    cell.misses.to_string(),
                ]
            })
        });
        table(text, &["row", "column", "sites", "misses"], rows);
    }
}

/// Why cells are empty.
const NOTES: &str = "\
`-`: the column cannot express the row. Generics: one type in a loop. Enums and \
`devirt`: no types of plugins (no list can name them, and `devirt` has no loader). \
`?`: the sites did not reach the state that the column is about; see below.\n";

impl Cell {
    fn figure(&self) -> String {
        self.ratio.as_ref().map_or_else(
            || "?".to_owned(),
            |ratio| format!("{:.2} ({:.2}-{:.2})", ratio.median, ratio.p10, ratio.p90),
        )
    }
}

impl Latency {
    fn cells(&self) -> [String; 8] {
        let time = |microseconds: f64| {
            if microseconds < 1000.0 {
                format!("{microseconds:.1} µs")
            } else {
                format!("{:.2} ms", microseconds / 1000.0)
            }
        };
        [
            self.pass.work.label().to_owned(),
            self.pass.changed.to_string(),
            self.pass.sites.to_string(),
            if self.pass.busy { "calling" } else { "idle" }.to_owned(),
            time(self.microseconds.median),
            time(self.microseconds.p10),
            time(self.microseconds.p90),
            self.microseconds.samples.to_string(),
        ]
    }
}

/// A table, as markdown.
pub fn table(text: &mut String, headings: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let rows: Vec<Vec<String>> = rows.collect();
    let headings: Vec<_> = headings
        .iter()
        .map(|heading| (*heading).to_owned())
        .collect();
    let widths: Vec<usize> = (0..headings.len())
        .map(|column| {
            let rows = rows.iter().filter_map(|row| row.get(column));
            let cells = rows.chain(headings.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let rule: Vec<_> = widths.iter().map(|width| "-".repeat(*width)).collect();
    line(text, &headings, &widths);
    line(text, &rule, &widths);
    for row in &rows {
        line(text, row, &widths);
    }
}

fn line(text: &mut String, cells: &[String], widths: &[usize]) {
    for (cell, width) in cells.iter().zip(widths) {
        // Writing to a string never fails.
        let _ = write!(text, "| {cell:<width$} ");
    }
    text.push_str("|\n");
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut text = String::new();
        let rows = [vec!["µ".to_owned(), "wide cell".to_owned()]];
        super::table(&mut text, &["name", "b"], rows.into_iter());
        let expected = "| name | b         |\n| ---- | --------- |\n| µ    | wide cell |\n";
        assert_eq!(text, expected);
    }
}
