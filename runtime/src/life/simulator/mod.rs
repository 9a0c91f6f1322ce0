//! A program, its processor and its clock, as far as the machine's life depends on them:
//! whole picoseconds are added up, for as many calls at once as nothing of ours looks at.

mod calls;
pub(crate) mod choice;
mod orders;
mod spite;
mod world;

pub(crate) use orders::all;
pub(crate) use spite::random;
pub(crate) use world::World;

use crate::life::{NS, Prices, Ps, US};
use crate::window::{Block, Way};
use choice::{Costs, MOST};

/// What things cost on the simulated machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    pub(crate) prices: Prices,
    /// What a call costs more, of either kind, whose type was not foreseen.
    pub(crate) mispredicted: Ps,
    /// A hit on the first compare, and each further one.
    pub(crate) hit: Ps,
    pub(crate) compare: Ps,
    /// A miss, beside the plain call and counting it.
    pub(crate) miss: Ps,
}

impl Machine {
    /// As measured on a Zen 5, in tight loops.
    pub(crate) const STANDARD: Machine = Machine {
        prices: Prices {
            plain: 1_400,
            gain: 900,
            book: 3_000,
            record: 50 * NS,
            skip: 1_000,
            clock: 25 * NS,
            page: 40 * US,
            key: US,
            pass: 5 * US,
        },
        mispredicted: 5_000,
        hit: 500,
        compare: 100,
        miss: 500,
    };

    /// The same with retpolines, which no processor predicts.
    pub(crate) const RETPOLINES: Machine = Machine {
        prices: Prices {
            plain: 20 * NS,
            gain: 18 * NS,
            ..Machine::STANDARD.prices
        },
        mispredicted: 0,
        hit: 2 * NS,
        ..Machine::STANDARD
    };

    /// What plans are chosen by.
    pub(crate) fn costs(&self) -> Costs {
        let mut places = [self.hit; MOST];
        for (place, price) in places.iter_mut().enumerate() {
            *price += place as Ps * self.compare;
        }
        Costs {
            plain: self.prices.plain,
            dear: self.prices.plain > 10 * NS,
            guard: places,
            chain: places,
            past_guards: self.miss,
            past_chain: self.miss,
            publish: 10 * US,
        }
    }
}

/// A stretch of a program. Types below the row's `list` are listed.
#[derive(Clone)]
pub(crate) enum Segment {
    /// One type. Fresh: its first call is mispredicted.
    Run {
        site: usize,
        kind: usize,
        calls: u64,
        fresh: bool,
    },
    /// Independent draws.
    Mix {
        site: usize,
        shares: &'static [f64],
        calls: u64,
    },
    /// 0, 1, … and again: predicted.
    Cycle {
        site: usize,
        kinds: usize,
        calls: u64,
    },
    /// Of the program's own, without a call.
    Work(Ps),
    Idle(Ps),
    /// The program calls `retarget()`.
    Pass,
    /// The best plan in hindsight may change here.
    Phase,
}

/// Who makes passes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Passes {
    /// The library's worker, at most so long after the last one.
    Worker(Ps),
    /// A thread of the program's, exactly so often; at random, so often on average.
    Exact(Ps),
    Random(Ps),
    Program,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Clock {
    True,
    Stops(Ps),
    Jumps(Ps),
    Swings,
}

/// What a program does next: it may watch what its calls touch, and has the time and a
/// random number.
pub(crate) type Order = Box<dyn FnMut(&[Block], Ps, f64) -> Segment>;

/// A program.
pub(crate) struct Row {
    pub(crate) name: String,
    /// Types listed, and further ones that a chain may hold.
    pub(crate) list: usize,
    pub(crate) chain: usize,
    pub(crate) sites: usize,
    /// Sites whose keys share a page.
    pub(crate) sites_a_page: usize,
    /// Time of the program's own between two calls.
    pub(crate) work: Ps,
    pub(crate) passes: Passes,
    pub(crate) clock: Clock,
    /// Threads that call at once, alike.
    pub(crate) threads: i64,
    /// How often a thread that has to act finds a lock taken.
    pub(crate) taken: f64,
    /// How long it runs.
    pub(crate) time: Ps,
    pub(crate) order: Order,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) calls: u64,
    pub(crate) flips: u64,
    /// When nine tenths of the gain were there first, in a stretch of 50 ms.
    pub(crate) reached: Option<Ps>,
    /// All but silence: with the machine, without, and with the best plan in hindsight.
    pub(crate) total: Ps,
    pub(crate) plain: Ps,
    pub(crate) best: Ps,
    pub(crate) idle: Ps,
    /// The most that the total ever was above 1.02 of plain.
    pub(crate) constant: Ps,
    /// The same within any one stretch of time.
    pub(crate) stretch: Ps,
}

impl Outcome {
    /// Of the gain that the best plan has, this share was had; [`None`] where there is none.
    pub(crate) fn share(&self) -> Option<f64> {
        let (plain, total, best) = (self.plain as f64, self.total as f64, self.best as f64);
        (best < 0.995 * plain).then(|| (plain - total) / (plain - best))
    }
}

/// Whether the first site goes by its plan.
pub(crate) fn is_on(blocks: &[Block], site: usize) -> bool {
    blocks[site].way == Way::On
}
