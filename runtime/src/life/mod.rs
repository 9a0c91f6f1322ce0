//! The life of a call site: evidence in, actions out.
//!
//! A pure state machine: numbers only. It has no clock, no threads and no memory of what
//! it steers; whoever runs it tells it the time and does what it answers. So the rule
//! below is tested against orders of types that were made to hurt it, by a simulator that
//! adds up picoseconds, and not hoped for.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "times are picoseconds far below 2^53, and counts are small"
)]

mod block;
mod calls;
mod evidence;
mod pass;
mod purse;
#[cfg(test)]
mod simulator;
mod stint;
#[cfg(test)]
mod tests;

pub(crate) use block::{BURST, BURSTS, Block, GAPS, GRACE, LEASE, RETRY, Script, Taken, Way};
#[cfg_attr(not(test), allow(unused_imports, reason = "the simulator's"))]
pub(crate) use evidence::TYPES;
pub(crate) use evidence::{Evidence, Window};
pub(crate) use pass::By;
use purse::Purse;

/// Picoseconds.
pub(crate) type Ps = i64;
/// A nanosecond.
pub(crate) const NS: Ps = 1_000;
/// A microsecond.
pub(crate) const US: Ps = 1_000 * NS;
/// A millisecond.
pub(crate) const MS: Ps = 1_000 * US;
/// A second.
pub(crate) const SEC: Ps = 1_000 * MS;

/// What the clocks say. Of the two, the purse believes the one that moved less: a wall
/// clock jumps, and counts silence; the process's CPU time counts every thread.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Now {
    pub(crate) wall: Ps,
    pub(crate) cpu: Ps,
}

/// What things cost on this machine, at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prices {
    /// A plain call that is predicted.
    pub(crate) plain: Ps,
    /// What a call that a plan knows saves then, at most.
    pub(crate) gain: Ps,
    /// Counting a miss, beside what the plan's compares take.
    pub(crate) book: Ps,
    /// Recording a call.
    pub(crate) record: Ps,
    /// Counting a plain call: a gap, or waiting for a flip.
    pub(crate) skip: Ps,
    /// Reading the clocks.
    pub(crate) clock: Ps,
    /// Flipping keys on one page, beside the keys.
    pub(crate) page: Ps,
    /// One of the keys.
    pub(crate) key: Ps,
    /// A pass of the worker in which nothing happens.
    pub(crate) pass: Ps,
}

/// The rule's numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The share of elapsed time that fills the purse, in millionths.
    pub(crate) ppm: i64,
    /// The most that the purse holds.
    pub(crate) cap: Ps,
    /// The most that one site may lose to misses beyond what it gains by all that is known.
    pub(crate) leash: Ps,
    /// Good windows in a row, at different times, before the first plan.
    pub(crate) times: u8,
    /// The weight of older evidence after each window.
    pub(crate) keep: f64,
    /// The longest time off after a storm of misses.
    pub(crate) hold_max: Ps,
}

impl Rules {
    /// Two percent of the plain program's time are 1.96 of one that takes 1.02 of it.
    pub(crate) const STANDARD: Rules = Rules {
        ppm: 19_600,
        cap: MS,
        leash: 50 * US,
        times: 2,
        keep: 0.25,
        hold_max: 10 * SEC,
    };
}

/// A plan that could be made from the evidence, in numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Offer {
    /// Names it to whoever made it.
    pub(crate) plan: u64,
    /// The share of the evidence that it knows.
    pub(crate) hits: f64,
    /// What a hit saves, as far as is known.
    pub(crate) gain: Ps,
    /// What a miss takes beside the plain call, at most, not counted.
    pub(crate) miss: Ps,
    /// What publishing it takes; nothing, if it is what is published.
    pub(crate) publish: Ps,
}

/// What the machine steers.
pub(crate) trait Sites {
    /// Puts a block in the place of the one that is there, and answers that one as it
    /// stood.
    fn swap(&mut self, site: usize, to: Block) -> Block;

    /// What was recorded at a site since this was last asked.
    fn recorded(&mut self, site: usize) -> Window;

    /// The best plan for that evidence; [`None`] if none could pay.
    fn offer(&mut self, site: usize, evidence: &Evidence) -> Option<Offer>;

    /// The share of the evidence that the plan last offered for a site knows.
    fn hits(&self, site: usize, evidence: &Evidence) -> f64;
}

/// What is to be done, by whoever got the answer, as one batch, at once and in this order;
/// then [`Life::flipped`] is to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Publish the plan that was offered last. Only passes answer this.
    Publish(usize),
    /// Make the site's key a jump. Only passes answer this.
    KeyOn(usize),
    /// Make it a NOP.
    KeyOff(usize),
}

/// The machine: all sites of a process.
pub(crate) struct Life {
    sites: Vec<Site>,
    rules: Rules,
    prices: Prices,
    purse: Purse,
    /// Sites with open windows, and how many of them are not full.
    sweep: Vec<usize>,
    unfilled: usize,
    opened: Ps,
    /// Sites whose keys will be flipped back together.
    leaving: Vec<usize>,
    /// Sites whose keys are being flipped back.
    closing: Vec<usize>,
    acts: Vec<Act>,
    /// The batch in which each page was last flipped.
    pages: Vec<u32>,
    batch: u32,
    last: Now,
    /// What the purse believes.
    time: Ps,
    turn: u32,
    /// Whether sites that are not known to be hot had the last windows.
    looks: bool,
    seed: u64,
    /// What the purse lacks for a site that is ready; how fast it fills, of its full rate.
    lacks: Option<Ps>,
    rate: f64,
    /// When the last pass was, by both.
    passed: (Ps, Ps),
    /// Time until the next pass is wanted.
    wanted: Ps,
}

/// What a site is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// There is none.
    Gone,
    /// Its key is a NOP.
    Off,
    /// A window is open; full, it waits for others.
    Open { full: bool },
    /// Plain in its arm, until others leave as well.
    Leaving,
    /// Its key is being made a NOP.
    Closing,
    /// By its plan.
    On,
}

struct Site {
    state: State,
    page: u32,
    evidence: Evidence,
    /// There is a window that no pass has read.
    unread: bool,
    /// Good windows in a row.
    good: u8,
    offer: Option<Offer>,
    /// Time between calls, as last seen.
    every: Option<Ps>,
    /// No window before; nothing on before.
    due: Ps,
    on_due: Ps,
    /// Between windows; after a storm.
    pause: Ps,
    hold: Ps,
    /// What it has gained by plan, as far as is known, less what was spent on windows since:
    /// while there is some, every good window counts, and windows are often.
    earned: Ps,
    /// The share that the plan knew in the last window.
    alone: f64,
    /// The open window as it was opened, and what was paid for its calls.
    window: Block,
    paid: Ps,
    stint: stint::Stint,
    met: stint::Met,
}

/// Between windows while the news is good, at first and at least.
const SOON: Ps = 20 * MS;

impl Site {
    fn new(page: u32) -> Self {
        Site {
            state: State::Off,
            page,
            evidence: Evidence::default(),
            unread: false,
            good: 0,
            offer: None,
            every: None,
            due: 0,
            on_due: 0,
            pause: SOON,
            hold: SOON,
            earned: 0,
            alone: 0.0,
            window: Block::PLAIN,
            paid: 0,
            stint: stint::Stint::default(),
            met: stint::Met::default(),
        }
    }
}

impl Life {
    /// Of no sites. The seed is any number; orders of types must not know it beforehand.
    pub(crate) fn new(rules: Rules, prices: Prices, seed: u64) -> Self {
        Life {
            sites: Vec::new(),
            rules,
            prices,
            purse: Purse::new(rules.ppm, rules.cap),
            sweep: Vec::new(),
            unfilled: 0,
            opened: 0,
            leaving: Vec::new(),
            closing: Vec::new(),
            acts: Vec::new(),
            pages: Vec::new(),
            batch: 0,
            last: Now::default(),
            time: 0,
            turn: 0,
            looks: false,
            seed: seed | 1,
            lacks: None,
            rate: 1.0,
            passed: (0, 0),
            wanted: 0,
        }
    }

    /// One site more, off, whose key lies on a page with this number; numbers are small.
    /// Answers the site's number. All memory that calling threads will need is taken here.
    pub(crate) fn add(&mut self, page: u32) -> usize {
        let gone = self.sites.iter().position(|site| site.state == State::Gone);
        let index = gone.unwrap_or(self.sites.len());
        if gone.is_none() {
            self.sites.push(Site::new(page));
        } else {
            self.sites[index] = Site::new(page);
        }
        if self.pages.len() <= page as usize {
            self.pages.resize(page as usize + 1, 0);
        }
        let all = self.sites.len();
        for list in [&mut self.sweep, &mut self.leaving, &mut self.closing] {
            list.reserve(all - list.len());
        }
        self.acts.reserve(4 * all - self.acts.len());
        index
    }

    /// A site's code is about to be unloaded: its number may be given to another one.
    pub(crate) fn remove(&mut self, site: usize) {
        self.reset(site);
        self.sites[site].state = State::Gone;
    }

    /// Forgets a site's past: its key is a NOP, or could not be made one.
    pub(crate) fn reset(&mut self, site: usize) {
        if self.sites[site].state == (State::Open { full: false }) {
            self.unfilled -= 1;
        }
        for list in [&mut self.sweep, &mut self.leaving, &mut self.closing] {
            list.retain(|one| *one != site);
        }
        self.sites[site] = Site::new(self.sites[site].page);
    }

    /// What a site is doing.
    pub(crate) fn state(&self, site: usize) -> State {
        self.sites[site].state
    }

    /// What a site has met, the older the less.
    pub(crate) fn evidence(&self, site: usize) -> &Evidence {
        &self.sites[site].evidence
    }

    fn random(&mut self) -> f64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Lets the purse fill. A clock that goes back or stands still fills nothing.
    fn tick(&mut self, now: Now) {
        let wall = (now.wall - self.last.wall).max(0);
        let cpu = (now.cpu - self.last.cpu).max(0);
        self.time += wall.min(cpu).min(100 * SEC);
        self.last = Now {
            wall: self.last.wall.max(now.wall),
            cpu: self.last.cpu.max(now.cpu),
        };
        self.purse.fill(self.time);
    }

    /// Whether no key on this page was flipped in this batch before.
    fn is_new_page(&mut self, page: u32) -> bool {
        let last = &mut self.pages[page as usize];
        let new = *last != self.batch;
        *last = self.batch;
        new
    }

    fn flip_price(&self) -> Ps {
        self.prices.page + self.prices.key
    }
}
