//! The rows of the benchmark, and the tables and the JSON made of them.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

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
    /// Time per call, as a multiple of the plain call's.
    pub ratios: Vec<Ratio>,
    /// Time per pass of `runtime::retarget()`.
    pub latencies: Vec<Latency>,
    /// Bytes per call site.
    pub sizes: Vec<Size>,
}

/// One variant in one mix.
#[derive(Clone, Debug, Serialize)]
pub struct Ratio {
    /// The types that come by.
    pub mix: &'static str,
    /// How the call is made.
    pub variant: String,
    /// What its sites do, by the runtime's report.
    pub state: String,
    /// Misses counted during the measurement.
    pub misses: u64,
    /// Multiples of the plain call's time; [`None`] if the sites were not in
    /// the state that the variant is about.
    pub ratio: Option<Summary>,
    /// Nanoseconds per call of the plain call beside it, median.
    pub plain_nanoseconds: f64,
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
    pub fn tables(&self) -> String {
        let mut text = format!("{}\n", self.host);
        if self.quick {
            text.push_str("Few rounds: figures to look at, not to quote.\n");
        }
        if !self.ratios.is_empty() {
            text.push_str("\nTime per call, as a multiple of the plain `dyn` call's\n\n");
            let rows = self.ratios.iter().map(Ratio::cells);
            let headings = [
                "mix", "variant", "sites", "misses", "median", "p10", "p90", "plain",
            ];
            table(&mut text, &headings, rows);
        }
        if !self.latencies.is_empty() {
            text.push_str("\nTime per `runtime::retarget()`\n\n");
            let rows = self.latencies.iter().map(Latency::cells);
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
            table(&mut text, &headings, rows);
        }
        if !self.sizes.is_empty() {
            text.push_str("\nBytes per call site\n\n");
            let rows = self
                .sizes
                .iter()
                .map(|size| [size.what.clone(), format!("{:.1}", size.bytes_per_site)]);
            table(&mut text, &["what", "bytes"], rows);
        }
        text
    }
}

impl Ratio {
    fn cells(&self) -> [String; 8] {
        let figure = |part: fn(&Summary) -> f64| {
            self.ratio
                .as_ref()
                .map_or_else(|| "-".to_owned(), |ratio| format!("{:.3}", part(ratio)))
        };
        [
            self.mix.to_owned(),
            self.variant.clone(),
            self.state.clone(),
            self.misses.to_string(),
            figure(|ratio| ratio.median),
            figure(|ratio| ratio.p10),
            figure(|ratio| ratio.p90),
            format!("{:.2} ns", self.plain_nanoseconds),
        ]
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

fn table<const N: usize>(
    text: &mut String,
    headings: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    let rows: Vec<[String; N]> = rows.collect();
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    line(text, &headings.map(str::to_owned), &widths);
    line(text, &widths.map(|width| "-".repeat(width)), &widths);
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
        let rows = [["µ".to_owned(), "wide cell".to_owned()]];
        super::table(&mut text, &["name", "b"], rows.into_iter());
        let expected = "| name | b         |\n| ---- | --------- |\n| µ    | wide cell |\n";
        assert_eq!(text, expected);
    }
}
