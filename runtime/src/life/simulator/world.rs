//! Runs a program under the machine.

use super::calls::{Calls, Kinds};
use super::choice::Choice;
use super::{Clock, Machine, Outcome, Passes, Row, Segment};
use crate::life::{Act, By, Life, MS, NS, Now, Past, Ps, Rules, SEC, Sites as _, Window};
use crate::window::{Block, Way};

pub(crate) struct World {
    row: Row,
    life: Life,
    calls: Calls,
    out: Outcome,
    now: Ps,
    /// The next pass.
    next: Ps,
    /// The least that the total was over 1.02 of plain.
    low: Ps,
    turn: usize,
    seed: u64,
    /// Per site, this phase: plain, and by the whole list without any bookkeeping.
    phase: Vec<(Ps, Ps)>,
    /// Start, plain, by the list, total.
    block: (Ps, Ps, Ps, Ps),
}

const STRETCH: Ps = 50 * MS;

impl World {
    pub(crate) fn new(row: Row, rules: Rules, machine: Machine) -> Self {
        World::with_dice(row, rules, machine, 0)
    }

    /// Each number throws other dice.
    pub(crate) fn with_dice(row: Row, rules: Rules, machine: Machine, number: u64) -> Self {
        let seed = 0x0139_408d_cbbf_7a44 ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut life = Life::new(rules, machine.prices, seed);
        for site in 0..row.sites {
            life.add((site / row.sites_a_page) as u32);
        }
        let next = match row.passes {
            Passes::Worker(period) => period.min(5 * MS),
            Passes::Exact(period) | Passes::Random(period) => period,
            Passes::Program => Ps::MAX / 2,
        };
        let n = row.sites;
        World {
            life,
            calls: Calls {
                blocks: vec![Block::PLAIN; n],
                windows: vec![Window::default(); n],
                offered: vec![Choice::default(); n],
                known: vec![Choice::default(); n],
                keys: vec![false; n],
                list: row.list,
                chain: row.chain,
                machine,
            },
            out: Outcome::default(),
            now: 0,
            next,
            low: 0,
            turn: 0,
            seed: 0x9e37_79b9_7f4a_7c15,
            phase: vec![(0, 0); n],
            block: (0, 0, 0, 0),
            row,
        }
    }

    /// Each site has a plan given of all that is listed, as from a file.
    pub(crate) fn given(mut self) -> Self {
        let mut met = Window::default();
        (0..self.row.list).for_each(|kind| met.note(kind, 100));
        for site in 0..self.row.sites {
            if let Some(offer) = self.calls.offer(site, &met.alone()) {
                let past = Past {
                    every: Some(10 * NS),
                    ..Past::default()
                };
                self.life.resume(site, offer, &past, true);
            }
        }
        self
    }

    pub(crate) fn run(mut self) -> Outcome {
        while self.now < self.row.time {
            let dice = self.dice();
            match (self.row.order)(&self.calls.blocks, self.now, dice) {
                Segment::Idle(time) => {
                    self.out.idle += time;
                    let end = self.now + time;
                    // The worker does not sleep.
                    while self.next < end {
                        self.goes_by((self.next - self.now).max(0));
                        self.passes();
                    }
                    self.goes_by((end - self.now).max(0));
                }
                Segment::Work(time) => {
                    self.out.plain += time;
                    self.block.1 += time;
                    self.block.2 += time;
                    self.phase[0].0 += time;
                    self.phase[0].1 += time;
                    self.cost(time);
                    self.passes();
                }
                Segment::Pass => self.pass(By::Program),
                Segment::Phase => self.settle(),
                segment @ Segment::Run { site, fresh, .. } => {
                    if fresh {
                        let cost = self.calls.machine.mispredicted;
                        self.spend(site, 1, cost, cost, 0);
                        self.out.calls -= 1;
                    }
                    self.play(&segment);
                }
                segment => self.play(&segment),
            }
        }
        self.settle();
        self.out
    }

    fn dice(&mut self) -> f64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn clock(&self) -> Now {
        let wall = match self.row.clock {
            Clock::True => self.now,
            Clock::Stops(at) => self.now.min(at),
            Clock::Jumps(every) => self.now + self.now / every * 10 * SEC,
            Clock::Swings => {
                self.now
                    - if self.now / (30 * MS) % 2 == 1 {
                        SEC
                    } else {
                        0
                    }
            }
        };
        Now {
            wall,
            cpu: self.out.total,
        }
    }

    /// So many calls that take `plain` each in a plain program, `on` by the whole list, and
    /// `more` in all here.
    fn spend(&mut self, site: usize, calls: u64, plain: Ps, on: Ps, more: Ps) {
        let (plain, on) = (plain * calls as Ps, on * calls as Ps);
        self.out.calls += calls;
        self.out.plain += plain;
        self.out.total += plain + more;
        let phase = &mut self.phase[site];
        *phase = (phase.0 + plain, phase.1 + on);
        self.block.1 += plain;
        self.block.2 += on;
        self.block.3 += plain + more;
        self.goes_by((plain + more) / self.row.threads);
    }

    /// Time of ours alone.
    fn cost(&mut self, time: Ps) {
        self.out.total += time;
        self.block.3 += time;
        self.goes_by(time);
    }

    fn goes_by(&mut self, time: Ps) {
        self.now += time;
        let out = &mut self.out;
        let over = out.total * 50 - out.plain * 51 - out.idle;
        // Rounded up.
        let over = over / 50 + Ps::from(over % 50 > 0);
        self.low = self.low.min(over);
        out.constant = out.constant.max(over);
        out.stretch = out.stretch.max(over - self.low);
        let (start, plain, on, total) = self.block;
        if self.now - start < STRETCH {
            return;
        }
        if out.reached.is_none() && on < plain && (plain - total) * 10 >= (plain - on) * 9 {
            out.reached = Some(self.now);
        }
        self.block = (self.now, 0, 0, 0);
    }

    /// Does what the machine has answered.
    fn act(&mut self, acts: &[Act]) {
        if acts.is_empty() {
            return;
        }
        let prices = self.calls.machine.prices;
        let mut pages = Vec::new();
        for act in acts {
            let (site, on) = match *act {
                Act::Publish(site) => {
                    let offered = self.calls.offered[site];
                    if !offered.chain().is_empty() && offered != self.calls.known[site] {
                        self.cost(self.calls.machine.costs().publish);
                    }
                    self.calls.known[site] = offered;
                    continue;
                }
                Act::KeyOn(site) => (site, true),
                Act::KeyOff(site) => (site, false),
            };
            assert_ne!(self.calls.keys[site], on, "a key that is flipped already");
            self.calls.keys[site] = on;
            self.out.flips += 1;
            let page = site / self.row.sites_a_page;
            if !pages.contains(&page) {
                pages.push(page);
                self.cost(prices.page);
            }
            self.cost(prices.key);
        }
        let now = self.clock();
        self.life.flipped(now, &mut self.calls);
    }

    fn pass(&mut self, by: By) {
        if by == By::Worker {
            self.cost(self.calls.machine.prices.pass);
        }
        let now = self.clock();
        let acts = self.life.pass(by, now, &mut self.calls).to_vec();
        self.act(&acts);
    }

    /// A call has used up its site's count.
    fn used_up(&mut self, site: usize) {
        let block = self.calls.blocks[site];
        if self.row.taken > 0.0 && self.dice() < self.row.taken {
            self.calls.blocks[site] = block.retry();
            return;
        }
        if let Some(next) = block.next() {
            self.calls.blocks[site] = next;
            return;
        }
        self.cost(self.calls.machine.prices.clock);
        let now = self.clock();
        let answer = self.life.emptied(site, now, &mut self.calls);
        let (acts, wake) = (answer.acts.to_vec(), answer.wake);
        self.act(&acts);
        if wake && matches!(self.row.passes, Passes::Worker(_)) {
            self.next = self.next.min(self.now + self.life.wanted());
        }
    }

    fn passes(&mut self) {
        while self.now >= self.next {
            self.pass(By::Worker);
            let dice = self.dice();
            let wait = match self.row.passes {
                Passes::Worker(period) => self.life.wanted().min(period),
                Passes::Exact(period) => period,
                Passes::Random(period) => (period as f64 * 2.0 * dice) as Ps + NS,
                Passes::Program => unreachable!("there is no next pass"),
            };
            self.next = self.now + wait;
        }
    }

    fn play(&mut self, segment: &Segment) {
        let (Segment::Run { site, calls, .. }
        | Segment::Mix { site, calls, .. }
        | Segment::Cycle { site, calls, .. }) = *segment
        else {
            return;
        };
        let mut left = calls;
        let machine = self.calls.machine;
        let (p, work) = (machine.prices, self.row.work);
        let all = self.row.list + self.row.chain;
        let list = Choice::of_guards(0..all);
        let time = |kinds: Kinds, plain: Ps| {
            let hit = machine.hit + (machine.compare as f64 * kinds.deep) as Ps;
            let hit = hit + kinds.mispredicted + work;
            (
                hit,
                (kinds.hits * hit as f64 + (1.0 - kinds.hits) * (plain + machine.miss) as f64)
                    as Ps,
            )
        };
        while left > 0 {
            self.passes();
            if self.now >= self.row.time {
                return;
            }
            let way = self.calls.blocks[site].way;
            let known = self.calls.known[site];
            let all = self.calls.kinds(segment, &known, None);
            let one_by_one = matches!(segment, Segment::Cycle { .. })
                && way == Way::On
                && all.hits > 0.0
                && all.hits < 1.0 - 1e-9;
            let kinds = if one_by_one {
                self.calls.kinds(segment, &known, Some(self.turn))
            } else {
                all
            };
            let plain = p.plain + kinds.mispredicted + work;
            let (_, on) = time(self.calls.kinds(segment, &list, None), plain);
            let (hit, _) = time(kinds, plain);
            let each = if way == Way::On { hit } else { plain };
            let most = ((self.next.min(self.row.time) - self.now) / each + 1) as u64;
            let most = most.min(left);
            let most = if one_by_one { 1 } else { most };
            let count = self.calls.blocks[site].left as u64;
            let done = match way {
                Way::Plain => {
                    assert!(!self.calls.keys[site], "a site idles in its arm");
                    self.spend(site, most, plain, on, 0);
                    most
                }
                Way::Gap => {
                    let calls = most.min(count);
                    self.spend(site, calls, plain, on, calls as Ps * p.skip);
                    self.count(site, calls);
                    calls
                }
                Way::Burst => {
                    self.spend(site, 1, plain, on, p.record);
                    let kind = self.kind(segment);
                    self.calls.windows[site].note(kind, 1);
                    self.count(site, 1);
                    1
                }
                Way::On => {
                    // Hits until the next miss; a run of misses goes as far as its lease.
                    let hits = kinds.hits;
                    let run = if hits >= 1.0 {
                        u64::MAX
                    } else if hits <= 0.0 {
                        0
                    } else {
                        (self.dice().max(1e-12).ln() / hits.ln()) as u64
                    };
                    let known = run.min(most);
                    self.spend(site, known, plain, on, known as Ps * (hit - plain));
                    if known < run || known == most {
                        known
                    } else {
                        let misses = if hits <= 0.0 {
                            (most - known).min(count)
                        } else {
                            1
                        };
                        let cost = misses as Ps * (machine.miss + p.book);
                        self.spend(site, misses, plain, on, cost);
                        self.missed(segment, misses as u32);
                        self.count(site, misses);
                        known + misses
                    }
                }
            };
            if matches!(segment, Segment::Cycle { .. }) {
                self.turn += done as usize;
            }
            left -= done;
        }
    }

    /// Records misses, as their count is.
    fn missed(&mut self, segment: &Segment, misses: u32) {
        let (Segment::Run { site, .. } | Segment::Mix { site, .. } | Segment::Cycle { site, .. }) =
            *segment
        else {
            return;
        };
        // Of a mix, one that the plan does not know.
        for _ in 0..64 {
            let kind = self.kind(segment);
            let known = &self.calls.known[site];
            if !known.guards().contains(&kind) && !known.chain().contains(&kind) {
                self.calls.windows[site].note(kind, misses);
                return;
            }
        }
    }

    fn count(&mut self, site: usize, calls: u64) {
        self.calls.blocks[site].left -= calls as i32;
        if self.calls.blocks[site].left == 0 {
            self.used_up(site);
        }
    }

    /// Which type the next call has.
    fn kind(&mut self, segment: &Segment) -> usize {
        match *segment {
            Segment::Run { kind, .. } => kind,
            Segment::Cycle { kinds, .. } => self.turn % kinds,
            Segment::Mix { shares, .. } => {
                let mut dice = self.dice();
                let found = shares.iter().position(|share| {
                    dice -= share;
                    dice < 0.0
                });
                found.unwrap_or(0)
            }
            _ => unreachable!("no calls"),
        }
    }

    fn settle(&mut self) {
        for site in &mut self.phase {
            self.out.best += site.0.min(site.1);
            *site = (0, 0);
        }
    }
}
