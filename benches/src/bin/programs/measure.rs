//! The measuring side: one program in all its ways, in a process of its own, with the
//! runtime never started, or with passes. The runtime is the process's, and once started
//! it is never stopped.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use cpu_time::ThreadTime;
use serde::{Deserialize, Serialize};
use static_call::runtime::{self, Config, Mode, State};
use static_call_benches::stats::{Shuffle, Summary};

use crate::program::{Program, Size, Work};
use crate::ways::Way;

/// Between a worker's passes.
const INTERVAL: Duration = Duration::from_millis(10);
/// Rounds that are measured at least, however long they take.
const ROUNDS: usize = 9;

/// What starts the runtime, if anything does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// Nothing.
    Never,
    /// A worker.
    Worker,
    /// The program, after each round.
    Passes,
    /// The same while sites settle, with chains wherever they can be.
    Forced,
}

impl Phase {
    pub(crate) const ALL: [Phase; 4] = [Phase::Never, Phase::Worker, Phase::Passes, Phase::Forced];

    /// As given on the command line.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Phase::Never => "never",
            Phase::Worker => "worker",
            Phase::Passes => "passes",
            Phase::Forced => "forced",
        }
    }

    /// Whether a program is measured in it.
    pub(crate) fn applies(self, program: &Program) -> bool {
        self != Phase::Forced || program.forced.is_some()
    }
}

/// How long a program runs.
#[derive(Clone, Copy)]
pub(crate) struct Lasting {
    /// Until sites do what they will do.
    pub(crate) settle: Duration,
    /// While it is measured.
    pub(crate) measure: Duration,
}

/// A program in one phase.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Microseconds for the work of a round, plain.
    pub(crate) plain_microseconds: Summary,
    /// Time over the plain program's: the mean of its two copies', but for the control's.
    pub(crate) ways: BTreeMap<Way, Ratio>,
    /// Microseconds for one `retarget()` by the program.
    pub(crate) pass_microseconds: Option<Summary>,
    /// What the call sites do in the end.
    pub(crate) sites: Vec<String>,
}

/// Time over the plain program's.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Ratio {
    /// Of the times of the same round.
    pub(crate) rounds: Summary,
    /// Of the sums over all rounds: what happens in few rounds counts here.
    pub(crate) total: f64,
}

/// A program, opened in each of its ways.
pub(crate) type Works = Vec<(Way, Box<dyn Work>)>;

/// The ways that apply to a program, opened.
pub(crate) fn open(name: &str, size: Size) -> Result<Works, String> {
    let mut works = Vec::new();
    for way in Way::ALL {
        let mut programs = way.programs().into_iter();
        let program = programs.find(|program| program.name == name);
        if let Some(program) = program.filter(|program| way.applies(program)) {
            works.push((way, (program.open)(size)?));
        }
    }
    match works.first() {
        Some((Way::Plain, _)) => Ok(works),
        _ => Err(format!("there is no program `{name}`")),
    }
}

/// Does the work of so many rounds in one way.
pub(crate) fn alone(name: &str, way: Way, rounds: usize) -> Result<(), String> {
    let mut programs = way.programs().into_iter();
    let program = programs.find(|program| program.name == name && way.applies(program));
    let program = program.ok_or_else(|| format!("`{name}` has no way `{way:?}`"))?;
    let mut work = (program.open)(Size::Full)?;
    for number in 0..rounds {
        work.prepare(number);
        black_box(work.run());
    }
    Ok(())
}

/// Does the work of a round in every way, in the order given, and notes how long each took;
/// all must give the same.
pub(crate) fn round(
    works: &mut [(Way, Box<dyn Work>)],
    number: usize,
    order: &[usize],
    seconds: &mut [f64],
) -> Result<(), String> {
    for (_, work) in &mut *works {
        work.prepare(number);
    }
    let mut first = None;
    for &index in order {
        let (way, work) = &mut works[index];
        // The thread's own time: other programs' turns do not count.
        let start = ThreadTime::now();
        let result = black_box(work.run());
        seconds[index] = start.elapsed().as_secs_f64();
        let (_, expected) = *first.get_or_insert((*way, result));
        if result != expected {
            return Err(format!(
                "round {number}: {way:?} gives {result:#x}, and {first:x?}"
            ));
        }
    }
    Ok(())
}

/// Measures a program.
pub(crate) fn measure(name: &str, phase: Phase, lasting: Lasting) -> Result<Measured, String> {
    let mut works = open(name, Size::Full)?;
    let worker = (phase == Phase::Worker).then(|| runtime::retarget_every(INTERVAL));
    let worker = worker.transpose().map_err(|error| error.to_string())?;
    if phase == Phase::Forced {
        let config = Config::default().mode(Mode::Always).minimum_coverage(0.0);
        runtime::configure(config).map_err(|error| error.to_string())?;
    }
    let clock = clock();
    let mut shuffle = Shuffle::new(1);
    let mut order: Vec<usize> = (0..works.len()).collect();
    let mut seconds = vec![0.0; works.len()];
    let mut samples = vec![Vec::new(); works.len()];
    let mut passes = Vec::new();
    let start = Instant::now();
    for number in 0.. {
        let elapsed = start.elapsed();
        if elapsed >= lasting.settle + lasting.measure && samples[0].len() >= ROUNDS {
            break;
        }
        // Nobody always runs after the same one.
        for last in (1..order.len()).rev() {
            order.swap(last, shuffle.below(last + 1));
        }
        round(&mut works, number, &order, &mut seconds)?;
        if elapsed >= lasting.settle {
            for (samples, seconds) in samples.iter_mut().zip(&seconds) {
                samples.push((seconds - clock).max(0.0));
            }
        }
        if phase == Phase::Passes || phase == Phase::Forced && elapsed < lasting.settle {
            let start = Instant::now();
            runtime::retarget().map_err(|error| error.to_string())?;
            passes.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    drop(worker);
    let plain = &samples[0];
    let micro: Vec<f64> = plain.iter().map(|seconds| seconds * 1e6).collect();
    // Two copies of the same code, at two places.
    let both: Vec<f64> = plain
        .iter()
        .zip(&samples[1])
        .map(|(a, b)| (a + b) / 2.0)
        .collect();
    let ratios = works.iter().zip(&samples).skip(1);
    let ratios = ratios.filter_map(|((way, _), times)| {
        let base = if *way == Way::Control { plain } else { &both };
        Some((*way, ratio(times, base)?))
    });
    Ok(Measured {
        plain_microseconds: Summary::of(&micro).ok_or("no rounds")?,
        ways: ratios.collect(),
        pass_microseconds: Summary::of(&passes),
        // Asking for it would start the runtime.
        sites: if phase == Phase::Never {
            Vec::new()
        } else {
            sites()
        },
    })
}

fn ratio(times: &[f64], plain: &[f64]) -> Option<Ratio> {
    let rounds: Vec<f64> = times.iter().zip(plain).map(|(a, b)| a / b).collect();
    Some(Ratio {
        rounds: Summary::of(&rounds)?,
        total: times.iter().sum::<f64>() / plain.iter().sum::<f64>(),
    })
}

/// Seconds that asking for the time takes.
fn clock() -> f64 {
    let asks = (0..200).map(|_| ThreadTime::now().elapsed().as_secs_f64());
    asks.fold(f64::INFINITY, f64::min)
}

/// What the sites in use do; of a program with very many, some.
fn sites() -> Vec<String> {
    let sites = runtime::sites().into_iter();
    let used = sites.filter(|site| site.state != State::Idle && site.trait_name.is_some());
    let rows = used.map(|site| {
        format!(
            "{} {}: {}: {}; {} misses",
            site.location, site.method, site.state, site.why, site.misses
        )
    });
    rows.take(40).collect()
}
