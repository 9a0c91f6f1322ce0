//! The life of a call site: evidence in, actions out.
//!
//! A pure state machine: numbers only. It has no clock, no threads and no memory of what
//! it steers; whoever runs it tells it the time and does what it answers. So the rule
//! below is tested against orders of types that were made to hurt it, by a simulator that
//! adds up picoseconds, and not hoped for.
//!
//! # Two halves
//! Calls touch a [`Block`] of their site: a way, and a count that they take one from. What
//! follows when it is used up they mostly find by themselves ([`Block::next`]). Where they
//! do not, the one call that took the last asks [`Life::emptied`], under a try-lock around
//! the machine; if that is taken, or the thread may not patch (a signal handler), it does
//! [`Block::retry`]: plain calls, counted, and paid later. Nothing there waits or allocates.
//! All else is done by passes ([`Life::pass`]), of the worker or of the program; then
//! [`Life::flipped`]. The worker sleeps for [`Life::wanted`], and is woken where
//! `Answer::wake` says so.
//!
//! # The two-percent rule
//! For any order of types, of any length, the program takes at most 1.02 of its plain time.
//!
//! 1. Whatever deviates from the plain call is paid from one purse of the process. It
//!    starts empty, fills with 1.96 % of elapsed time (2 % of the plain program's), and
//!    holds at most 1 ms. Elapsed is the lesser of wall and CPU time.
//! 2. The way out is paid before the way in. A window pays its flip on, its flip back and
//!    all its calls, and gets back what it did not use. A plan pays its publication, both
//!    flips, and a lease of misses.
//! 3. Misses are paid by leases, in full, and never set off against hits. If the purse is
//!    empty but for what windows need, the site leaves at once.
//! 4. No site idles in its arm. A calling thread flips the key back itself, together with
//!    those of all others that are leaving; what waits for that is counted, and paid.
//! 5. No plan compares where a hit may take longer than a predicted plain call
//!    (`choose`). Hits are not counted, and so could not be paid.
//!
//! *Why that is enough.* Split the time into calls by plan that hit, which take no longer
//! than the plain call (5), and the rest. All of the rest that is not the plain call itself
//! is either paid ahead (2, 3) or counted, and paid before anything is entered again (4).
//! So at any moment the total is at most the plain time and what the purse was ever paid:
//! `total ≤ plain + 0.0196 · total`, hence `total ≤ 1.02 · plain`; the constant is nothing
//! as long as one thread acts at a time, and what others count meanwhile where they do not.
//! Nothing else in here, and no coin, is part of that argument: all other numbers move
//! gains alone. Prices that are too low by a factor break the bound by that factor.
//!
//! A plan that somebody has measured and gives is entered once for nothing, since the program
//! asked for it: a constant for each site. Its misses are paid as all are, and what empties
//! the purse goes off.
//!
//! # Why hits are not credited
//! Whoever chooses the types sees whether hits are being counted. If hits that nobody
//! counted were credited for the sake of those that somebody did, it would hit while
//! counted and miss otherwise: a miss leaves the same traces after a thousand hits as after
//! as much other work. So only counted hits can be credited, each for itself; and counting
//! one takes 1.8 ns in a tight loop (a load, a subtraction and a store that waits for the
//! one before: 2.4 ns a call instead of 0.6), where it gains 0.9. What is left is to spend
//! the purse where it gains: a site whose misses empty it faster than it fills goes by its
//! plan in turns. For one miss in a hundred that is half of the time, and no strict rule
//! allows more.
//!
//! # Evidence over time
//! Windows take bursts of eight calls with gaps of random length, on a scale of powers, at
//! random moments. Two good ones in a row send a site by its plan; of a site that has
//! gained by plan before, one does, and it is looked at as often as its good phases last.
//! Where a stint ends in a storm of misses, the next one waits twice as long, unless it had
//! paid for itself as far as is known. That a gap in time may have held hits is enough for
//! these decisions, and never enough to pay for anything.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "times are picoseconds far below 2^53, and counts are small"
)]

mod calls;
mod evidence;
mod pass;
mod purse;
#[cfg(test)]
mod simulator;
mod site;
mod stint;
#[cfg(test)]
mod tests;

#[cfg_attr(not(test), allow(unused_imports, reason = "the simulator's"))]
pub(crate) use evidence::TYPES;
pub(crate) use evidence::{Evidence, Window};
pub(crate) use pass::By;
use purse::Purse;
pub(crate) use site::State;
use site::{SOON, Site};

use crate::window::Block;

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

/// What a site brings along that is resumed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Past {
    pub(crate) evidence: Evidence,
    /// Time between calls, as far as is known.
    pub(crate) every: Option<Ps>,
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
    /// The same by the time that the purse believes.
    began: Ps,
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
    /// What it lacks for the window that is next.
    short: Option<Ps>,
    rate: f64,
    /// When the last pass was, by both.
    passed: (Ps, Ps),
    /// Time until the next pass is wanted.
    wanted: Ps,
}

/// A steady site's window is empty in which so many calls would have come once in three thousand.
const STEADY: Ps = 8;

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
            began: 0,
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
            short: None,
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

    /// The next pass sends this site, which is off, by a plan, and takes nothing for it: the
    /// program has asked for that. It is a constant for each site. From there on misses are
    /// paid as ever.
    ///
    /// A plan that is `given` was measured: no windows are opened there, and no other plan is
    /// entered.
    pub(crate) fn resume(&mut self, site: usize, offer: Offer, past: &Past, given: bool) {
        let rules = self.rules;
        let site = &mut self.sites[site];
        site.evidence = past.evidence;
        site.offer = Some(offer);
        site.every = past.every;
        site.good = rules.times;
        site.given = given;
        site.at_once = true;
    }

    /// What is known of the site by now is no more than that.
    pub(crate) fn offer_again(&mut self, site: usize, offer: Offer) {
        self.sites[site].offer = Some(offer);
    }

    /// What a site is doing.
    pub(crate) fn state(&self, site: usize) -> State {
        self.sites[site].state
    }

    /// What a site was offered last.
    pub(crate) fn offered(&self, site: usize) -> Option<Offer> {
        self.sites[site].offer
    }

    /// What is to be known of a site that is resumed later.
    pub(crate) fn past(&self, site: usize) -> Past {
        Past {
            evidence: self.sites[site].evidence,
            every: self.sites[site].every,
        }
    }

    /// What a site has met, the older the less.
    pub(crate) fn evidence(&self, site: usize) -> &Evidence {
        &self.sites[site].evidence
    }

    /// The time between a site's calls, if windows that it has not filled have looked for long
    /// enough; those that a site fills end when others do, and say little of it. Of a site that
    /// is called in one phase of a program, what windows saw in that; nothing of one whose calls
    /// come in bursts, so that a window is empty in which that many would have come.
    pub(crate) fn every(&self, site: usize) -> Option<Ps> {
        let site = &self.sites[site];
        let average = site.watched / site.called.max(1);
        let every = site
            .quickest
            .map_or(average, |quickest| quickest.min(average));
        let is_steady = site.empty < every.saturating_mul(STEADY);
        (site.watched >= site::BELIEVED && is_steady).then_some(every)
    }

    fn random(&mut self) -> f64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Lets the purse fill. A clock that goes back or stands still fills nothing.
    fn tick(&mut self, now: Now) {
        self.time += self.passed_since_then(now);
        self.last = Now {
            wall: self.last.wall.max(now.wall),
            cpu: self.last.cpu.max(now.cpu),
        };
        self.purse.fill(self.time);
    }

    /// What the purse believes of the time since the clocks were read last.
    fn passed_since_then(&self, now: Now) -> Ps {
        let wall = (now.wall - self.last.wall).max(0);
        let cpu = (now.cpu - self.last.cpu).max(0);
        wall.min(cpu).min(100 * SEC)
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
