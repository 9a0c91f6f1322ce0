//! Measures variants of a workload in alternation: every round runs each variant
//! once, in an order that turns from round to round, and only times of the same
//! round are compared. A machine that changes speed then changes all of them. The
//! thread's own processor time is taken, so that other programs' turns do not count.

use std::error::Error;
use std::hint::black_box;
use std::str::FromStr;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use static_call::runtime;
use static_call_benches::host::Host;
use static_call_benches::stats::Summary;

use crate::results::{CONTROL, PLAIN, Ratio, Row, Run};

/// Passes of each variant before a retarget: enough for learning windows to fill.
const WARM_UP: usize = 3;
/// Retargets before measuring: windows that re-open find their chains.
const RETARGETS: usize = 4;
/// What a worker is given before measuring, and between its passes.
const SETTLE: Duration = Duration::from_millis(500);
const INTERVAL: Duration = Duration::from_millis(10);

/// When `retarget()` is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passes {
    /// Never: the runtime is not started.
    Never,
    /// From time to time, by a worker.
    Worker,
    /// After each round.
    Rounds,
    /// Until the call sites do what they will do.
    Settled,
}

impl FromStr for Passes {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "never" => Ok(Passes::Never),
            "worker" => Ok(Passes::Worker),
            "rounds" => Ok(Passes::Rounds),
            "settled" => Ok(Passes::Settled),
            _ => Err(format!(
                "`{word}`? There are never, worker, rounds, settled"
            )),
        }
    }
}

/// One pass over the work; returns a checksum of what it computed.
pub type Pass = Box<dyn FnMut() -> u64>;

/// The same work, done by several variants of a crate.
pub struct Workload {
    name: &'static str,
    variants: Vec<(&'static str, Pass)>,
}

impl Workload {
    /// A workload without variants.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Workload {
            name,
            variants: Vec::new(),
        }
    }

    /// Adds a variant; the first one is what the others are compared with.
    #[must_use]
    pub fn variant(mut self, name: &'static str, pass: impl FnMut() -> u64 + 'static) -> Self {
        self.variants.push((name, Box::new(pass)));
        self
    }

    /// Lets the call sites learn, until they do what they will do.
    fn settle(&mut self, passes: Passes) -> Result<(), Box<dyn Error>> {
        let start = Instant::now();
        for _ in 0..RETARGETS {
            for _ in 0..WARM_UP {
                self.compare()?;
            }
            if matches!(passes, Passes::Rounds | Passes::Settled) {
                runtime::retarget()?;
            }
        }
        while passes == Passes::Worker && start.elapsed() < SETTLE {
            self.compare()?;
        }
        Ok(())
    }

    fn measure(&mut self, rounds: usize, passes: Passes) -> Result<Row, Box<dyn Error>> {
        let worker = (passes == Passes::Worker).then(|| runtime::retarget_every(INTERVAL));
        let _worker = worker.transpose()?;
        self.settle(passes)?;
        let mut times = vec![Vec::with_capacity(rounds); self.variants.len()];
        for round in 0..rounds {
            for step in 0..self.variants.len() {
                let index = (round + step) % self.variants.len();
                let start = ThreadTime::now();
                black_box((self.variants[index].1)());
                times[index].push(start.elapsed().as_secs_f64());
            }
            if passes == Passes::Rounds {
                runtime::retarget()?;
            }
        }
        let names = self.variants.iter().map(|(name, _)| *name);
        row(self.name, names.zip(&times)).ok_or_else(|| "nothing to compare".into())
    }

    /// Runs every variant once. All must compute the same.
    fn compare(&mut self) -> Result<(), String> {
        let mut expected = None;
        for (variant, pass) in &mut self.variants {
            let found = pass();
            let expected = *expected.get_or_insert(found);
            if found != expected {
                return Err(format!(
                    "{}: {variant} computed {found:#x}, and {PLAIN} {expected:#x}",
                    self.name
                ));
            }
        }
        Ok(())
    }
}

/// What the variants' times say; the first variant is the plain one.
fn row<'a>(
    workload: &str,
    times: impl Iterator<Item = (&'static str, &'a Vec<f64>)> + Clone,
) -> Option<Row> {
    let (_, plain) = times.clone().next()?;
    let control = times.clone().find(|(name, _)| *name == CONTROL);
    let (_, control) = control.unwrap_or((PLAIN, plain));
    // Two copies of the same code, at two places.
    let both: Vec<f64> = plain
        .iter()
        .zip(control)
        .map(|(plain, control)| f64::midpoint(*plain, *control))
        .collect();
    let ratio = |(variant, times): (&str, &Vec<f64>)| {
        let base = if variant == CONTROL { plain } else { &both };
        let ratios = times.iter().zip(base).map(|(time, base)| time / base);
        Some(Ratio {
            variant: variant.to_owned(),
            ratio: Summary::of(&ratios.collect::<Vec<_>>())?,
        })
    };
    Some(Row {
        workload: workload.to_owned(),
        plain_ms: Summary::of(plain)?.median * 1e3,
        ratios: times.skip(1).map(ratio).collect::<Option<_>>()?,
    })
}

/// The whole of a measuring program. `measure ROUNDS PASSES` measures the workloads and
/// prints a [`Run`] as JSON; `measure ROUNDS PASSES VARIANT` only runs that variant, for a
/// profiler to watch.
///
/// # Errors
/// The number is none, [`Passes`] are others, the runtime refused to retarget, or two variants computed
/// different results.
pub fn main(mut workloads: Vec<Workload>) -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments.next().ok_or("how many rounds?")?.parse()?;
    let passes: Passes = arguments.next().ok_or("which passes?")?.parse()?;
    if let Some(variant) = arguments.next() {
        for workload in &mut workloads {
            workload.settle(passes)?;
            let variants = workload.variants.iter_mut();
            for (_, pass) in variants.filter(|(name, _)| *name == variant) {
                for _ in 0..rounds {
                    black_box(pass());
                }
            }
        }
        return Ok(());
    }
    let rows = workloads
        .iter_mut()
        .map(|workload| workload.measure(rounds, passes))
        .collect::<Result<_, _>>()?;
    let report = if passes == Passes::Never {
        "the runtime was never started\n".to_owned()
    } else {
        let mut report = runtime::report();
        // Sites of libraries that this one depends on are no crate's.
        report.sites.retain(|site| site.trait_name.is_some());
        report.to_string()
    };
    let run = Run {
        host: Host::here().to_string(),
        rows,
        report,
    };
    serde_json::to_writer(std::io::stdout(), &run)?;
    Ok(())
}

/// Mixes a result into a checksum.
#[must_use]
pub fn mix(sum: u64, result: u64) -> u64 {
    (sum.rotate_left(5) ^ result).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::{Passes, Workload, mix, row};

    #[test]
    fn a_variant_that_computes_something_else_is_named() {
        let mut workload = Workload::new("sum")
            .variant("plain", || 7)
            .variant("static", || 8);
        let error = workload.compare().unwrap_err();
        assert!(error.contains("sum: static computed 0x8"), "{error}");
    }

    #[test]
    fn every_variant_but_the_first_gets_a_ratio() {
        let mut workload = Workload::new("sum")
            .variant("plain", || mix(0, 1))
            .variant("control", || mix(0, 1))
            .variant("static", || mix(0, 1));
        let row = workload.measure(5, Passes::Settled).unwrap();
        let variants: Vec<_> = row.ratios.iter().map(|ratio| &*ratio.variant).collect();
        assert_eq!(variants, ["control", "static"]);
        assert!(row.ratios.iter().all(|ratio| ratio.ratio.samples == 5));
    }

    #[test]
    fn ratios_are_of_the_mean_of_both_plain_copies() {
        let times = [vec![2.0], vec![6.0], vec![8.0]];
        let names = ["plain", "control", "static"];
        let row = row("sum", names.into_iter().zip(&times)).unwrap();
        let medians: Vec<_> = row.ratios.iter().map(|ratio| ratio.ratio.median).collect();
        assert_eq!(medians, [3.0, 2.0]);
        let row = super::row("sum", ["plain", "static"].into_iter().zip(&times)).unwrap();
        assert_eq!(row.ratios[0].ratio.median.to_bits(), 3.0_f64.to_bits());
    }

    #[test]
    fn a_checksum_depends_on_the_order() {
        assert_ne!(mix(mix(0, 1), 2), mix(mix(0, 2), 1));
    }
}
