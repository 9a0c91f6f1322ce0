//! The two ways to run a program in slots.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::procedure::{Bench, Step};
use super::{Clock, TuneError};
use crate::os;

/// Switches code.
pub(super) trait Switches {
    fn set(&mut self, on: &[bool]) -> Result<(), TuneError>;
}

/// Nanoseconds by a clock.
fn nanoseconds(clock: Clock) -> i64 {
    let (wall, cpu) = os::clocks();
    match clock {
        Clock::Wall => wall,
        Clock::Processor => cpu,
    }
}

fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// What both have in common.
pub(super) struct Common<S> {
    pub(super) switches: S,
    pub(super) start: Instant,
    pub(super) line: Line,
    /// What went wrong: from then on nothing is run, and whatever was found is thrown away.
    pub(super) failed: Option<TuneError>,
}

impl<S: Switches> Common<S> {
    fn set(&mut self, on: &[bool]) -> bool {
        if self.failed.is_none()
            && let Err(error) = self.switches.set(on)
        {
            self.failed = Some(error);
        }
        self.failed.is_none()
    }

    fn elapsed(&self) -> f64 {
        if self.failed.is_some() {
            // All budgets are spent.
            return f64::MAX / 4.0;
        }
        self.start.elapsed().as_secs_f64()
    }
}

/// A closure that is run again and again.
pub(super) struct Timed<S, W> {
    pub(super) common: Common<S>,
    pub(super) work: W,
    pub(super) clock: Clock,
    /// Runs in a slot that are timed, and such before them that are not.
    pub(super) runs: u32,
    pub(super) settle: u32,
}

impl<S: Switches, W: FnMut()> Bench for Timed<S, W> {
    fn slot(&mut self, on: &[bool]) -> f64 {
        if !self.common.set(on) {
            return 1.0;
        }
        (0..self.settle).for_each(|_| (self.work)());
        let from = nanoseconds(self.clock);
        (0..self.runs).for_each(|_| (self.work)());
        let took = nanoseconds(self.clock) - from;
        seconds(took) / f64::from(self.runs)
    }

    fn elapsed(&self) -> f64 {
        self.common.elapsed()
    }

    fn at(&mut self, step: Step, pairs: usize) {
        self.common.line.show(step, pairs);
    }
}

/// How many runs fill a slot, and how many come before; and the seconds of one.
pub(super) fn runs_of(work: &mut impl FnMut(), slot: Duration) -> (u32, u32, f64) {
    let start = Instant::now();
    work();
    let (mut count, mut best) = (0, f64::INFINITY);
    while count < 3 || (start.elapsed() < slot * 4 && count < 1000) {
        let one = Instant::now();
        work();
        best = best.min(one.elapsed().as_secs_f64());
        count += 1;
    }
    let runs = (slot.as_secs_f64() / best.max(1e-9)).clamp(1.0, 1e6) as u32;
    let settle = if runs > 1 { (runs / 8).max(1) } else { 0 };
    (runs, settle, best)
}

/// A program that runs by itself and counts what it has done.
pub(super) struct Running<S, P> {
    pub(super) common: Common<S>,
    pub(super) progress: P,
    pub(super) slot: Duration,
    /// Steps of progress in all.
    pub(super) done: u64,
}

impl<S: Switches, P: FnMut() -> u64> Bench for Running<S, P> {
    fn slot(&mut self, on: &[bool]) -> f64 {
        if !self.common.set(on) {
            return 1.0;
        }
        std::thread::sleep(self.slot / 8);
        let (start, from) = (Instant::now(), (self.progress)());
        std::thread::sleep(self.slot);
        let done = (self.progress)().wrapping_sub(from);
        self.done = self.done.saturating_add(done);
        start.elapsed().as_secs_f64() / done.max(1) as f64
    }

    fn elapsed(&self) -> f64 {
        self.common.elapsed()
    }

    fn at(&mut self, step: Step, pairs: usize) {
        self.common.line.show(step, pairs);
    }
}

/// One line about how far it is, on a terminal.
pub(super) struct Line {
    is_shown: bool,
    start: Instant,
    budget: Duration,
    last: Option<Instant>,
}

impl Line {
    pub(super) fn new(budget: Duration) -> Self {
        Line {
            is_shown: std::io::stderr().is_terminal(),
            start: Instant::now(),
            budget,
            last: None,
        }
    }

    fn show(&mut self, step: Step, pairs: usize) {
        const EVERY: Duration = Duration::from_millis(100);
        if !self.is_shown || self.last.is_some_and(|last| last.elapsed() < EVERY) {
            return;
        }
        self.last = Some(Instant::now());
        let step = match step {
            Step::Screening => "all call sites at once",
            Step::Company => "what gained, again",
            Step::OnTop => "what else is listed there",
            Step::Confirming => "all that is kept, against none",
        };
        let spent = self.start.elapsed().as_secs_f64();
        // What cannot be shown is no reason to stop.
        let _ = write!(
            std::io::stderr(),
            "\r\x1b[Ktuning: {spent:.1} of at most {:.0} s, {pairs} pairs; {step}",
            self.budget.as_secs_f64()
        );
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.last.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
