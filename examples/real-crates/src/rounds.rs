//! Measures variants of a workload in alternation: every round runs each variant
//! once, in an order that turns from round to round, and only times of the same
//! round are compared. A machine that changes speed then changes all of them. The
//! thread's own processor time is taken, so that other programs' turns do not count.

use std::error::Error;
use std::hint::black_box;

use cpu_time::ThreadTime;
use static_call::runtime;
use static_call_benches::host::Host;
use static_call_benches::stats::Summary;

use crate::results::{PLAIN, Ratio, Row, Run};

/// Passes of each variant before a retarget: enough for learning windows to fill.
const WARM_UP: usize = 3;
/// Retargets before measuring: windows that re-open find their chains.
const RETARGETS: usize = 4;

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
    fn settle(&mut self) -> Result<(), Box<dyn Error>> {
        for _ in 0..RETARGETS {
            for _ in 0..WARM_UP {
                self.compare()?;
            }
            runtime::retarget()?;
        }
        Ok(())
    }

    fn measure(&mut self, rounds: usize) -> Result<Row, Box<dyn Error>> {
        self.settle()?;
        let mut times = vec![Vec::with_capacity(rounds); self.variants.len()];
        for round in 0..rounds {
            for step in 0..self.variants.len() {
                let index = (round + step) % self.variants.len();
                let start = ThreadTime::now();
                black_box((self.variants[index].1)());
                times[index].push(start.elapsed().as_secs_f64());
            }
        }
        let plain = times.first().ok_or("a workload without variants")?;
        let summary = |samples: &[f64]| Summary::of(samples).ok_or("no rounds");
        let ratio = |(index, (variant, _)): (usize, &(&str, Pass))| {
            let ratios: Vec<f64> = times[index]
                .iter()
                .zip(plain)
                .map(|(time, plain)| time / plain)
                .collect();
            Ok(Ratio {
                variant: (*variant).to_owned(),
                ratio: summary(&ratios)?,
            })
        };
        Ok(Row {
            workload: self.name.to_owned(),
            plain_ms: summary(plain)?.median * 1e3,
            ratios: self
                .variants
                .iter()
                .enumerate()
                .skip(1)
                .map(ratio)
                .collect::<Result<_, &str>>()?,
        })
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

/// The whole of a measuring program. `measure ROUNDS` measures the workloads and
/// prints a [`Run`] as JSON; `measure ROUNDS VARIANT` only runs that variant, for a
/// profiler to watch.
///
/// # Errors
/// The number is none, the runtime refused to retarget, or two variants computed
/// different results.
pub fn main(mut workloads: Vec<Workload>) -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments.next().ok_or("how many rounds?")?.parse()?;
    if let Some(variant) = arguments.next() {
        for workload in &mut workloads {
            workload.settle()?;
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
        .map(|workload| workload.measure(rounds))
        .collect::<Result<_, _>>()?;
    let mut report = runtime::report();
    // Sites of libraries that this one depends on are no crate's.
    report.sites.retain(|site| site.trait_name.is_some());
    let run = Run {
        host: Host::here().to_string(),
        rows,
        report: report.to_string(),
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
    use super::{Workload, mix};

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
        let row = workload.measure(5).unwrap();
        let variants: Vec<_> = row.ratios.iter().map(|ratio| &*ratio.variant).collect();
        assert_eq!(variants, ["control", "static"]);
        assert!(row.ratios.iter().all(|ratio| ratio.ratio.samples == 5));
    }

    #[test]
    fn a_checksum_depends_on_the_order() {
        assert_ne!(mix(mix(0, 1), 2), mix(mix(0, 2), 1));
    }
}
