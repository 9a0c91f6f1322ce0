//! The asking side: a process for each program and phase.

use std::path::Path;
use std::process::{Command, Stdio};

use serde::Serialize;
use static_call_benches::host::Host;

use crate::measure::{Measured, Phase, Ratio};
use crate::program::Program;
use crate::ways::Way;

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) host: Host,
    /// For which each program was measured, in each phase.
    pub(crate) milliseconds: u64,
    pub(crate) layouts: Vec<OneLayout>,
}

/// The programs in one layout of code.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OneLayout {
    pub(crate) layout: String,
    pub(crate) rows: Vec<Row>,
}

/// One program in one phase.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) program: String,
    pub(crate) phase: Phase,
    #[serde(flatten)]
    pub(crate) measured: Measured,
}

impl Figures {
    /// A program's rows in a phase, one for each layout.
    pub(crate) fn rows<'a>(
        &'a self,
        program: &'a str,
        phase: Phase,
    ) -> impl Iterator<Item = &'a Row> {
        let rows = self.layouts.iter().flat_map(|layout| &layout.rows);
        rows.filter(move |row| row.program == program && row.phase == phase)
    }

    /// A way's ratios in a phase of a program, one for each layout.
    pub(crate) fn ratios<'a>(
        &'a self,
        program: &'a str,
        phase: Phase,
        way: Way,
    ) -> impl Iterator<Item = &'a Ratio> {
        let rows = self.rows(program, phase);
        rows.filter_map(move |row| row.measured.ways.get(&way))
    }
}

/// What to measure.
pub(crate) struct Asked<'a> {
    /// This program, in the layout.
    pub(crate) path: &'a Path,
    pub(crate) layout: &'a str,
    pub(crate) programs: &'a [Program],
    pub(crate) milliseconds: u64,
}

/// Measures the programs in one layout.
pub(crate) fn layout(asked: &Asked<'_>) -> Result<OneLayout, String> {
    let mut rows = Vec::new();
    for program in asked.programs {
        eprintln!("{}, {}", asked.layout, program.name);
        let phases = Phase::ALL.into_iter();
        for phase in phases.filter(|phase| phase.applies(program)) {
            let measured = ask(asked, program.name, phase)
                .map_err(|error| format!("{}, {}: {error}", program.name, phase.id()))?;
            rows.push(Row {
                program: program.name.to_owned(),
                phase,
                measured,
            });
        }
    }
    Ok(OneLayout {
        layout: asked.layout.to_owned(),
        rows,
    })
}

fn ask(asked: &Asked<'_>, program: &str, phase: Phase) -> Result<Measured, String> {
    let output = Command::new(asked.path)
        .args(["--measure", program, "--phase", phase.id()])
        .args(["--milliseconds", &asked.milliseconds.to_string()])
        // It would decide over the mode.
        .env_remove("STATIC_CALL")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!(
            "the measuring process ended with {}; see above",
            output.status
        ));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}
