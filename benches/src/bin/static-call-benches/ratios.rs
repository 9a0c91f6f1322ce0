//! Time per call, as a multiple of the plain call's, variants in alternation.

use std::hint::black_box;
use std::time::Instant;

use static_call::runtime::{self, Config, Mode, State};
use static_call_benches::body::Body;
use static_call_benches::copies::{self as library, COPIES, Copies, Loop};
use static_call_benches::rows::Ratio;
use static_call_benches::stats::{Shuffle, Summary};

use crate::copies;
use crate::mixes::{self, CALLS, Mix};

/// A mix, and the sites that are there for it.
struct Group {
    mix: &'static Mix,
    sites: &'static [(&'static str, &'static Copies)],
}

const GROUPS: [Group; 4] = [
    Group {
        mix: &mixes::MONO,
        sites: &[("", &copies::MONO), (", in a library", &library::MONO)],
    },
    Group {
        mix: &mixes::TWO,
        sites: &[("", &copies::TWO), (", in a library", &library::TWO)],
    },
    Group {
        mix: &mixes::EIGHT,
        sites: &[("", &copies::EIGHT)],
    },
    Group {
        mix: &mixes::UNIFORM,
        sites: &[
            (", targets = 2", &copies::UNIFORM),
            (", targets = 4", &copies::UNIFORM_OF_FOUR),
        ],
    },
];

/// Misses before a patched site stops counting them.
const MISSES: u32 = 64;
/// Passes after which sites that are not in their state are given up.
const PASSES: usize = 16;
/// Rounds that warm up.
const WARM_UP: usize = 8;

/// Rows for all mixes, with every site in the state that `mode` leads to.
pub(crate) fn rows(mode: Mode, rounds: usize) -> Result<Vec<Ratio>, String> {
    settle(mode)?;
    let mut rows = Vec::new();
    for group in &GROUPS {
        rows.extend(measure(group, mode, rounds));
    }
    Ok(rows)
}

/// Brings all sites into the state that `mode` leads to.
fn settle(mode: Mode) -> Result<(), String> {
    let config = Config::default().mode(mode).misses(MISSES);
    runtime::configure(config).map_err(|error| error.to_string())?;
    // A new mode opens windows, calls fill them, and a further pass plans. What
    // calls miss after that is counted until a budget is used up, and reopens
    // windows in turn.
    for _ in 0..PASSES {
        teach();
        runtime::retarget().map_err(|error| error.to_string())?;
        let mut sets = GROUPS.iter().flat_map(|group| group.sites);
        if sets.all(|(_, copies)| Standing::of(copies).fits(mode)) {
            break;
        }
    }
    teach();
    Ok(())
}

fn teach() {
    let mut order = Vec::new();
    let mut shuffle = Shuffle::new(1);
    for group in &GROUPS {
        for (_, copies) in group.sites {
            for run in copies.loops {
                for _ in 0..4 {
                    group.mix.fill(&mut order, &mut shuffle);
                    black_box(run(black_box(&order)));
                }
            }
        }
    }
}

fn measure(group: &Group, mode: Mode, rounds: usize) -> Vec<Ratio> {
    let mut variants = vec![&copies::PLAIN, &copies::CONTROL];
    variants.extend(group.sites.iter().map(|(_, copies)| *copies));
    let before: Vec<_> = variants.iter().map(|copies| Standing::of(copies)).collect();
    let mut ratios = vec![Vec::with_capacity(rounds); variants.len()];
    let mut plain = Vec::with_capacity(rounds);
    let mut order: Vec<&'static dyn Body> = Vec::new();
    let mut shuffle = Shuffle::new(2);
    for round in 0..rounds + WARM_UP {
        group.mix.fill(&mut order, &mut shuffle);
        let mut times = vec![0.0; variants.len()];
        for copy in 0..COPIES {
            for turn in 0..variants.len() {
                let variant = (turn + round + copy) % variants.len();
                times[variant] += time(variants[variant].loops[copy], &order);
            }
        }
        if round >= WARM_UP {
            plain.push(times[0]);
            for (ratios, time) in ratios.iter_mut().zip(&times) {
                ratios.push(time / times[0]);
            }
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "a few thousand")]
    let plain_nanoseconds = Summary::of(&plain).map_or(0.0, |summary| {
        summary.median / (CALLS * COPIES) as f64 * 1e9
    });
    let mut rows = Vec::new();
    for (index, copies) in variants.iter().enumerate().skip(1) {
        let after = Standing::of(copies);
        let variant = match index {
            1 => "control: plain again".to_owned(),
            _ => format!("{}{}", name(mode), group.sites[index - 2].0),
        };
        let fits = after.fits(mode) && before[index] == after;
        rows.push(Ratio {
            mix: group.mix.name,
            variant,
            state: after.text(),
            misses: after.misses - before[index].misses,
            ratio: Summary::of(&ratios[index]).filter(|_| fits),
            plain_nanoseconds,
        });
    }
    rows
}

fn name(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "idle site",
        Mode::Always => "patched chain",
        Mode::Auto => "auto",
    }
}

fn time(run: Loop, order: &[&dyn Body]) -> f64 {
    let start = Instant::now();
    black_box(run(black_box(order)));
    start.elapsed().as_secs_f64()
}

/// What the sites of a variant do, by the runtime's report.
#[derive(PartialEq)]
struct Standing {
    sites: usize,
    plain: usize,
    patched: usize,
    learning: usize,
    misses: u64,
    /// Why one of them does what it does.
    why: String,
}

impl Standing {
    fn of(copies: &Copies) -> Self {
        let mut sites = runtime::sites();
        sites.retain(|site| {
            !copies.location.is_empty() && site.location.starts_with(copies.location)
        });
        let count = |state| sites.iter().filter(|site| site.state == state).count();
        Standing {
            sites: sites.len(),
            plain: count(State::Plain),
            patched: count(State::Patched),
            learning: count(State::Learning),
            misses: sites.iter().map(|site| site.misses).sum(),
            why: sites
                .first()
                .map(|site| site.why.clone())
                .unwrap_or_default(),
        }
    }

    /// Whether a row about `mode` may be made of these. The control has no sites.
    fn fits(&self, mode: Mode) -> bool {
        self.sites == 0
            || self.sites == COPIES
                && match mode {
                    Mode::Off => self.plain == COPIES,
                    Mode::Always => self.patched == COPIES,
                    Mode::Auto => self.plain + self.patched == COPIES,
                }
    }

    fn text(&self) -> String {
        let Standing { sites, why, .. } = self;
        if *sites == 0 {
            return String::new();
        }
        let counts = [
            (self.plain, "plain"),
            (self.patched, "patched"),
            (self.learning, "learning"),
        ];
        match counts.iter().find(|(count, _)| count == sites) {
            Some((_, state)) => format!("{state}: {why}"),
            None => counts
                .map(|(count, state)| format!("{count} {state}"))
                .join(", "),
        }
    }
}
