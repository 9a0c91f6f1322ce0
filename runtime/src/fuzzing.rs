//! Private parts, for the fuzzers in `fuzz/`: there only under `--cfg fuzzing`,
//! which `cargo fuzz` sets.

use std::path::Path;

use crate::arch::{self, Target};
use crate::plan::{self, Candidate, Decision, Evidence, Plan, Policy};

/// The encoder: a chain at `at` for pairs of vtable and shim.
///
/// # Panics
/// If the encoder refuses, which it must not for so few targets.
pub fn chain(at: usize, targets: &[(usize, usize)], fallback: usize) -> Vec<u8> {
    let target = |&(vtable, shim): &(usize, usize)| Target { vtable, shim };
    let targets: Vec<_> = targets.iter().map(target).collect();
    arch::chain(at, &targets, fallback, arch::Receiver::First).expect("any address can be reached")
}

/// The same by the encoder for AArch64; addresses of code are cut to multiples of four there.
///
/// # Panics
/// If the encoder refuses, which it must not for so few targets.
pub fn chain_of_aarch64(at: usize, targets: &[(usize, usize)], fallback: usize) -> Vec<u8> {
    let target = |&(vtable, shim): &(usize, usize)| Target {
        vtable,
        shim: shim & !3,
    };
    let targets: Vec<_> = targets.iter().map(target).collect();
    arch::aarch64::chain(at, &targets, fallback & !3, arch::Receiver::First)
        .expect("any address can be reached")
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
    /// Calls on each implementation that was met, by its number, and the index of its
    /// key if it is listed.
    pub seen: Vec<(u8, u16, Option<u8>)>,
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
}

/// The planner: checks what it promises of any decision, for this window and for
/// the same window once more.
///
/// # Panics
/// If a promise is broken.
pub fn plan(window: &Window) {
    let seen = window.candidates();
    let registered = unique(&window.registered);
    let mut chain = unique(&window.current);
    chain.truncate(window.capacity);
    let current = Plan {
        guards: Vec::new(),
        chain,
    };
    let samples = u32::from(window.others) + seen.iter().map(|one| one.count).sum::<u32>();
    let policy = window.policy();
    let decide = |current: &Plan| {
        plan::decide(
            &Evidence {
                seen: &seen,
                samples,
                registered: &registered,
                current,
                capacity: window.capacity,
                has_guards: seen.iter().any(|one| one.key.is_some()),
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
        Decision::Publish { plan, figures } => {
            assert!(plan.chain.len() <= window.capacity);
            assert!(!plan.chain.is_empty() || !plan.guards.is_empty());
            for share in [figures.guarded, figures.chained] {
                assert!((0.0..=1.0).contains(&share), "{share}");
            }
            let guarded = plan.guards.iter().map(|guard| guard.target);
            let known: Vec<Target> = guarded.chain(plan.chain.iter().copied()).collect();
            for (index, target) in known.iter().enumerate() {
                assert!(!known[..index].contains(target), "known twice");
                let met = seen.iter().any(|one| one.target == *target);
                assert!(met || registered.contains(target), "from nowhere");
            }
            for guard in &plan.guards {
                let named =
                    |one: &Candidate| one.target == guard.target && one.key == Some(guard.key);
                assert!(seen.iter().any(named), "a key that nobody named");
            }
            // Hysteresis: what was just published stays.
            let again = decide(plan);
            assert!(
                matches!(again, Decision::Keep | Decision::Wait),
                "{again:?}"
            );
            let same_kind = plan.guards.is_empty() && !plan.chain.is_empty();
            if samples >= policy.minimum_samples && !current.chain.is_empty() && same_kind {
                let covered = |chain: &[Target]| -> u32 {
                    let of = seen.iter().filter(|one| chain.contains(&one.target));
                    of.map(|one| one.count).sum()
                };
                let gain = f64::from(covered(&plan.chain)) - f64::from(covered(&current.chain));
                let least = f64::from(policy.margin) * f64::from(samples);
                assert!(
                    gain >= least - 1e-3 * f64::from(samples),
                    "{gain} of {least}"
                );
            }
        }
        Decision::Keep => assert!(!current.chain.is_empty()),
        Decision::Wait => assert!(samples < policy.minimum_samples),
        Decision::Rest(_) => assert!(samples >= policy.minimum_samples),
    }
}

impl Window {
    fn candidates(&self) -> Vec<Candidate> {
        let mut seen: Vec<Candidate> = Vec::new();
        for &(number, count, key) in &self.seen {
            // A window tells as many apart as it has room for.
            if let Some(known) = seen.iter_mut().find(|one| one.target == target(number)) {
                known.count += u32::from(count);
            } else if seen.len() < 16 {
                seen.push(Candidate {
                    target: target(number),
                    count: count.into(),
                    key: key.map(usize::from),
                });
            }
        }
        seen
    }

    fn policy(&self) -> Policy {
        let share = |number: u8| f32::from(number) / 255.0;
        Policy {
            minimum_samples: 64,
            minimum_share: share(self.shares[0]),
            minimum_coverage: share(self.shares[1]),
            margin: share(self.shares[2]),
        }
    }
}

fn target(number: u8) -> Target {
    Target {
        vtable: 0x1000 + usize::from(number) * 0x40,
        shim: 0x9000 + usize::from(number) * 0x10,
    }
}

fn unique(numbers: &[u8]) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    for target in numbers.iter().map(|&number| target(number)) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}
