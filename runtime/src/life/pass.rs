//! What a pass does: what is over is closed, what was recorded is weighed, plans are
//! entered, windows are opened.

use std::cmp::Reverse;

use super::stint::Stint;
use super::{Act, Life, MS, Now, Offer, Ps, SEC, SOON, Sites, State};
use crate::window::{BURST, BURSTS, Block, GAPS, GRACE, LEASE, Way};

/// Sites that need no search.
const FEW: usize = 8;
/// A window is not meant to take longer.
const SPAN: Ps = MS;
/// And is closed by a pass if it does by that much of the program's time: one that sleeps
/// most of the time would call nothing in as much of the clock's.
const SWEEP: Ps = 20 * MS;
/// Between windows while the news is not good.
const LATER: Ps = 300 * MS;
/// Between looks at sites that are seldom called.
const COLD: Ps = 10 * SEC;
/// Flips are to be earned back in this time.
const HORIZON: Ps = SEC;
/// The worker does not come more often.
const MOST_OFTEN: Ps = 5 * MS;
/// Nor less often.
const LONGEST: Ps = SEC;

/// Another plan gains more by that.
const MARGIN: f64 = 1.05;

/// Who makes a pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum By {
    /// The worker: what that takes is our business.
    Worker,
    /// The program, which asked for it.
    Program,
}

/// What makes a site worth sending by its plan.
struct Worth {
    /// What is gained in the time that goes by.
    gain: f64,
    /// What the purse is to hold besides the way in and out. A site whose misses empty it
    /// faster than it fills goes by its plan in turns, and long ones, for the flips.
    keep: Ps,
}

impl Life {
    /// A pass. What it answers is to be done as one batch.
    pub(crate) fn pass(&mut self, by: By, now: Now, sites: &mut impl Sites) -> &[Act] {
        self.begin();
        self.short = None;
        self.tick(now);
        if by == By::Worker {
            self.purse.owe(self.prices.pass);
        }
        let stale = self.time - self.began >= SWEEP || now.wall < self.opened;
        if stale && !self.sweep.is_empty() {
            self.close(now, sites);
        }
        self.leave(sites);
        for site in 0..self.sites.len() {
            if self.sites[site].unread && self.sites[site].state == State::Off {
                self.judge(site, now.wall, sites);
            }
        }
        // What gains comes first; but who is ready may be so for long.
        for site in 0..self.sites.len() {
            if self.sites[site].state == State::On && !self.sites[site].given {
                self.review(site, sites);
            }
        }
        self.enter_at_once(sites);
        self.enter(now.wall, sites);
        let waits = self.lacks.is_some();
        self.turn = self.turn.wrapping_add(1);
        if self.sweep.is_empty() && (!waits || self.turn.is_multiple_of(4)) {
            self.open(now.wall, sites);
        }
        let (time, wall) = (self.time - self.passed.0, now.wall - self.passed.1);
        self.rate = (time as f64 / wall.max(1) as f64).clamp(0.001, 1.0);
        self.passed = (self.time, now.wall);
        self.wanted = self.until_next(now.wall);
        &self.acts
    }

    /// When the worker should make the next pass, if its user does not want it earlier: at
    /// random, or a periodic program is always met at the same phase.
    pub(crate) fn wanted(&mut self) -> Ps {
        let dice = self.random();
        (self.wanted as f64 * (0.5 + dice)) as Ps
    }

    /// Takes a window's evidence.
    fn judge(&mut self, index: usize, now: Ps, sites: &mut impl Sites) {
        let (dice, prices, rules) = (self.random(), self.prices, self.rules);
        let window = sites.recorded(index);
        let site = &mut self.sites[index];
        site.unread = false;
        let enough = window.samples() >= 4 * BURST as u32;
        if enough {
            site.evidence.decay(rules.keep);
        }
        site.evidence.add(&window);
        site.offer = sites.offer(index, &site.evidence);
        if enough {
            let alone = sites.hits(index, &window.alone());
            site.alone = alone;
            site.met.seen(alone);
            let good = site
                .offer
                .is_some_and(|offer| offer.balance(alone, &prices).0 > 0.0);
            site.good = if good { site.good.saturating_add(1) } else { 0 };
        }
        let rare = self.rare(index);
        let flip = self.flip_price();
        // Of very many that nobody calls, each is looked at the less.
        let crowded = SOON * (self.sites.len() as Ps / 64).clamp(1, LATER / SOON);
        let site = &mut self.sites[index];
        site.earned = (site.earned - 3 * flip).max(0);
        let is_cold = site.every.is_some_and(|every| every >= rare);
        site.pause = if is_cold {
            (site.pause * 2).clamp(crowded, COLD)
        } else if site.good >= rules.times {
            LATER
        } else if site.earned > 0 {
            // As often as makes little of a phase as long as the last good one.
            let most = (site.stint.lasted() / 8).clamp(SOON / 2, LATER);
            (site.pause * 2).min(most)
        } else if site.good > 0 || !enough {
            SOON
        } else {
            (site.pause * 2).min(LATER)
        };
        let wait = if site.every.is_none() { 0 } else { site.pause };
        site.due = now + (wait as f64 * (0.5 + dice)) as Ps;
    }

    /// Whether a site's plan is worth its flips and its misses.
    fn worth(&self, index: usize, now: Ps) -> Option<Worth> {
        let site = &self.sites[index];
        let offer = site.offer?;
        let every = site.every?.max(1);
        if site.given {
            return self.worth_of_given(site, &offer, every, now);
        }
        let ready = site.state == State::Off
            && !site.unread
            && self.is_trusted(site)
            && site.on_due <= now
            && every < self.rare(index);
        if !ready {
            return None;
        }
        // Of a site that has gained before, the last window says what phase it is in.
        let seen = if site.earned > 0 {
            site.alone
        } else {
            offer.hits
        };
        let hits = seen.min(site.met.share());
        let (gains, spends) = offer.balance(hits, &self.prices);
        // Half of what the hits gain is kept, or it is not worth the risk.
        if gains <= spends {
            return None;
        }
        // The flips are to be earned back four times before the purse is empty, and soon.
        let room = (self.rules.cap - self.rules.reserve()) as f64 * 0.7;
        let calls = (HORIZON / every) as f64;
        let calls = if spends > 0.0 {
            calls.min(room / spends)
        } else {
            calls
        };
        let flips = (2 * self.flip_price()) as f64;
        // As long as the purse fills as fast as misses empty it, it need not be full.
        let income = (every - offer.gain).max(1) as f64 * self.rules.ppm as f64 / 1e6;
        let saves = spends * 2.0 > income;
        (calls * gains >= 4.0 * flips).then(|| Worth {
            gain: gains / every as f64,
            keep: self.rules.reserve() + if saves { self.rules.cap * 11 / 20 } else { 0 },
        })
    }

    /// That its hits pay for its misses was measured; what misses cost is paid all the same.
    fn worth_of_given(
        &self,
        site: &super::Site,
        offer: &Offer,
        every: Ps,
        now: Ps,
    ) -> Option<Worth> {
        if site.state != State::Off || site.on_due > now {
            return None;
        }
        let hits = offer.hits.min(site.met.share());
        let (_, spends) = offer.balance(hits, &self.prices);
        let income = every.max(1) as f64 * self.rules.ppm as f64 / 1e6;
        let saves = spends * 2.0 > income;
        Some(Worth {
            gain: hits * offer.gain as f64 / every as f64,
            keep: self.rules.reserve() + if saves { self.rules.cap * 11 / 20 } else { 0 },
        })
    }

    /// Sends sites by their plans that are to go at once.
    fn enter_at_once(&mut self, sites: &mut impl Sites) {
        for index in 0..self.sites.len() {
            let site = &mut self.sites[index];
            if !site.at_once || site.state != State::Off {
                continue;
            }
            site.at_once = false;
            self.is_new_page(self.sites[index].page);
            self.go_on(index, sites);
        }
    }

    fn go_on(&mut self, index: usize, sites: &mut impl Sites) {
        self.sites[index].state = State::On;
        self.sites[index].stint = Stint::begin(self.time, self.rules.leash);
        sites.swap(index, Block::simple(Way::On, LEASE));
        self.acts.push(Act::Publish(index));
        self.acts.push(Act::KeyOn(index));
    }

    /// Looks at what has missed a plan: another one may know it.
    fn review(&mut self, index: usize, sites: &mut impl Sites) {
        let (prices, reserve) = (self.prices, self.rules.reserve());
        let site = &mut self.sites[index];
        let (Some(offer), Some(missing)) = (site.offer, site.stint.missing()) else {
            return;
        };
        let window = sites.recorded(index);
        if window.samples() == 0 {
            return;
        }
        // As if a window had met as many of them as there were among all calls.
        site.evidence.mix(&window, missing);
        let Some(other) = sites.offer(index, &site.evidence) else {
            return;
        };
        let gain = |offer: &Offer, hits| offer.balance(hits, &prices).0;
        let before = gain(&offer, 1.0 - missing);
        let better = other.plan != offer.plan && gain(&other, other.hits) > before * MARGIN;
        // Misses may cost more by the new plan: those that are paid already, too.
        let more = (other.lease(&prices) - offer.lease(&prices)).max(0);
        if better && self.purse.take(other.publish + more, reserve) {
            let site = &mut self.sites[index];
            site.offer = Some(other);
            site.stint = Stint::begin(self.time, self.rules.leash);
            self.acts.push(Act::Publish(index));
        }
    }

    /// Whether there were good windows enough.
    fn is_trusted(&self, site: &super::Site) -> bool {
        site.good >= self.rules.times || (site.good > 0 && site.earned > 0)
    }

    /// Sends sites by their plans, those first that gain most.
    fn enter(&mut self, now: Ps, sites: &mut impl Sites) {
        let all = (0..self.sites.len()).filter_map(|one| Some((one, self.worth(one, now)?)));
        let mut all: Vec<_> = all.collect();
        // About equal ones page by page.
        all.sort_by_key(|(one, worth)| {
            let gain = ((worth.gain * 1e6) as u64).max(1).ilog2();
            (Reverse(gain), self.sites[*one].page)
        });
        self.lacks = None;
        for (index, worth) in all {
            let Some(offer) = self.sites[index].offer else {
                continue;
            };
            let page = self.sites[index].page;
            let flip_on = self.prices.key
                + if self.pages[page as usize] == self.batch {
                    0
                } else {
                    self.prices.page
                };
            // The way back and the first misses are paid before the way in.
            let back = self.flip_price() + Ps::from(GRACE) * self.prices.skip + self.prices.clock;
            let price = offer.publish + flip_on + back + offer.lease(&self.prices);
            if !self.purse.take(price, worth.keep) {
                let lacks = worth.keep + price - self.purse.have;
                self.lacks = Some(self.lacks.map_or(lacks, |other| other.min(lacks)));
                continue;
            }
            self.is_new_page(page);
            self.go_on(index, sites);
        }
    }

    /// Opens windows: long ones for the hottest sites known, or short looks at sites that
    /// are not known to be hot.
    fn open(&mut self, now: Ps, sites: &mut impl Sites) {
        let dice = self.random();
        let due = |site: &&usize| {
            let site = &self.sites[**site];
            site.state == State::Off && !site.unread && !site.given && site.due <= now
        };
        let all: Vec<usize> = (0..self.sites.len()).collect();
        let due = all.iter().filter(due).copied();
        let is_hot = |site: &usize| {
            let every = self.sites[*site].every;
            every.is_some_and(|every| every < self.rare(*site))
        };
        let (mut hot, mut rest): (Vec<usize>, Vec<usize>) = due.partition(is_hot);
        if hot.is_empty() && self.sites.len() <= FEW {
            hot.append(&mut rest);
        }
        // The hottest first; those that are about as hot page by page, which are flipped as one.
        hot.sort_by_key(|site| {
            let site = &self.sites[*site];
            (site.every.map(|every| every.max(1).ilog2()), site.page)
        });
        self.looks = !rest.is_empty() && (hot.is_empty() || !self.looks);
        let study = !self.looks;
        // Page by page, from any on; those first of which nothing is known.
        let page = |site: &usize| self.sites[*site].page;
        rest.sort_by_key(page);
        let at = (dice * rest.len() as f64) as usize;
        let first = rest.get(at).map_or(0, page);
        let first = rest.partition_point(|site| page(site) < first);
        rest.rotate_left(first);
        rest.sort_by_key(|site| self.sites[*site].every.is_some());
        let bursts = if study { BURSTS } else { 1 };
        // The next time others have their turn.
        let turns = !hot.is_empty() && !rest.is_empty();
        let p = self.prices;
        // The rest is for misses, if there may be any.
        let misses = self.sites.iter().any(|site| site.state == State::On);
        let mut left = self.purse.have / 4 * if misses { 2 } else { 3 };
        let chosen = if study { hot } else { rest };
        let mut last = None;
        for (at, &index) in chosen.iter().enumerate() {
            let every = self.sites[index].every.unwrap_or(0).max(1);
            let page = self.sites[index].page;
            // One flip on, if this batch has none on that page yet; and one back.
            let goes = self.pages[page as usize] != self.batch;
            let comes = !self.sweep.iter().any(|one| self.sites[*one].page == page);
            let pages = (Ps::from(goes) + Ps::from(comes)) * p.page;
            // All is paid ahead, the flips back too.
            let flips = 2 * p.clock + 2 * p.key + pages;
            let bursting = Ps::from(BURST) * Ps::from(bursts) * p.record;
            let gaps = if study {
                // Shorter ones, rather than none for long.
                let wanted = (SPAN / every).min(GAPS.into());
                let rest = left - flips - bursting - Ps::from(GRACE) * p.skip;
                wanted.min((rest / p.skip.max(1)).max(wanted / 4))
            } else {
                0
            };
            let seed = (self.random() * 65_535.0) as u16 | 1;
            let block = Block::window(bursts, gaps as u16, seed);
            let calls = bursting + (gaps + Ps::from(block.grace())) * p.skip;
            let price = calls + flips;
            // A page that has to be flipped is looked at as a whole.
            if !study && last.is_some_and(|last| last != page) {
                let with = chosen[at..].iter();
                let with = with.take_while(|one| self.sites[**one].page == page);
                if left < pages + with.count() as Ps * (price - pages) {
                    break;
                }
            }
            last = Some(page);
            if left < price {
                let only = self.sweep.is_empty() && !turns;
                self.short = only.then_some(2 * (price - left));
                break;
            }
            left -= price;
            self.purse.owe(price);
            self.is_new_page(page);
            // Misses that are left of its last time by plan are no sample.
            sites.recorded(index);
            let site = &mut self.sites[index];
            site.window = block;
            site.paid = calls;
            site.state = State::Open { full: false };
            sites.swap(index, block);
            self.sweep.push(index);
            self.acts.push(Act::KeyOn(index));
        }
        self.opened = now;
        self.began = self.time;
        self.unfilled = self.sweep.len();
    }

    /// Until something is due and the purse holds what it takes.
    fn until_next(&self, now: Ps) -> Ps {
        let fills = |lacks: Ps| {
            let time = lacks.max(0) as f64 * 1e6 / self.rules.ppm.max(1) as f64;
            (time / self.rate) as Ps
        };
        let window = 2 * self.flip_price() + 16 * Ps::from(BURST) * self.prices.record;
        // A pass that comes before the purse has filled is paid from it, too: where the
        // program sleeps most of the time, it might never fill.
        let funded = fills(self.short.unwrap_or(2 * window - self.purse.have));
        let mut next = self.lacks.map_or(LONGEST, fills);
        for site in &self.sites {
            let due = match site.state {
                State::Off if site.unread || site.at_once => 0,
                State::Off if site.given && site.on_due > now => site.on_due - now,
                // What it waits for is in the purse.
                State::Off if site.given => continue,
                State::Off if self.is_trusted(site) && site.on_due > now => site.on_due - now,
                State::Off => (site.due - now).max(funded),
                State::Open { .. } => {
                    let left = (self.began + SWEEP - self.time).max(0);
                    (left as f64 / self.rate) as Ps
                }
                State::Leaving | State::Closing => 0,
                State::Gone | State::On => continue,
            };
            next = next.min(due);
        }
        next.clamp(MOST_OFTEN, LONGEST)
    }
}
