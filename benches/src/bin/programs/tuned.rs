//! What `runtime::tune` makes of a program: its plan beside plain calls, and beside every
//! choice of the types that it tried, made by hand. And a second process that has the file.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use serde::{Deserialize, Serialize};
use static_call::runtime::{self, Clock, Plan, Tune, Tuned};
use static_call_benches::rows::table;
use static_call_benches::stats::{Shuffle, Summary};

use crate::measure::open;
use crate::program::{Program, Size, Work};
use crate::ways::Way;

/// Choices by hand of more types than that are too many.
const MOST_TYPES: usize = 4;

/// How to tune.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// For `tune`, and for each choice by hand.
    pub(crate) milliseconds: u64,
    pub(crate) seed: u64,
    /// Whether choices are made by hand, too.
    pub(crate) by_hand: bool,
}

/// What came of one program.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    /// Types of the plan, and of those that were tried.
    kept: usize,
    tried: usize,
    /// By `tune`, and its bounds; of nothing kept, none.
    together: Option<(f64, f64, f64)>,
    seconds: f64,
    /// The listed program's time over the plain one's: with the plan applied from its file, by
    /// the best choice by hand, and with all off.
    applied: f64,
    best: f64,
    off: f64,
    /// Misses in a second process until all types of the plan were met; calls in all there.
    misses: Option<u64>,
    table: String,
}

/// Tunes these programs, each in a process of its own, and shows what came of it.
pub(crate) fn all(programs: &[Program], asked: Asked, times: u64) -> Result<(), String> {
    let mut rows = Vec::new();
    for program in programs {
        let mut empty = 0;
        let mut last = None;
        for time in 0..times {
            // Choices by hand once: they are not what is repeated.
            let by_hand = time + 1 == times;
            let row = ask(program.name, asked, asked.seed + time, by_hand)?;
            eprintln!("{}\n{}\n", program.name, row.table);
            empty += u64::from(row.kept == 0);
            last = Some(row);
        }
        rows.extend(last.map(|row| cells(program, &row, empty, times)));
    }
    let mut text = String::new();
    let headings = [
        "program",
        "types kept",
        "by tune",
        "plan applied",
        "best by hand",
        "all off",
        "tuning, s",
        "misses until steady",
        "empty plans",
    ];
    table(&mut text, &headings, rows.into_iter());
    print!("{text}");
    Ok(())
}

fn cells(program: &Program, row: &Row, empty: u64, times: u64) -> Vec<String> {
    vec![
        program.name.to_owned(),
        format!("{} of {}", row.kept, row.tried),
        row.together.map_or_else(String::new, |(mid, low, high)| {
            format!("{mid:.3} ({low:.3} to {high:.3})")
        }),
        format!("{:.3}", row.applied),
        format!("{:.3}", row.best),
        format!("{:.3}", row.off),
        format!("{:.1}", row.seconds),
        row.misses
            .map_or_else(String::new, |misses| misses.to_string()),
        format!("{empty} of {times}"),
    ]
}

fn ask(program: &str, asked: Asked, seed: u64, by_hand: bool) -> Result<Row, String> {
    let output = itself()?
        .args(by_hand.then_some("--by-hand"))
        .args(["--tune", program, "--seed", &seed.to_string()])
        .args(["--milliseconds", &asked.milliseconds.to_string()])
        .env_remove("STATIC_CALL")
        .env_remove("STATIC_CALL_PLAN")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{program}: tuning ended with {}", output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

fn itself() -> Result<Command, String> {
    let path = std::env::current_exe().map_err(|error| error.to_string())?;
    Ok(Command::new(path))
}

/// A program in two ways, and its rounds.
struct Pair {
    plain: Box<dyn Work>,
    listed: Box<dyn Work>,
    round: usize,
    shuffle: Shuffle,
}

impl Pair {
    fn open(name: &str) -> Result<Self, String> {
        let mut works = open(name, Size::Full)?;
        let mut take = |way| {
            let at = works.iter().position(|(one, _)| *one == way);
            at.map(|at| works.swap_remove(at).1)
        };
        let (plain, listed) = (take(Way::Plain), take(Way::Listed));
        Ok(Pair {
            plain: plain.ok_or("it has no plain way")?,
            listed: listed.ok_or("it has no lists")?,
            round: 0,
            shuffle: Shuffle::new(1),
        })
    }

    /// One round of both, in any order: their times, listed over plain.
    fn round(&mut self) -> f64 {
        let timed = |work: &mut Box<dyn Work>| {
            let start = ThreadTime::now();
            black_box(work.run());
            start.elapsed().as_secs_f64().max(1e-9)
        };
        self.round += 1;
        self.plain.prepare(self.round);
        self.listed.prepare(self.round);
        if self.shuffle.below(2) == 0 {
            let plain = timed(&mut self.plain);
            timed(&mut self.listed) / plain
        } else {
            let listed = timed(&mut self.listed);
            listed / timed(&mut self.plain)
        }
    }

    /// The median of such ratios.
    fn ratio(&mut self, time: Duration) -> f64 {
        let start = Instant::now();
        let mut ratios = Vec::new();
        while ratios.len() < 9 || start.elapsed() < time {
            ratios.push(self.round());
        }
        Summary::of(&ratios).map_or(1.0, |summary| summary.median)
    }
}

/// A file that goes with the process.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("static-call-tuned-{}-{name}.toml", std::process::id());
        File(std::env::temp_dir().join(name))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The answering side: one program in this process.
pub(crate) fn one(name: &str, asked: Asked) -> Result<(), String> {
    let row = tune(name, asked)?;
    let line = serde_json::to_string(&row).map_err(|error| error.to_string())?;
    println!("{line}");
    Ok(())
}

fn tune(name: &str, asked: Asked) -> Result<Row, String> {
    let mut pair = Pair::open(name)?;
    let tune = Tune::default()
        .clock(Clock::Processor)
        .budget(Duration::from_millis(asked.milliseconds * 4))
        .seed(asked.seed);
    let mut round = 0;
    let tuned = tune.work(|| {
        round += 1;
        pair.listed.prepare(round);
        black_box(pair.listed.run());
    });
    let tuned = tuned.map_err(|error| format!("{name}: {error}"))?;
    let file = File::new("kept");
    tuned.save(&file.0).map_err(|error| error.to_string())?;
    let time = Duration::from_millis(asked.milliseconds);
    let applied = with(&file.0, &mut pair, time)?;
    let none = File::new("none");
    write(&none.0, &tuned, &[])?;
    let off = with(&none.0, &mut pair, time)?;
    let mut best = f64::min(off, applied);
    let tried = tried(&tuned);
    if asked.by_hand && tried.len() <= MOST_TYPES {
        for choice in 1..1_usize << tried.len() {
            let chosen = tried.iter().enumerate();
            let chosen: Vec<_> = chosen
                .filter(|(at, _)| choice >> at & 1 == 1)
                .map(|(_, one)| *one)
                .collect();
            let file = File::new("by-hand");
            write(&file.0, &tuned, &chosen)?;
            best = best.min(with(&file.0, &mut pair, time)?);
        }
    }
    let plan = tuned.plan();
    let entries = plan.entries().iter();
    let kept = entries.map(|entry| entry.types.len()).sum();
    Ok(Row {
        kept,
        tried: tuned.tried.iter().filter(|one| one.kind.is_some()).count(),
        together: tuned.together.filter(|_| tuned.keeps_anything()),
        seconds: tuned.took.as_secs_f64(),
        applied,
        best,
        off,
        misses: (kept > 0).then(|| second(name, &file.0)).transpose()?,
        table: tuned.to_string(),
    })
}

/// The ratio with a plan from a file.
fn with(file: &Path, pair: &mut Pair, time: Duration) -> Result<f64, String> {
    let plan = Plan::load(file).map_err(|error| error.to_string())?;
    plan.apply().map_err(|error| error.to_string())?;
    // Types are met, and chains written.
    for _ in 0..8 {
        pair.round();
        runtime::retarget().map_err(|error| error.to_string())?;
    }
    Ok(pair.ratio(time))
}

/// Numbers of the rows of `tuned` that were tried.
fn tried(tuned: &Tuned) -> Vec<usize> {
    let rows = tuned.tried.iter().enumerate();
    let tried = rows.filter(|(_, one)| one.kind.is_some());
    tried.map(|(at, _)| at).collect()
}

/// A plan of these rows, as somebody may write it by hand.
fn write(path: &Path, tuned: &Tuned, chosen: &[usize]) -> Result<(), String> {
    let mut text = "version = 1\n".to_owned();
    let rows: Vec<_> = chosen.iter().map(|at| &tuned.tried[*at]).collect();
    for (index, row) in rows.iter().enumerate() {
        if rows[..index].iter().any(|one| one.location == row.location) {
            continue;
        }
        let mut parts = row.location.rsplitn(3, ':');
        let (column, line) = (parts.next(), parts.next());
        let (Some(column), Some(line), Some(file)) = (column, line, parts.next()) else {
            return Err(format!("{} is no place", row.location));
        };
        let (column, number) = match column.split_once(" #") {
            Some((column, number)) => (column, format!("number = {number}\n")),
            None => (column, String::new()),
        };
        let kind = row.kind.map_or_else(String::new, |kind| kind.to_string());
        // Writing to a string never fails.
        let _ = write!(
            text,
            "[[site]]\ncrate = ''\nfile = '{file}'\nline = {line}\ncolumn = {column}\n{number}\
             trait = '{}'\nmethod = '{}'\nplan = '{kind}'\ncalls_per_second = {:.0}\n\
             ratio = 0.9\ninterval = [0.9, 0.9]\nmeasured = '2026-01-01T00:00:00Z'\n",
            row.trait_name, row.method, row.calls_per_second,
        );
        for row in rows.iter().filter(|one| one.location == row.location) {
            for (name, share) in &row.types {
                let _ = writeln!(text, "[[site.types]]\nname = '{name}'\nshare = {share}");
            }
        }
    }
    std::fs::write(path, text).map_err(|error| error.to_string())
}

/// A process that has the file: misses until all of it was met.
fn second(name: &str, file: &Path) -> Result<u64, String> {
    let output = itself()?
        .args(["--follow", name])
        .env("STATIC_CALL_PLAN", file)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    let misses = said.trim().parse();
    misses.map_err(|_| format!("the second process ended with {}: {said}", output.status))
}

/// That process.
pub(crate) fn follow(name: &str) -> Result<(), String> {
    let mut pair = Pair::open(name)?;
    runtime::retarget().map_err(|error| error.to_string())?;
    let misses = || {
        let sites = runtime::sites();
        sites.iter().map(|site| site.misses).max().unwrap_or(0)
    };
    for round in 0..1000 {
        pair.listed.prepare(round);
        black_box(pair.listed.run());
        let report = runtime::report();
        if let Some(error) = report.plan_error {
            return Err(error);
        }
        if report.plan.is_some_and(|plan| plan.waiting.is_empty()) {
            break;
        }
    }
    println!("{}", misses());
    Ok(())
}
