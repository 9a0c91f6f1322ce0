//! What deciding takes with plain and with static calls, in alternation.

use std::fmt;
use std::time::{Duration, Instant};

use static_call_example_packets::{BATCH, FastRule, Rule};

use crate::error::Error;
use crate::filter::{Calls, Filter, Verdict};
use crate::frames::Batch;
use crate::plugin::Extension;
use crate::rules::Rules;
use crate::sink::{COUNTS, SINK, Sink};

/// The first packets of the traffic, decided about again and again.
#[derive(Default)]
pub(crate) struct Sample {
    batches: Vec<Batch>,
}

/// Nanoseconds a packet.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Plain calls, packet by packet.
    one_by_one: f64,
    plain: f64,
    fixed: f64,
    /// Of each round's times.
    ratio: f64,
    rounds: usize,
}

/// What the rounds have shown.
pub(crate) enum Measured {
    Figures(Figures),
    Different,
}

/// The ways that are compared.
const PLAIN: usize = 0;
const STATIC: usize = 1;
const ONE_BY_ONE: usize = 2;

type Decide<R> = fn(&mut Filter<R>, &Batch, &mut [Verdict; BATCH], &Rules, &dyn Sink);

impl Sample {
    const BATCHES: usize = 128;
    /// Rounds that are too few to say anything.
    const ROUNDS: usize = 3;

    pub(crate) fn offer(&mut self, batch: &Batch) {
        if self.batches.len() < Self::BATCHES {
            self.batches.push(batch.clone());
        }
    }

    pub(crate) fn measure(
        &self,
        rules: &Rules,
        extension: Option<&Extension>,
        time: Duration,
    ) -> Result<Measured, Error> {
        let mut rounds = Vec::new();
        let start = Instant::now();
        let mut verdicts = [Vec::new(), Vec::new(), Vec::new()];
        while rounds.len() < Self::ROUNDS || start.elapsed() < time {
            let mut times = [0.0; 3];
            // Each goes first in one round of three.
            for turn in 0..3 {
                let which = (turn + rounds.len()) % 3;
                let all = &mut verdicts[which];
                times[which] = match which {
                    PLAIN => self.round::<dyn Rule>(decide, rules, extension, all)?,
                    ONE_BY_ONE => self.round::<dyn Rule>(one_by_one, rules, extension, all)?,
                    _ => self.round::<dyn FastRule>(decide, rules, extension, all)?,
                };
            }
            if verdicts[PLAIN] != verdicts[STATIC] || verdicts[PLAIN] != verdicts[ONE_BY_ONE] {
                return Ok(Measured::Different);
            }
            rounds.push(times);
        }
        // The runtime takes its time to learn: the second half tells what it has come to.
        let settled = &rounds[rounds.len() / 2..];
        Ok(Measured::Figures(Figures {
            one_by_one: median(settled.iter().map(|times| times[ONE_BY_ONE])),
            plain: median(settled.iter().map(|times| times[PLAIN])),
            fixed: median(settled.iter().map(|times| times[STATIC])),
            ratio: median(settled.iter().map(|times| times[STATIC] / times[PLAIN])),
            rounds: settled.len(),
        }))
    }

    /// Decides about all packets, with rules that have seen none yet.
    fn round<R: ?Sized + Calls>(
        &self,
        decide: Decide<R>,
        rules: &Rules,
        extension: Option<&Extension>,
        all: &mut Vec<Verdict>,
    ) -> Result<f64, Error> {
        let mut filter = Filter::<R>::new(&rules.conditions);
        if let Some(extension) = extension {
            extension.extend(&mut filter)?;
        }
        let mut verdicts = [Verdict::DEFAULT; BATCH];
        all.clear();
        let start = processor_time();
        for batch in &self.batches {
            decide(&mut filter, batch, &mut verdicts, rules, &COUNTS);
            all.extend_from_slice(&verdicts[..batch.count()]);
        }
        let took = processor_time().saturating_sub(start).as_secs_f64() * 1e9;
        #[expect(clippy::cast_precision_loss, reason = "they are few")]
        Ok(took / all.len() as f64)
    }
}

/// Decides about a batch, and tells the sink: plain calls `sink`, static ones what is bound.
#[inline(never)]
pub(crate) fn decide<R: ?Sized + Calls>(
    filter: &mut Filter<R>,
    batch: &Batch,
    verdicts: &mut [Verdict; BATCH],
    rules: &Rules,
    sink: &dyn Sink,
) {
    filter.decide(&batch.packets, batch.count(), verdicts);
    tell::<R>(batch, verdicts, rules, sink);
}

/// The same with plain calls, packet by packet.
#[inline(never)]
fn one_by_one(
    filter: &mut Filter<dyn Rule>,
    batch: &Batch,
    verdicts: &mut [Verdict; BATCH],
    rules: &Rules,
    sink: &dyn Sink,
) {
    filter.decide_one_by_one(&batch.packets, batch.count(), verdicts);
    tell::<dyn Rule>(batch, verdicts, rules, sink);
}

#[inline(always)]
fn tell<R: ?Sized + Calls>(
    batch: &Batch,
    verdicts: &[Verdict; BATCH],
    rules: &Rules,
    sink: &dyn Sink,
) {
    for (at, verdict) in verdicts.iter().enumerate().take(batch.count()) {
        let action = rules.action(*verdict);
        if R::STATIC {
            SINK.take(batch, at, *verdict, action);
        } else {
            sink.take(batch, at, *verdict, action);
        }
    }
}

/// The time that this thread has run, where the system tells: other programs do not count.
#[cfg(target_os = "linux")]
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// The time that has passed.
#[cfg(not(target_os = "linux"))]
fn processor_time() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The heads of the columns of [`Figures`].
pub(crate) const HEADS: &str =
    "one by one, plain  in batches, plain    static  static/plain  rounds";

impl Figures {
    /// How many times as fast static calls were.
    pub(crate) fn gain(&self) -> f64 {
        1.0 / self.ratio
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:14.1} ns {:17.1} ns {:6.1} ns {:13.2} {:7}",
            self.one_by_one, self.plain, self.fixed, self.ratio, self.rounds
        )
    }
}
