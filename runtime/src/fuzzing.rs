//! Private parts, for the fuzzers in `fuzz/`: there only under `--cfg fuzzing`,
//! which `cargo fuzz` sets.

use std::path::Path;

use crate::arch::{self, Target};
use crate::calibrate::Calibration;
use crate::plan::{self, Candidate, Decision, Evidence, Policy};

/// The encoder: a chain at `at` for pairs of vtable and shim.
///
/// # Panics
/// If the encoder refuses, which it must not for so few targets.
pub fn chain(at: usize, targets: &[(usize, usize)], fallback: usize) -> Vec<u8> {
    let target = |&(vtable, shim): &(usize, usize)| Target { vtable, shim };
    let targets: Vec<_> = targets.iter().map(target).collect();
    arch::chain(at, &targets, fallback).expect("any address can be reached")
}

/// The check of a plugin's file, on bytes that may be anything. Whether it passes.
pub fn plugin_file(bytes: &[u8]) -> bool {
    match crate::plugin::check_file(Path::new("fuzzed.so"), bytes) {
        Ok(()) => true,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

/// What a site saw, and what the planner is told besides; counts by the number of
/// an implementation.
#[derive(Debug)]
pub struct Window {
    /// Calls on each implementation that was met, by its number.
    pub seen: Vec<(u8, u16)>,
    /// Calls on others.
    pub others: u16,
    /// Implementations registered for the trait.
    pub registered: Vec<u8>,
    /// Implementations in the published chain.
    pub current: Vec<u8>,
    /// The chain's capacity.
    pub capacity: usize,
    /// The least share, the least coverage and the margin, in 255ths.
    pub shares: [u8; 3],
    /// What chains cost, in hundredths of the plain call.
    pub calibration: Option<[u8; 2]>,
}

/// The planner: checks what it promises of any decision, for this window and for
/// the same window once more.
///
/// # Panics
/// If a promise is broken.
pub fn plan(window: &Window) {
    let target = |number: u8| Target {
        vtable: 0x1000 + usize::from(number) * 0x40,
        shim: 0x9000 + usize::from(number) * 0x10,
    };
    let mut seen: Vec<Candidate> = Vec::new();
    for &(number, count) in &window.seen {
        // A window tells as many apart as it has room for.
        if let Some(known) = seen.iter_mut().find(|one| one.target == target(number)) {
            known.count += u32::from(count);
        } else if seen.len() < 16 {
            seen.push(Candidate {
                target: target(number),
                count: count.into(),
            });
        }
    }
    let unique = |numbers: &[u8]| {
        let mut targets: Vec<Target> = Vec::new();
        for target in numbers.iter().map(|&number| target(number)) {
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        targets
    };
    let registered = unique(&window.registered);
    let mut current = unique(&window.current);
    current.truncate(window.capacity);
    let samples = u32::from(window.others) + seen.iter().map(|one| one.count).sum::<u32>();
    let share = |number: u8| f32::from(number) / 255.0;
    let policy = Policy {
        minimum_samples: 64,
        minimum_share: share(window.shares[0]),
        minimum_coverage: share(window.shares[1]),
        margin: share(window.shares[2]),
        calibration: window.calibration.map(|[mono, skewed]| Calibration {
            mono: f32::from(mono) / 100.0,
            skewed: f32::from(skewed) / 100.0,
            ..Calibration::UNKNOWN
        }),
    };
    let decide = |current: &[Target]| {
        plan::decide(
            &Evidence {
                seen: &seen,
                samples,
                registered: &registered,
                current,
                capacity: window.capacity,
            },
            &policy,
        )
    };
    let decision = decide(&current);
    assert_eq!(
        decision,
        decide(&current),
        "equal evidence, another decision"
    );
    match &decision {
        Decision::Publish { targets, coverage } => {
            assert!(!targets.is_empty() && targets.len() <= window.capacity);
            assert!((0.0..=1.0).contains(coverage), "{coverage}");
            for (index, target) in targets.iter().enumerate() {
                assert!(!targets[..index].contains(target), "twice in a chain");
                let met = seen.iter().any(|one| one.target == *target);
                assert!(met || registered.contains(target), "from nowhere");
            }
            // Hysteresis: what was just published stays.
            let again = decide(targets);
            assert!(
                matches!(again, Decision::Keep | Decision::Wait),
                "{again:?}"
            );
            if samples >= policy.minimum_samples && !current.is_empty() {
                let covered = |chain: &[Target]| -> u32 {
                    let of = seen.iter().filter(|one| chain.contains(&one.target));
                    of.map(|one| one.count).sum()
                };
                let gain = f64::from(covered(targets)) - f64::from(covered(&current));
                let least = f64::from(policy.margin) * f64::from(samples);
                assert!(
                    gain >= least - 1e-3 * f64::from(samples),
                    "{gain} of {least}"
                );
            }
        }
        Decision::Keep => assert!(!current.is_empty()),
        Decision::Wait => assert!(samples < policy.minimum_samples),
        Decision::Rest(_) => assert!(samples >= policy.minimum_samples),
    }
}
