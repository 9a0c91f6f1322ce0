//! The procedure on programs that are made up: what is true is known here.

use super::*;

/// The log of the time under settings, at a share of the budget.
type Effect = fn(&[bool], f64) -> f64;
/// What a slot's time is multiplied by, as a log.
type Noise = fn(&mut Coins, slot: u64) -> f64;

/// A program whose times are drawn.
struct Simulated {
    effect: Effect,
    noise: Noise,
    coins: Coins,
    slots: u64,
    budget: f64,
}

const SLOT: f64 = 0.001;

impl Bench for Simulated {
    fn slot(&mut self, on: &[bool]) -> f64 {
        self.slots += 1;
        let passed = self.elapsed() / self.budget;
        SLOT * ((self.effect)(on, passed) + (self.noise)(&mut self.coins, self.slots)).exp()
    }

    fn elapsed(&self) -> f64 {
        self.slots as f64 * SLOT
    }
}

fn uniform(coins: &mut Coins) -> f64 {
    ((coins.number() >> 11) as f64 + 0.5) / 2_f64.powi(53)
}

/// A percent or two about the middle.
fn quiet(coins: &mut Coins, _: u64) -> f64 {
    (uniform(coins) + uniform(coins) - 1.0) * 0.02
}

/// One slot in six is held up, by anything up to ten times.
fn heavy(coins: &mut Coins, slot: u64) -> f64 {
    let rest = quiet(coins, slot);
    if uniform(coins) < 0.16 {
        rest - (0.1 + 0.9 * uniform(coins)).ln()
    } else {
        rest
    }
}

/// The machine becomes slower and faster, and is quiet otherwise.
fn drift(coins: &mut Coins, slot: u64) -> f64 {
    (slot as f64 / 97.0).sin() * 0.2 + quiet(coins, slot)
}

const NOISES: [(&str, Noise); 3] = [("quiet", quiet), ("heavy", heavy), ("drift", drift)];

fn tune(effect: Effect, noise: Noise, groups: &[usize], pairs: f64, seed: u64) -> Outcome {
    let budget = pairs * 2.0 * SLOT;
    let mut bench = Simulated {
        effect,
        noise,
        coins: Coins(seed.wrapping_mul(0xDEAD_BEEF)),
        slots: 0,
        budget,
    };
    let options = Options {
        alpha: 0.01,
        budget,
        margin: 0.002,
        seed,
    };
    decide(&mut bench, groups, options).expect("there is time")
}

/// Fewer where the code is not optimized: each takes milliseconds there.
const TRIALS: u64 = if cfg!(debug_assertions) { 60 } else { 1500 };

fn on(settings: &[bool], effects: &[f64]) -> f64 {
    let all = settings.iter().zip(effects);
    all.map(|(on, effect)| if *on { *effect } else { 0.0 })
        .sum()
}

fn ln_one_plus(x: f64) -> f64 {
    x.ln_1p()
}

/// Of 13,500 trials where nothing helps none keeps anything, whatever the noise.
#[test]
fn what_does_not_help_is_not_kept() {
    let nothing: [(&str, Effect); 3] = [
        ("no effect", |_, _| 0.0),
        ("all hurt", |s, _| on(s, &[0.005, 0.01, 0.05])),
        // Two that hurt together and do nothing alone.
        (
            "hurt together",
            |s, _| if s[0] && s[1] { 0.05 } else { 0.0 },
        ),
    ];
    for (noise, of) in NOISES {
        for (name, effect) in nothing {
            for seed in 0..TRIALS {
                let out = tune(effect, of, &[0, 0, 1], 160.0, seed);
                let kept: Vec<_> = (0..3).filter(|i| out.keeps(*i)).collect();
                assert!(kept.is_empty(), "{noise}, {name}, {seed}: {out:?}");
            }
        }
    }
}

#[test]
fn a_workload_that_turns_round_keeps_nothing() {
    for (noise, of) in NOISES {
        for seed in 0..TRIALS {
            // The first gains for a tenth of the time, and costs as much for the rest.
            let effect =
                |s: &[bool], passed: f64| on(s, &[if passed < 0.15 { -0.03 } else { 0.03 }, 0.0]);
            let out = tune(effect, of, &[0, 1], 200.0, seed);
            assert!(!out.keeps(0) && !out.keeps(1), "{noise}, {seed}: {out:?}");
        }
    }
}

#[test]
fn what_helps_is_found_and_what_hurts_beside_it_is_not_kept() {
    let mut found = [0; 4];
    for seed in 0..TRIALS {
        let effect = |s: &[bool], _: f64| {
            let effects = [-0.02, -0.05, 0.0, 0.02].map(ln_one_plus);
            on(s, &effects)
        };
        let out = tune(effect, quiet, &[0, 1, 2, 3], 400.0, seed);
        (0..4).for_each(|i| found[i] += u64::from(out.keeps(i)));
        if out.keeps(1) {
            let (low, high) = (out.total.low, out.total.high);
            let truth = (0..4).filter(|i| out.keeps(*i));
            let truth: f64 = truth
                .map(|i| [-0.02, -0.05, 0.0, 0.02][i])
                .map(ln_one_plus)
                .sum();
            // Within a little of it: one in a hundred may lie outside.
            assert!(
                low - 0.01 <= truth && truth <= high + 0.01,
                "{seed}: {out:?}"
            );
        }
    }
    assert!(found[0] > TRIALS * 9 / 10, "two percent: {found:?}");
    assert!(found[1] > TRIALS * 9 / 10, "five percent: {found:?}");
    assert_eq!((found[2], found[3]), (0, 0), "of {TRIALS}");
}

/// The second type's guard costs where the first one's is off, and gains behind it.
fn second_behind_first(s: &[bool], _: f64) -> f64 {
    match (s[0], s[1]) {
        (false, false) => 0.0,
        (true, false) => -0.3,
        (false, true) => 0.1,
        (true, true) => -0.4,
    }
}

#[test]
fn what_gains_only_on_top_of_another_in_its_place_is_found_there() {
    let mut found = 0;
    for seed in 0..TRIALS {
        let out = tune(second_behind_first, quiet, &[0, 0], 300.0, seed);
        assert!(out.keeps(0), "{seed}: {out:?}");
        found += u64::from(out.keeps(1));
        // Elsewhere it would not be tried again.
        let out = tune(second_behind_first, quiet, &[0, 1], 300.0, seed);
        assert!(out.keeps(0), "{seed}: {out:?}");
    }
    assert!(found > TRIALS * 9 / 10, "{found} of {TRIALS}");
}

#[test]
fn two_that_help_only_together_are_kept_together_or_not_at_all() {
    let effect = |s: &[bool], _: f64| if s[0] && s[1] { -0.1 } else { 0.0 };
    let mut found = 0;
    for seed in 0..TRIALS {
        let out = tune(effect, quiet, &[0, 0, 1], 300.0, seed);
        assert_eq!(out.keeps(0), out.keeps(1), "{seed}: {out:?}");
        assert!(!out.keeps(2), "{seed}: {out:?}");
        found += u64::from(out.keeps(0));
    }
    assert!(found > TRIALS / 2, "{found} of {TRIALS}");
}

#[test]
fn a_budget_of_few_pairs_is_refused_and_says_what_it_takes() {
    let mut bench = Simulated {
        effect: |_, _| 0.0,
        noise: quiet,
        coins: Coins(1),
        slots: 0,
        budget: 0.02,
    };
    let options = Options {
        alpha: 0.01,
        budget: 0.02,
        margin: 0.002,
        seed: 1,
    };
    let refused = decide(&mut bench, &[0], options).expect_err("ten pairs");
    assert!(
        (refused.wanted - 120.0 * 2.0 * SLOT).abs() < 1e-9,
        "{refused:?}"
    );
    assert!(bench.slots <= 4, "no more was run than tells that");
}

#[test]
fn what_is_too_noisy_is_undecided_with_a_guess_at_the_time_it_takes() {
    let noise = |coins: &mut Coins, _: u64| (uniform(coins) - 0.5) * 2.0;
    let out = tune(|s, _| on(s, &[-0.01]), noise, &[0], 100.0, 5);
    assert_eq!(out.findings, [Finding::Undecided]);
    assert!(out.wanted.expect("a guess") > out.seconds, "{out:?}");
}
