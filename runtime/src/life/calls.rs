//! What calling threads ask when a count is used up.

use super::site::HOT_ONCE;
use super::{Act, Life, Now, Ps, SEC, Sites, State};
use crate::window::{Block, GRACE, LEASE, NO_END, RETRY, Way};

/// What a calling thread is to do.
pub(crate) struct Answer<'a> {
    /// Keys to flip back.
    pub(crate) acts: &'a [Act],
    /// Whether the worker should look when it is wanted next: that has changed.
    pub(crate) wake: bool,
}

/// Weight of misses that have ended a stint.
const STORM: f64 = 128.0;
/// And of such that have ended one which had paid for itself.
const PAID_STORM: f64 = 32.0;
/// As soon as the worker comes, where a pass has something to do.
const AT_ONCE: Ps = super::MS / 5;
/// The shortest time off after a storm.
const HOLD: Ps = 10 * super::MS;

impl Life {
    /// A call has used up the site's count, and there is no [`Block::next`]. By a thread
    /// that holds the lock around the machine, and may patch; others do [`Block::retry`].
    pub(crate) fn emptied(&mut self, site: usize, now: Now, sites: &mut impl Sites) -> Answer<'_> {
        self.begin();
        let mut wake = false;
        match self.sites[site].state {
            State::Open { full: false } => {
                if self.unfilled == 1 {
                    wake = self.close(now, sites);
                } else {
                    self.fill(site, sites);
                }
            }
            State::Open { full: true } => wake = self.close(now, sites),
            State::Leaving => self.leave(sites),
            State::On => wake = self.lease(site, now, sites),
            // A call that was on its way when the key went back.
            State::Off | State::Closing | State::Gone => {}
        }
        Answer {
            acts: &self.acts,
            wake,
        }
    }

    /// The flips of the last answer are done.
    ///
    /// Without this a batch's own time would look like a site that is seldom called.
    pub(crate) fn flipped(&mut self, now: Now, sites: &mut impl Sites) {
        for at in 0..self.closing.len() {
            let site = self.closing[at];
            let left = sites.swap(site, Block::PLAIN).left;
            // Calls by other threads while the key was flipped.
            self.purse
                .owe((Ps::from(NO_END) - Ps::from(left)) * self.prices.skip);
            self.sites[site].state = State::Off;
        }
        self.closing.clear();
        // Only what opens a window begins its time: others' passes may come all the time.
        let opens = |act: &Act| match act {
            Act::KeyOn(site) => matches!(self.sites[*site].state, State::Open { .. }),
            Act::KeyOff(_) | Act::Publish(_) => false,
        };
        if now.wall > self.opened && self.acts.iter().any(opens) {
            self.opened = now.wall;
            self.began = self.time + self.passed_since_then(now);
        }
        self.acts.clear();
    }

    /// A window is full, and the others get some time: a program may call its sites in turn,
    /// many times each.
    fn fill(&mut self, site: usize, sites: &mut impl Sites) {
        let full = sites.swap(site, Block::simple(Way::Gap, NO_END));
        let mut script = full.script;
        script.bursts = 0;
        let wait = Block {
            way: Way::Gap,
            left: self.sites[site].window.grace(),
            script,
        };
        let between = Ps::from(NO_END) - Ps::from(sites.swap(site, wait).left);
        let late = Ps::from(full.left.min(0));
        self.purse.owe((between - late) * self.prices.skip);
        self.sites[site].state = State::Open { full: true };
        self.unfilled -= 1;
    }

    pub(super) fn begin(&mut self) {
        self.acts.clear();
        self.batch = self.batch.wrapping_add(1);
    }

    /// A site's way back, which was paid when it was entered.
    fn close_key(&mut self, site: usize) {
        self.sites[site].state = State::Closing;
        self.closing.push(site);
        self.acts.push(Act::KeyOff(site));
    }

    /// Plain calls that were counted and not paid ahead.
    fn owe_tail(&mut self, block: &Block, granted: i32) {
        let calls = Ps::from(granted) - Ps::from(block.left)
            + Ps::from(block.script.extra) * Ps::from(RETRY);
        self.purse.owe(calls.max(0) * self.prices.skip);
    }

    /// Ends all open windows in one batch: a hot site must not wait in its arm for others.
    /// Whether one of the sites may be sent by its plan for what was recorded.
    pub(super) fn close(&mut self, now: Now, sites: &mut impl Sites) -> bool {
        self.tick(now);
        let mut wake = false;
        // The program's own time, which neither others on the processor nor its sleep lengthen.
        let own = (self.time - self.began).max(0);
        for at in 0..self.sweep.len() {
            let index = self.sweep[at];
            let block = sites.swap(index, Block::simple(Way::Gap, NO_END));
            let page = self.sites[index].page;
            self.is_new_page(page);
            let rare = self.rare(index);
            let p = self.prices;
            let site = &mut self.sites[index];
            let full = site.state == (State::Open { full: true });
            let (recorded, skipped) = block.since(site.window, full);
            let used = recorded * p.record + skipped * p.skip;
            let calls = recorded + skipped;
            // Prices are what things cost at most: less than a quarter of the time was hardly
            // the program's, or a site that is called seldom would be taken for a hot one.
            let took = (own - used).max(own / 4).max(calls * p.plain);
            // Known once it was called, or when nothing came for long enough. Of calls in
            // bursts a window sees a long wait and a burst's beginning: it takes several that
            // say so to believe that a site is seldom called which was called often, and a look
            // that is full says only that there is something to see.
            if calls >= 8 || took > rare * 8 {
                let mut every = took / calls.max(1);
                if full && site.window.is_look() {
                    every = every.min(rare / 2);
                }
                let most = site
                    .every
                    .map_or(Ps::MAX, |before| before.saturating_mul(2));
                site.every = Some(every.min(most));
            }
            if calls >= 8 {
                let now = took / calls;
                site.quickest = Some(site.quickest.map_or(now, |before| before.min(now)));
            }
            if calls == 0 {
                site.empty = site.empty.max(own);
            }
            if full {
                site.watched = HOT_ONCE;
            } else {
                site.watched = site.watched.saturating_add(own);
                site.called = site.called.saturating_add(calls);
            }
            site.unread = true;
            wake |= site.good.saturating_add(1) >= self.rules.times || site.earned > 0;
            let back = site.paid - used;
            self.purse.put(back);
            self.close_key(index);
        }
        self.sweep.clear();
        self.unfilled = 0;
        if wake {
            self.wanted = AT_ONCE;
        }
        wake
    }

    /// All that leave, in one batch.
    pub(super) fn leave(&mut self, sites: &mut impl Sites) {
        for at in 0..self.leaving.len() {
            let site = self.leaving[at];
            let block = sites.swap(site, Block::simple(Way::Gap, NO_END));
            self.purse.put(Ps::from(GRACE) * self.prices.skip);
            self.owe_tail(&block, GRACE);
            let page = self.sites[site].page;
            if !self.is_new_page(page) {
                // Each had paid for a page of its own.
                self.purse.put(self.prices.page);
            }
            self.close_key(site);
        }
        self.leaving.clear();
    }

    /// A lease of misses is used up. Whether the site was switched off.
    fn lease(&mut self, index: usize, now: Now, sites: &mut impl Sites) -> bool {
        self.tick(now);
        let (rules, prices, dice) = (self.rules, self.prices, self.random());
        let flip = self.flip_price();
        let site = &mut self.sites[index];
        let Some(offer) = site.offer else {
            return false;
        };
        let price = offer.lease(&prices);
        let calm = site
            .stint
            .used(self.time, rules.leash, &offer, site.every, &prices);
        let goes_on = calm && self.purse.take(price, rules.reserve());
        let (way, left) = if goes_on {
            (Way::On, LEASE)
        } else {
            (Way::Gap, GRACE)
        };
        let before = sites.swap(index, Block::simple(way, left));
        // Misses beyond the lease before this thread came here, or plain calls after it
        // had found a lock taken.
        let over = (-Ps::from(before.left)).max(0);
        let each = if before.way == Way::On {
            offer.loss(&prices)
        } else {
            prices.skip
        };
        let extra = Ps::from(before.script.extra) * Ps::from(RETRY);
        self.purse.owe(over * each + extra * prices.skip);
        if goes_on {
            return false;
        }
        let earned = site.stint.earned(2 * flip);
        if calm && !site.given {
            // As it was to be expected, and what the purse had is spent.
            site.met.end(&site.stint);
            site.on_due = now.wall;
        } else {
            let paid = earned > 4 * flip;
            site.earned = (site.earned / 2 + earned).clamp(0, SEC);
            site.hold = if paid {
                HOLD
            } else {
                (site.hold * 2).clamp(HOLD, rules.hold_max)
            };
            site.on_due = now.wall + (site.hold as f64 * (0.5 + dice)) as Ps;
            site.due = site.on_due;
            site.evidence
                .add_misses(if paid { PAID_STORM } else { STORM });
            site.good = 0;
            site.pause = super::SOON / 4;
        }
        let due = site.on_due.min(site.due) - now.wall;
        self.wanted = due.max(HOLD / 2);
        // The key goes back after a short wait, together with those of others that leave.
        site.state = State::Leaving;
        self.leaving.push(index);
        true
    }

    /// Called less often than this, flips do not pay.
    pub(super) fn rare(&self, site: usize) -> Ps {
        let offered = self.sites[site].offer.map(|offer| offer.gain);
        let gain = offered.unwrap_or(self.prices.gain);
        if gain <= 0 {
            return 0;
        }
        SEC / (8 * self.flip_price() / gain).max(1)
    }
}

impl super::Rules {
    /// What leases leave in the purse, for windows.
    pub(super) fn reserve(&self) -> Ps {
        self.cap * 23 / 100
    }
}
