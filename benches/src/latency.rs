//! How long `runtime::retarget()` takes when a known number of sites changes.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use static_call::runtime::{self, Config, Mode, Retarget};

use crate::body::{Body, Call, OBJECTS};

/// Calls in a window and misses that reopen one: the fewest that the runtime
/// plans from.
const WINDOW: u32 = 64;
/// Calls that are sure to fill a window, even if some records are dropped
/// because another thread holds the site's lock.
const FEED: usize = 160;

/// What a pass had to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Work {
    /// Publish a site's first chain, into its trampoline's body.
    FirstChain,
    /// Publish a chain that the process has not had before.
    NewChain,
    /// Publish a chain that it has had.
    KnownChain,
    /// Open windows; no head is flipped for that.
    Relearn,
    /// Find that nothing is to be done.
    Nothing,
}

impl Work {
    /// What it is, for people.
    pub fn label(self) -> &'static str {
        match self {
            Work::FirstChain => "first chain (into the trampoline)",
            Work::NewChain => "new chain (written and flipped to)",
            Work::KnownChain => "known chain (flipped to)",
            Work::Relearn => "window reopened (nothing flipped)",
            Work::Nothing => "nothing changed",
        }
    }
}

/// One kind of pass: what it did, to how many sites, with what else running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pass {
    /// Call sites of the program that are in use or not.
    pub sites: usize,
    /// Sites that changed.
    pub changed: usize,
    /// What changed.
    pub work: Work,
    /// Whether another thread was calling through sites all the while.
    pub busy: bool,
}

/// Microseconds of the passes of each kind.
pub type Latencies = BTreeMap<Pass, Vec<f64>>;

/// The sites that change, and what they are called with.
pub struct Changing<'a> {
    calls: &'a [Call],
    /// The plan that the last cycle taught, and the one before.
    taught: usize,
    before: usize,
    /// What another thread may call them with.
    current: &'a AtomicUsize,
}

impl<'a> Changing<'a> {
    /// These sites, not yet called. `current` holds the index of the object that
    /// they are taught, for a thread that calls through them too.
    ///
    /// # Errors
    /// A configuration that the runtime refuses, in words.
    pub fn new(calls: &'a [Call], current: &'a AtomicUsize) -> Result<Self, String> {
        let config = Config::default()
            .mode(Mode::Always)
            .window(WINDOW)
            .misses(WINDOW);
        runtime::configure(config).map_err(|error| error.to_string())?;
        Ok(Changing {
            calls,
            taught: 0,
            before: 0,
            current,
        })
    }

    /// The first chain of every site. More sites than profiles for first windows
    /// take two passes; the one that publishes most is noted.
    ///
    /// # Errors
    /// A refused step of patching, in words.
    pub fn first(&mut self, busy: bool, into: &mut Latencies) -> Result<(), String> {
        self.teach(0, 8);
        let (early, early_time) = pass()?;
        self.teach(0, 1);
        let (late, late_time) = pass()?;
        let (outcome, time) = if early.published > late.published {
            (early, early_time)
        } else {
            (late, late_time)
        };
        if outcome.published > 0 && outcome.published == outcome.changed {
            note(into, &outcome, Work::FirstChain, busy, time);
        }
        Ok(())
    }

    /// As many changes of plan as `cycles` says, each in two passes: one reopens
    /// the windows, one publishes. A further pass finds nothing to do.
    ///
    /// # Errors
    /// A refused step of patching, in words.
    pub fn cycles(
        &mut self,
        cycles: usize,
        work: Work,
        busy: bool,
        into: &mut Latencies,
    ) -> Result<(), String> {
        for _ in 0..cycles {
            let plan = match work {
                Work::NewChain => self.taught.max(self.before) + 1,
                // Back and forth between the last two.
                _ => self.before,
            };
            if plan >= plans() {
                return Ok(());
            }
            self.before = self.taught;
            self.teach(plan, 1);
            let (outcome, time) = pass()?;
            if self.all(&outcome, outcome.reopened) {
                note(into, &outcome, Work::Relearn, busy, time);
            }
            self.teach(plan, 1);
            let (outcome, time) = pass()?;
            if self.all(&outcome, outcome.published) {
                note(into, &outcome, work, busy, time);
            }
            let (outcome, time) = pass()?;
            if outcome.changed == 0 {
                note(into, &outcome, Work::Nothing, busy, time);
            }
        }
        Ok(())
    }

    /// Whether a pass changed these sites and no others. A pass that met a site
    /// whose lock was taken did not.
    fn all(&self, outcome: &Retarget, of_a_kind: usize) -> bool {
        of_a_kind == self.calls.len() && outcome.changed == of_a_kind
    }

    /// Calls every site often enough to fill a window with the `plan`th mix.
    fn teach(&mut self, plan: usize, windows: usize) {
        let (often, seldom) = mix(plan);
        self.current.store(often, Ordering::Relaxed);
        for call in self.calls {
            for index in 0..FEED * windows {
                let object = if index % 5 < 3 { often } else { seldom };
                black_box(call(OBJECTS[object], 1));
            }
        }
        self.taught = plan;
    }
}

/// How many different mixes there are.
pub const fn plans() -> usize {
    24
}

/// The `plan`th mix: a frequent and a less frequent type, both unknown to the mix
/// before and after, so that every call after a change is a miss.
fn mix(plan: usize) -> (usize, usize) {
    const PAIRS: [(usize, usize); 12] = [
        (0, 1),
        (1, 2),
        (2, 3),
        (3, 0),
        (0, 2),
        (1, 3),
        (1, 0),
        (2, 1),
        (3, 2),
        (0, 3),
        (2, 0),
        (3, 1),
    ];
    let (often, seldom) = PAIRS[plan / 2 % PAIRS.len()];
    let half = plan % 2 * 4;
    (often + half, seldom + half)
}

fn pass() -> Result<(Retarget, f64), String> {
    let start = Instant::now();
    let outcome = runtime::retarget().map_err(|error| error.to_string())?;
    Ok((outcome, start.elapsed().as_secs_f64() * 1e6))
}

fn note(into: &mut Latencies, outcome: &Retarget, work: Work, busy: bool, time: f64) {
    let pass = Pass {
        sites: outcome.sites,
        changed: outcome.changed,
        work,
        busy,
    };
    into.entry(pass).or_default().push(time);
}

/// Runs `work` while another thread calls through `calls`, with the object that
/// `current` says, and waits until it does.
pub fn while_calling<R>(calls: &[Call], current: &AtomicUsize, work: impl FnOnce() -> R) -> R {
    let (started, stop) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let stop_at_the_end = Stop(&stop);
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for call in calls {
                    let object: &dyn Body = OBJECTS[current.load(Ordering::Relaxed)];
                    black_box(call(object, 1));
                }
                started.store(true, Ordering::Relaxed);
            }
        });
        while !started.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        let result = work();
        drop(stop_at_the_end);
        result
    })
}

/// Stops the thread also when `work` panics.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_mixes_have_no_type_in_common_and_no_mix_comes_twice() {
        let mixes: Vec<_> = (0..plans()).map(mix).collect();
        for (index, (often, seldom)) in mixes.iter().enumerate() {
            assert_ne!(often, seldom);
            assert!(!mixes[..index].contains(&(*often, *seldom)));
            if let Some((before, before_too)) = index.checked_sub(1).map(|before| mixes[before]) {
                for one in [before, before_too] {
                    assert!(one != *often && one != *seldom);
                }
            }
        }
    }
}
