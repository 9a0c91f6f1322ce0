//! Measured plans: a program's own workload decides what its call sites do.
//!
//! [`statistics`] and [`procedure`] decide, and are pure. [`slots`] runs a workload, and
//! [`engine`](crate::engine) switches code. What comes of it is a [`Tuned`], and a
//! [`Plan`](crate::runtime::Plan) that other processes apply.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts and seconds, far below 2^53"
)]

use std::fmt;
use std::time::{Duration, Instant};

use crate::engine::{self, CannotTune, Engine, Met, Place, RetargetError, Switch};

mod apply;
mod procedure;
mod slots;
mod statistics;
mod tuned;

use procedure::{Options, TooShort};
use slots::{Common, Line, Running, Switches, Timed, runs_of};
pub use tuned::{Tried, Tuned, Verdict};

/// What time a slot of work is measured in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Clock {
    /// As it passes.
    #[default]
    Wall,
    /// What the process was on processors for, all threads together. It is blind to waiting,
    /// and to neighbours that take the processor away: for workloads that are busy all the
    /// time, on machines that are not one's own.
    Processor,
}

/// How to tune, where [`tune`] is not enough.
///
/// ```
/// use std::time::Duration;
/// use static_call::runtime::{Clock, Tune};
///
/// let tuned = Tune::default()
///     .budget(Duration::from_millis(200))
///     .clock(Clock::Processor)
///     .work(|| { std::hint::black_box((0..1000).sum::<u64>()); })?;
/// assert!(tuned.plan().entries().is_empty());     // there is no call site
/// # Ok::<(), static_call::runtime::TuneError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is run before `work` or `while_running`"]
pub struct Tune {
    budget: Option<Duration>,
    alpha: f64,
    clock: Clock,
    seed: Option<u64>,
}

impl Default for Tune {
    fn default() -> Self {
        Tune {
            budget: None,
            alpha: 0.01,
            clock: Clock::Wall,
            seed: None,
        }
    }
}

/// Pairs of slots that a budget nobody has given holds.
const PAIRS: f64 = 400.0;
/// And its bounds.
const SHORTEST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(300);
/// The shortest slot, and how many times what a flip costs it lasts at least.
const SLOT: Duration = Duration::from_millis(1);
const RUNNING_SLOT: Duration = Duration::from_millis(4);
const FLIPS: u32 = 20;
/// What gains less than this, in logs, is not worth a switch.
const MARGIN: f64 = 0.002;
/// Times that windows are opened, in runs of the workload.
const WINDOWS: u32 = 4;

impl Tune {
    /// The most time that the decision may take; recording before it takes a few runs more.
    /// If not given, what 400 pairs of slots take, from 2 seconds to 5 minutes.
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = Some(budget);
        self
    }

    /// What time is measured.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// What coins are thrown by, to repeat a run; if not given, the clock.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// As [`tune`].
    ///
    /// # Errors
    /// As [`tune`].
    pub fn work(self, mut work: impl FnMut()) -> Result<Tuned, TuneError> {
        let began = Instant::now();
        let session = Session::begin()?;
        let (_, _, once) = runs_of(&mut work, SLOT);
        // As often as makes up some slots.
        let times = (0.002 / once.max(1e-9)).clamp(1.0, 1e6) as u32;
        let mut some = || (0..times).for_each(|_| work());
        let (met, seconds) = session.record(&mut some)?;
        let mut switches = Code;
        let flip = flips(&mut switches, &session)?;
        let slot = SLOT.max(flip * FLIPS);
        let (runs, settle, once) = runs_of(&mut work, slot);
        let pair = 2.0 * once * f64::from(runs + settle);
        let budget = self.budget_of(pair);
        let mut bench = Timed {
            common: Common {
                switches,
                start: Instant::now(),
                line: Line::new(budget),
                failed: None,
            },
            work,
            clock: self.clock,
            runs,
            settle,
        };
        let groups = session.groups();
        let outcome = (!groups.is_empty())
            .then(|| procedure::decide(&mut bench, &groups, self.options(budget)));
        if let Some(error) = bench.common.failed.take() {
            return Err(error);
        }
        drop(bench);
        let slot = Duration::from_secs_f64(once * f64::from(runs));
        session.end(outcome, &met, seconds, began, flip, slot)
    }

    /// As [`tune_while`].
    ///
    /// # Errors
    /// As [`tune_while`].
    pub fn while_running(self, progress: impl FnMut() -> u64) -> Result<Tuned, TuneError> {
        let began = Instant::now();
        let session = Session::begin()?;
        let mut wait = || std::thread::sleep(Duration::from_millis(20));
        let (met, seconds) = session.record(&mut wait)?;
        let mut switches = Code;
        let flip = flips(&mut switches, &session)?;
        let slot = RUNNING_SLOT.max(flip * FLIPS);
        let budget = self.budget_of(slot.as_secs_f64() * 2.25);
        let mut bench = Running {
            common: Common {
                switches,
                start: Instant::now(),
                line: Line::new(budget),
                failed: None,
            },
            progress,
            slot,
            done: 0,
        };
        let groups = session.groups();
        let outcome = (!groups.is_empty())
            .then(|| procedure::decide(&mut bench, &groups, self.options(budget)));
        if let Some(error) = bench.common.failed.take() {
            return Err(error);
        }
        let stands = outcome.is_some() && bench.done == 0;
        drop(bench);
        if stands {
            return Err(TuneError::NoProgress);
        }
        session.end(outcome, &met, seconds, began, flip, slot)
    }

    fn budget_of(&self, pair: f64) -> Duration {
        let wanted = Duration::from_secs_f64((pair * PAIRS).min(1e6));
        self.budget.unwrap_or(wanted.clamp(SHORTEST, LONGEST))
    }

    fn options(&self, budget: Duration) -> Options {
        Options {
            alpha: self.alpha,
            budget: budget.as_secs_f64(),
            margin: MARGIN,
            seed: self
                .seed
                .unwrap_or_else(|| crate::os::clocks().0.unsigned_abs()),
        }
    }
}

/// Finds out what each call site brings in this workload, by the workload's own time: runs it
/// again and again with the sites' plans on and off in turns, at random, and keeps those that
/// are proven to make it faster. Nothing is kept if all that was kept together is not faster.
///
/// What is kept is on afterwards, chains from the next pass on, and [`Tuned::plan`] has it as data. Where it returns an
/// error, or the workload panics, sites go on with what they did before. Passes decide nothing
/// meanwhile.
///
/// The workload should do the same each time, and do what production does: some 50 µs to some
/// 500 ms of it. Call it without other load on the machine, or with
/// [`Clock::Processor`]. On a terminal a line on standard error says how far it is.
///
/// Ctrl-C ends the process, as always. That is safe at any moment: nothing was written
/// anywhere, and code is patched in the process's own memory only.
///
/// # Errors
/// See [`TuneError`].
///
/// ```
/// use static_call::{runtime, static_call, static_dispatch};
///
/// #[static_dispatch]
/// trait Shape {
///     #[static_dispatch(targets = 2)]
///     fn area(&self) -> u64;
/// }
/// # struct Square(u64);
/// # impl Shape for Square { fn area(&self) -> u64 { self.0 * self.0 } }
/// let shapes: Vec<Box<dyn Shape>> = (0..1000).map(|x| Box::new(Square(x)) as _).collect();
/// let work = || {
///     let areas = shapes.iter().map(|shape| static_call!(shape.area(), inline = [Square]));
///     std::hint::black_box(areas.sum::<u64>());
/// };
/// # let work = || work();
/// # if cfg!(miri) { return Ok(()); }
/// let tuned = runtime::tune(work)?;
/// println!("{tuned}");                            // what was tried, and what it brought
/// # Ok::<(), runtime::TuneError>(())
/// ```
pub fn tune(work: impl FnMut()) -> Result<Tuned, TuneError> {
    Tune::default().work(work)
}

/// The same for a program that runs by itself, a service for one: `progress` says how much it
/// has done so far (requests, frames, bytes), and is asked for `duration`, some 4 ms apart.
///
/// # Errors
/// See [`TuneError`].
///
/// ```no_run
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::Duration;
/// use static_call::runtime;
///
/// static REQUESTS: AtomicU64 = AtomicU64::new(0);     // counted by the service's threads
/// let progress = || REQUESTS.load(Ordering::Relaxed);
/// println!("{}", runtime::tune_while(progress, Duration::from_secs(10))?);
/// # Ok::<(), runtime::TuneError>(())
/// ```
pub fn tune_while(progress: impl FnMut() -> u64, duration: Duration) -> Result<Tuned, TuneError> {
    Tune::default().budget(duration).while_running(progress)
}

/// Why nothing was decided. Call sites do what they did before.
#[non_exhaustive]
pub enum TuneError {
    /// The budget holds fewer than 60 pairs of slots.
    TooShort {
        /// About as much would do.
        wanted: Duration,
    },
    /// `progress` has not moved.
    NoProgress,
    /// A workload is being tuned already: elsewhere, or around this one.
    Busy,
    /// The mode is `off`.
    Off,
    /// Asked for by a plugin; tuning is the program's.
    Plugin,
    /// The system refused a step of patching.
    Refused(RetargetError),
}

crate::words::debug_is_the_sentence!(TuneError);

impl fmt::Display for TuneError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TuneError::TooShort { wanted } => write!(
                formatter,
                "there is too little time to tell anything: this workload wants a budget of \
                 some {} s, or shorter runs",
                wanted.as_secs() + 1
            ),
            TuneError::NoProgress => formatter.write_str(
                "the progress has not moved; count what the program does while it is tuned",
            ),
            TuneError::Busy => {
                formatter.write_str("a workload is being tuned already; tune one after the other")
            }
            TuneError::Off => formatter.write_str(
                "the mode is `off`, so nothing can be tried; leave `STATIC_CALL=off` out",
            ),
            TuneError::Plugin => {
                formatter.write_str("a plugin asked for it; tune the program that loads it")
            }
            TuneError::Refused(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for TuneError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            TuneError::Refused(error) => Some(error),
            _ => None,
        }
    }
}

impl From<CannotTune> for TuneError {
    fn from(cannot: CannotTune) -> Self {
        match cannot {
            CannotTune::Off => TuneError::Off,
            CannotTune::Busy => TuneError::Busy,
            CannotTune::Refused(error) => TuneError::Refused(error),
        }
    }
}

/// Real switches.
struct Code;

impl Switches for Code {
    fn set(&mut self, on: &[bool]) -> Result<(), TuneError> {
        with(|engine| engine.set_switches(on))
    }
}

fn with<R>(work: impl FnOnce(&mut Engine) -> Result<R, RetargetError>) -> Result<R, TuneError> {
    engine::with(work).map_err(TuneError::Refused)
}

/// What it takes to flip all of them: the median of some.
fn flips(code: &mut Code, session: &Session) -> Result<Duration, TuneError> {
    let all = session.groups().len();
    if all == 0 {
        return Ok(Duration::ZERO);
    }
    let mut took = Vec::new();
    for round in 0..16 {
        let start = Instant::now();
        code.set(&vec![round % 2 == 0; all])?;
        took.push(start.elapsed());
    }
    took.sort();
    Ok(took[took.len() / 2])
}

/// From the first window to the end: if that is not reached, as where the workload panics,
/// sites go on with what they did before.
struct Session {
    is_over: bool,
}

impl Session {
    fn begin() -> Result<Self, TuneError> {
        if crate::host::is_adopted() {
            return Err(TuneError::Plugin);
        }
        crate::pass::from_environment();
        engine::with(Engine::begin_tuning)?;
        Ok(Session { is_over: false })
    }

    /// Counts calls, has windows see them, and finds what there is to try.
    #[allow(clippy::unused_self, reason = "there is a session")]
    fn record(&self, some: &mut dyn FnMut()) -> Result<(Vec<Met>, f64), TuneError> {
        let start = Instant::now();
        some();
        let seconds = start.elapsed().as_secs_f64();
        with(Engine::count_calls)?;
        some();
        let counted = engine::with(Engine::counted);
        let places: Vec<Place> = counted.iter().map(|(place, _)| *place).collect();
        for round in 0..WINDOWS {
            let seed = crate::os::clocks().0 as u16;
            with(|engine| engine.open_windows(&places, seed ^ (round as u16) << 3))?;
            some();
        }
        engine::meet_strangers();
        let mut met = engine::with(|engine| engine.switches(&counted, seconds));
        let unpatchable = with(Engine::ready)?;
        for one in &mut met {
            if unpatchable.contains(&one.place) {
                one.untried = Some(engine::Untried::Unpatchable);
            }
        }
        Ok((met, seconds))
    }

    /// Which switches are of one site.
    fn groups(&self) -> Vec<usize> {
        let places: Vec<Place> = self.tried().iter().map(|one| one.place).collect();
        let first = |place: &Place| places.iter().position(|one| one == place);
        places.iter().filter_map(first).collect()
    }

    #[allow(clippy::unused_self, reason = "there is a session")]
    fn tried(&self) -> Vec<Switch> {
        engine::with(|engine| engine.tried().to_vec())
    }

    /// Goes on with what was kept.
    fn end(
        mut self,
        outcome: Option<Result<procedure::Outcome, TooShort>>,
        met: &[Met],
        seconds: f64,
        began: Instant,
        flip: Duration,
        slot: Duration,
    ) -> Result<Tuned, TuneError> {
        let outcome = outcome.transpose().map_err(|short| TuneError::TooShort {
            wanted: Duration::from_secs_f64(short.wanted.clamp(0.0, 1e9)),
        })?;
        let tried = self.tried();
        let mut tuned = Tuned::new(outcome.as_ref(), met, &tried, seconds);
        tuned.flip = flip;
        tuned.slot = slot;
        self.is_over = true;
        let plan = tuned.plan();
        with(|engine| engine.end_tuning(Some(plan)))?;
        tuned.took = began.elapsed();
        Ok(tuned)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.is_over {
            // A refusal is in the report.
            let _ = engine::with(|engine| engine.end_tuning(None));
        }
    }
}
