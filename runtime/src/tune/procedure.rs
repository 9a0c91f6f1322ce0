//! Which of some switches make a program faster, by the program's own time.
//!
//! Pure: what runs the program is a [`Bench`]. Every slot of work runs under settings that
//! are drawn by our own coin, so that a switch that does nothing has a sign that is a fair
//! coin, whatever the machine does meanwhile.
//!
//! 1. *Pairs.* Two slots, back to back; the datum is the log of their ratio. Pairs, because
//!    one slot that is held up spoils no more than its neighbour.
//! 2. *Screening.* All switches at once: each pair a random half of them against the other
//!    half. At looks, which spend of alpha what share of the time has passed.
//! 3. *Every part of the time.* What is proven must gain in both halves of the pairs, and be
//!    slower in no quarter.
//! 4. *In company.* What is proven is screened again with the rest off, on fresh pairs,
//!    until nothing falls out.
//! 5. *On top.* What was not proven, but shares a place with what was, is screened with that
//!    switched on: a second type's guard gains little without the first one's.
//! 6. *Confirmation.* All that is kept against none, on fresh pairs. Not confirmed: nothing
//!    is kept.

use super::statistics::{Coins, Interval, both, effects, median};

/// A program that can be run in slots under given settings.
pub(crate) trait Bench {
    /// Seconds that one unit of work took under `on`; settling excluded.
    fn slot(&mut self, on: &[bool]) -> f64;

    /// Seconds since it began.
    fn elapsed(&self) -> f64;

    /// Which step it is, for who waits.
    fn at(&mut self, _step: Step, _pairs: usize) {}
}

/// Steps of the procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Screening,
    Company,
    OnTop,
    Confirming,
}

/// The procedure's numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Chance that any switch that does not help is kept, all together.
    pub(crate) alpha: f64,
    /// Seconds.
    pub(crate) budget: f64,
    /// Effects smaller than this, in logs, are not worth a switch.
    pub(crate) margin: f64,
    pub(crate) seed: u64,
}

/// Fewer pairs decide nothing.
pub(crate) const FEWEST_PAIRS: f64 = 60.0;

/// What was found of a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    Keep,
    /// The interval lies above one: slower.
    Hurts,
    /// The interval lies within half a percent of one.
    Nothing,
    /// The interval is too wide to say.
    Undecided,
    /// It gained, but not in every part of the time.
    Changed,
    /// It gained, but not with the others that were kept.
    Company,
    /// All that was kept together was not faster on fresh pairs.
    Unconfirmed,
}

/// What the procedure says.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) findings: Vec<Finding>,
    /// Of each switch, in the company that it was last seen in.
    pub(crate) switches: Vec<Interval>,
    /// Of all that is kept against none, on fresh slots.
    pub(crate) total: Interval,
    /// A rough guess at the seconds it takes to see one percent, where that was not seen.
    pub(crate) wanted: Option<f64>,
    pub(crate) seconds: f64,
    pub(crate) pairs: usize,
}

impl Outcome {
    pub(crate) fn keeps(&self, switch: usize) -> bool {
        self.findings[switch] == Finding::Keep
    }
}

/// The budget holds too few pairs: so many seconds would do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TooShort {
    pub(crate) wanted: f64,
}

/// When to look: after 16 pairs, at every half more, and when the time is up. Each look
/// spends of alpha what has passed of the time since the last.
struct Looks {
    alpha: f64,
    spent: f64,
    next: usize,
}

impl Looks {
    fn new(alpha: f64) -> Self {
        Self {
            alpha,
            spent: 0.0,
            next: 16,
        }
    }

    /// The share of alpha to look with after `n` pairs, if it is time to.
    fn at(&mut self, n: usize, passed: f64) -> Option<f64> {
        if n < self.next && passed < 1.0 {
            return None;
        }
        self.next = n + n.div_ceil(2);
        let share = passed.min(1.0) - self.spent;
        self.spent += share;
        Some((self.alpha * share).max(1e-12))
    }
}

fn judge(interval: Interval, margin: f64) -> Finding {
    if interval.high < -margin {
        Finding::Keep
    } else if interval.low > 0.0 {
        Finding::Hurts
    } else if interval.low > -0.005 && interval.high < 0.005 {
        Finding::Nothing
    } else {
        Finding::Undecided
    }
}

/// What one screening saw: of each pair the log ratio, the level, and which of the switches
/// were on first.
#[derive(Default)]
struct Screen {
    d: Vec<f64>,
    levels: Vec<f64>,
    signs: Vec<Vec<bool>>,
    found: Vec<Interval>,
}

/// What runs the procedure.
struct Run<'a, B> {
    bench: &'a mut B,
    options: Options,
    coins: Coins,
    began: f64,
    pairs: usize,
}

impl<B: Bench> Run<'_, B> {
    /// Seconds at the end of the budget, and at a share of what is left of it.
    fn end(&self) -> f64 {
        self.began + self.options.budget
    }

    fn share_of_rest(&self, share: f64) -> f64 {
        let now = self.bench.elapsed();
        now + (self.end() - now).max(0.0) * share
    }

    /// `x`, then `y`: the log ratio of their times, and the level.
    fn pair(&mut self, x: &[bool], y: &[bool]) -> (f64, f64) {
        let mut slot = |on| self.bench.slot(on).max(1e-12).ln();
        let (a, b) = (slot(x), slot(y));
        self.pairs += 1;
        (a - b, f64::midpoint(a, b))
    }

    /// All of `among` at once, with `base` on: each pair a random half of them against the
    /// other half. Ends when each is decided, or at `until`.
    fn screen(
        &mut self,
        step: Step,
        base: &[bool],
        among: &[usize],
        alpha: f64,
        until: f64,
    ) -> Screen {
        let mut s = Screen {
            found: vec![Interval::UNKNOWN; among.len()],
            ..Screen::default()
        };
        let (from, mut looks) = (self.bench.elapsed(), Looks::new(alpha));
        loop {
            let passed = (self.bench.elapsed() - from) / (until - from).max(1e-9);
            if let Some(alpha) = looks.at(s.d.len(), passed) {
                let now = effects(&s.d, &s.signs, among.len(), alpha);
                for (old, now) in s.found.iter_mut().zip(now) {
                    *old = now.and(*old);
                }
                let undecided =
                    |one: &Interval| judge(*one, self.options.margin) == Finding::Undecided;
                if passed >= 1.0 || !s.found.iter().any(undecided) {
                    return s;
                }
            }
            let sign: Vec<bool> = among.iter().map(|_| self.coins.toss()).collect();
            let (mut x, mut y) = (base.to_vec(), base.to_vec());
            for (&i, &first) in among.iter().zip(&sign) {
                (x[i], y[i]) = (first, !first);
            }
            self.bench.at(step, self.pairs);
            let (v, level) = self.pair(&x, &y);
            s.d.push(v);
            s.levels.push(level);
            s.signs.push(sign);
        }
    }

    /// Screens those again until none falls out, on fresh pairs, the rest as in `base`.
    fn in_company(&mut self, base: &[bool], among: &mut Vec<usize>, out: &mut Outcome) {
        while among.len() > 1 {
            let until = self.share_of_rest(0.5);
            let s = self.screen(Step::Company, base, among, 0.05, until);
            for (&i, now) in among.iter().zip(s.found) {
                out.switches[i] = now;
                if now.high >= 0.0 {
                    out.findings[i] = match judge(now, self.options.margin) {
                        Finding::Undecided | Finding::Keep => Finding::Company,
                        other => other,
                    };
                }
            }
            let before = among.len();
            among.retain(|i| out.keeps(*i));
            if among.len() == before {
                break;
            }
        }
    }

    /// `a` against `b`, in order by coin, until the interval says something and is narrow,
    /// or the budget is spent.
    fn compare(&mut self, a: &[bool], b: &[bool]) -> Interval {
        let (mut d, mut looks) = (Vec::new(), Looks::new(self.options.alpha));
        let (from, until) = (self.bench.elapsed(), self.end());
        let mut now = Interval::UNKNOWN;
        loop {
            let passed = (self.bench.elapsed() - from) / (until - from).max(1e-9);
            if let Some(alpha) = looks.at(d.len(), passed) {
                // The intervals of all looks hold together, so what they have in common does.
                now = both(&d, alpha).and(now);
                let finding = judge(now, self.options.margin);
                let is_narrow = now.width() < 0.02;
                let is_said = match finding {
                    Finding::Undecided => false,
                    Finding::Keep => is_narrow,
                    _ => true,
                };
                if passed >= 1.0 || is_said {
                    return now;
                }
            }
            self.bench.at(Step::Confirming, self.pairs);
            let first = self.coins.toss();
            let (v, _) = if first {
                self.pair(a, b)
            } else {
                self.pair(b, a)
            };
            d.push(if first { v } else { -v });
        }
    }

    /// Screens all switches.
    fn first(&mut self, out: &mut Outcome) -> Vec<usize> {
        let k = out.findings.len();
        let all: Vec<usize> = (0..k).collect();
        let until = self.began + self.options.budget * 0.4;
        let alpha = self.options.alpha / k as f64;
        let s = self.screen(Step::Screening, &vec![false; k], &all, alpha, until);
        out.switches.clone_from(&s.found);
        let margin = self.options.margin;
        out.findings = s.found.iter().map(|i| judge(*i, margin)).collect();
        for (finding, changed) in out.findings.iter_mut().zip(changed(&s, k)) {
            if *finding == Finding::Keep && changed {
                *finding = Finding::Changed;
            }
        }
        all.into_iter().filter(|i| out.keeps(*i)).collect()
    }

    /// Screens what shares a place with what is kept, with that on.
    fn on_top(&mut self, kept: &[usize], groups: &[usize], out: &mut Outcome) {
        let k = out.findings.len();
        let beside = |i: &usize| {
            let other = |one: &usize| groups[*one] == groups[*i];
            !kept.contains(i) && kept.iter().any(other)
        };
        let among: Vec<usize> = (0..k).filter(beside).collect();
        if among.is_empty() {
            return;
        }
        let mut base = vec![false; k];
        for i in kept {
            base[*i] = true;
        }
        let until = self.share_of_rest(0.5);
        let alpha = self.options.alpha / k as f64;
        let s = self.screen(Step::OnTop, &base, &among, alpha, until);
        let mut found = Vec::new();
        let changed = changed(&s, among.len());
        for (at, (&i, now)) in among.iter().zip(&s.found).enumerate() {
            out.switches[i] = *now;
            out.findings[i] = match judge(*now, self.options.margin) {
                Finding::Keep if changed[at] => Finding::Changed,
                finding => finding,
            };
            if out.keeps(i) {
                found.push(i);
            }
        }
        self.in_company(&base, &mut found, out);
    }
}

/// Of each switch, whether there is a part of the time in which it does not gain.
fn changed(s: &Screen, k: usize) -> Vec<bool> {
    let n = s.d.len();
    let level = |range: std::ops::Range<usize>| median(&mut s.levels[range].to_vec());
    let moved = (level(0..n / 3) - level(n - n / 3..n)).abs() > 0.18;
    let part = |part: usize, of: usize, alpha| {
        let range = n * part / of..n * (part + 1) / of;
        effects(&s.d[range.clone()], &s.signs[range], k, alpha)
    };
    let halves = [0, 1].map(|one| part(one, 2, 0.05));
    let quarters = [0, 1, 2, 3].map(|one| part(one, 4, 0.01));
    let gains = |i: usize| {
        let in_halves = |h: &Vec<Interval>| h[i].mid < 0.0 && (!moved || h[i].high < 0.0);
        halves.iter().all(in_halves) && quarters.iter().all(|q| q[i].low <= 0.0)
    };
    (0..k).map(|i| !gains(i)).collect()
}

/// The procedure. Switches with equal numbers in `groups` are in one place.
pub(crate) fn decide(
    bench: &mut impl Bench,
    groups: &[usize],
    options: Options,
) -> Result<Outcome, TooShort> {
    let k = groups.len();
    let none = vec![false; k];
    let mut run = Run {
        began: bench.elapsed(),
        bench,
        options,
        coins: Coins(options.seed),
        pairs: 0,
    };
    let mut out = Outcome {
        findings: vec![Finding::Undecided; k],
        switches: vec![Interval::UNKNOWN; k],
        total: Interval::UNKNOWN,
        wanted: None,
        seconds: 0.0,
        pairs: 0,
    };

    // Is there time for it at all? The shorter of two pairs tells: the other one may have been
    // held up.
    let mut cost = f64::INFINITY;
    for _ in 0..2 {
        let from = run.bench.elapsed();
        run.pair(&none, &none);
        cost = cost.min(run.bench.elapsed() - from);
    }
    if cost * FEWEST_PAIRS > options.budget {
        return Err(TooShort {
            wanted: cost * FEWEST_PAIRS * 2.0,
        });
    }

    let screened = run.bench.elapsed();
    let mut kept = run.first(&mut out);
    let screened = run.bench.elapsed() - screened;
    run.in_company(&none, &mut kept, &mut out);
    run.on_top(&kept, groups, &mut out);
    let keep: Vec<bool> = (0..k).map(|i| out.keeps(i)).collect();
    if keep.contains(&true) {
        out.total = run.compare(&keep, &none);
        if judge(out.total, options.margin) != Finding::Keep {
            for finding in &mut out.findings {
                if *finding == Finding::Keep {
                    *finding = Finding::Unconfirmed;
                }
            }
        }
    }
    out.seconds = run.bench.elapsed() - run.began;
    out.pairs = run.pairs;
    // From the widths: time to bring them to a percent either way.
    let undecided = out.findings.iter().zip(&out.switches);
    let undecided = undecided.filter(|(finding, _)| **finding == Finding::Undecided);
    let widest = undecided.map(|(_, i)| i.width()).fold(0.0, f64::max);
    if widest.is_infinite() {
        out.wanted = Some(options.budget * 4.0);
    } else if widest > 0.02 {
        out.wanted = Some((widest / 0.02).powi(2) * screened / 0.4);
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
