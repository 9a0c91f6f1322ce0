//! The asking side: starts a process for each mode and has them take turns.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::de::DeserializeOwned;
use static_call::runtime::Mode;
use static_call_benches::columns::Column;
use static_call_benches::rows::{Cell, Measured};
use static_call_benches::serve::{Goodbye, Hello};
use static_call_benches::stats::Summary;

/// Rounds that are thrown away.
const WARM_UP: usize = 5;

/// What to measure, and how often.
pub(crate) struct Asked<'a> {
    /// The program that measures the row.
    pub(crate) program: &'a Path,
    pub(crate) id: &'a str,
    pub(crate) label: &'a str,
    pub(crate) columns: &'a [Column],
    pub(crate) rounds: usize,
}

/// A process that measures, in one mode.
struct Worker {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    columns: Vec<Column>,
    /// Nanoseconds per call of each column, round by round.
    times: Vec<Vec<f64>>,
}

/// Measures one row.
pub(crate) fn measure(asked: &Asked<'_>) -> Result<Measured, String> {
    let fail = |error| format!("row `{}`: {error}", asked.id);
    let modes = [Mode::Off, Mode::Always, Mode::Auto];
    let mut workers = Vec::new();
    for mode in modes {
        // Those that no mode concerns are measured along with the idle sites.
        let columns: Vec<_> = asked
            .columns
            .iter()
            .copied()
            .filter(|column| match column {
                Column::Plain | Column::Control => false,
                _ => column.mode().unwrap_or(Mode::Off) == mode,
            })
            .collect();
        let control = mode == Mode::Off;
        if control || !columns.is_empty() {
            workers.push(Worker::start(asked, mode, control, &columns).map_err(fail)?);
        }
    }
    for round in 0..WARM_UP + asked.rounds {
        for turn in 0..workers.len() {
            let next = (round + turn) % workers.len();
            workers[next].round(round).map_err(fail)?;
        }
    }
    let mut cells = BTreeMap::new();
    let mut plain_nanoseconds = Vec::new();
    for worker in workers {
        plain_nanoseconds.extend(worker.times.iter().skip(WARM_UP).map(|round| round[0]));
        for (column, cell) in worker.end().map_err(fail)? {
            cells.entry(column).or_insert(cell);
        }
    }
    Ok(Measured {
        id: asked.id.to_owned(),
        label: asked.label.to_owned(),
        plain_nanoseconds: Summary::of(&plain_nanoseconds).unwrap_or_default(),
        cells,
    })
}

impl Worker {
    fn start(
        asked: &Asked<'_>,
        mode: Mode,
        control: bool,
        columns: &[Column],
    ) -> Result<Self, String> {
        let fixed = [Column::Plain, Column::Control];
        let fixed = &fixed[..if control { 2 } else { 1 }];
        let columns: Vec<_> = fixed.iter().chain(columns).map(|one| one.id()).collect();
        let mut child = Command::new(asked.program)
            .args(["--serve", asked.id, "--mode", &mode.to_string()])
            .args(["--columns", &columns.join(",")])
            // It would decide over the mode.
            .env_remove("STATIC_CALL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", asked.program.display()))?;
        let from = child.stdout.take().ok_or("no standard output")?;
        let mut worker = Worker {
            to: child.stdin.take(),
            child,
            from: BufReader::new(from),
            columns: Vec::new(),
            times: Vec::new(),
        };
        worker.columns = worker.read::<Hello>()?.columns;
        Ok(worker)
    }

    fn round(&mut self, seed: usize) -> Result<(), String> {
        if let Some(to) = &mut self.to {
            writeln!(to, "{seed}").map_err(|error| error.to_string())?;
        }
        let times = self.read()?;
        self.times.push(times);
        Ok(())
    }

    /// What was measured, as multiples of the plain call's time in the same round.
    fn end(mut self) -> Result<Vec<(Column, Cell)>, String> {
        // The end of its input ends it.
        self.to = None;
        let Goodbye { standings, fits } = self.read()?;
        let exit = self.child.wait().map_err(|error| error.to_string())?;
        if !exit.success() {
            return Err(format!("the measuring process ended with {exit}"));
        }
        let rounds = &self.times[WARM_UP..];
        let states = standings.into_iter().zip(fits);
        let columns = self.columns.iter().enumerate().zip(states).skip(1);
        Ok(columns
            .map(|((index, column), (standing, fits))| {
                let ratios: Vec<_> = rounds.iter().map(|times| times[index] / times[0]).collect();
                let cell = Cell {
                    ratio: Summary::of(&ratios).filter(|_| fits),
                    state: standing.text(),
                    misses: standing.misses,
                };
                (*column, cell)
            })
            .collect())
    }

    fn read<T: DeserializeOwned>(&mut self) -> Result<T, String> {
        let mut line = String::new();
        let length = self.from.read_line(&mut line);
        match length.map_err(|error| error.to_string())? {
            0 => Err("the measuring process ended; see above".to_owned()),
            _ => serde_json::from_str(&line).map_err(|error| format!("`{line}`: {error}")),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.to = None;
        // After an error only: it has ended otherwise.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
