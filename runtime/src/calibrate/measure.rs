//! The measurement.

use std::time::Instant;

use super::probe::{COPIES, Copy, Kind, Loop, Probe, ThroughSite};
use super::{ByOrder, Calibration, Costs};
use crate::arch::Target;
use crate::private::vtable_of;
use crate::publish::{Batch, Lead, Publisher, Trampoline};
use crate::registry::TraitObject as _;
use crate::site::{Path, Phase, Way};

/// Calls of one loop: enough for its time to be told from the clock's.
const CALLS: usize = 2048;
const ROUNDS: usize = 7;
/// Rounds that warm caches and predictors up.
const WARM_UP: usize = 2;
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// Which loop of a copy is measured against its plain one.
type Variant = fn(&Copy) -> &ThroughSite;

/// Measures guards and, where code can be patched, chains against plain calls.
pub(crate) fn measure(publisher: Option<&mut Publisher>) -> Calibration {
    let kinds: [&dyn Probe; 8] = [
        &Kind::<1>(SEED),
        &Kind::<3>(SEED),
        &Kind::<5>(SEED),
        &Kind::<7>(SEED),
        &Kind::<9>(SEED),
        &Kind::<11>(SEED),
        &Kind::<13>(SEED),
        &Kind::<15>(SEED),
    ];
    let mut bench = Bench::new(&kinds);
    let chained = publisher.and_then(|publisher| {
        publish(publisher, &kinds[..2], |copy| &copy.chained_by_two)?;
        publish(publisher, &kinds[..4], |copy| &copy.chained_by_four)
    });
    let guarded = guard(&kinds[..2], |copy| &copy.guarded_by_two)
        .and_then(|()| guard(&kinds[..4], |copy| &copy.guarded_by_four));
    // All that meets one type comes first: an indirect call that has ever had a second
    // target takes a Zen 4 2.2 ns in place of 1.4, whatever it meets from then on.
    let chain_mono = chained.map(|()| bench.mono(|copy| &copy.chained_by_two));
    let guard_mono = guarded.map(|()| bench.mono(|copy| &copy.guarded_by_two));
    let mut past = |variant: Variant| {
        for copy in &COPIES {
            // SAFETY: nothing is switched on.
            unsafe { variant(copy).site.guard(&[]) };
        }
        bench.mono(variant)
    };
    let past_guards = guarded.map(|()| past(|copy| &copy.guarded_by_two));
    let past_long_list = guarded.map(|()| past(|copy| &copy.guarded_by_four));
    let chain = chain_mono.map(|mono| {
        let [two, four]: [Variant; 2] = [|copy| &copy.chained_by_two, |copy| &copy.chained_by_four];
        bench.costs(mono, two, four)
    });
    let guards = guard_mono.and_then(|mono| {
        guard(&kinds[..2], |copy| &copy.guarded_by_two)?;
        guard(&kinds[..4], |copy| &copy.guarded_by_four)?;
        let [two, four]: [Variant; 2] = [|copy| &copy.guarded_by_two, |copy| &copy.guarded_by_four];
        Some(bench.costs(mono, two, four))
    });
    // The heads may stay: nobody enters them any more.
    for copy in &COPIES {
        copy.chained_by_two.site.send(Way::Plain);
        copy.chained_by_four.site.send(Way::Plain);
    }
    Calibration {
        chain,
        guard: guards,
        past_guards,
        past_long_list,
    }
}

/// A mix of types.
struct Mix {
    /// From a random number to the one that is called.
    drawn: fn(usize) -> usize,
    /// Who is called in turn, in an order that begins anew after few calls, so that any
    /// predictor can learn it. (A Zen 4 foresees all of a period of four calls, half of
    /// one of 16 and nothing of one of 64, a Sapphire Rapids nearly all of one of 128.)
    in_turn: &'static [usize],
}

const MONO: Mix = Mix {
    drawn: |_| 0,
    in_turn: &[0],
};
const SKEWED: Mix = Mix {
    drawn: |pick| usize::from(pick.is_multiple_of(5)),
    in_turn: &[0, 0, 0, 1],
};
const SCATTERED: Mix = Mix {
    drawn: |pick| {
        if pick.is_multiple_of(5) {
            1 + pick / 5 % 7
        } else {
            0
        }
    },
    in_turn: &[0, 0, 0, 2],
};
const EVEN: Mix = Mix {
    drawn: |pick| pick % 4,
    in_turn: &[0, 1, 2, 3],
};

/// What one variant takes for one mix in one order.
struct Times {
    /// Of the plain call's time.
    ratio: f32,
    /// The plain loop's, in seconds.
    plain: f32,
}

/// Who is called, in which order.
struct Bench<'a> {
    kinds: &'a [&'a dyn Probe; 8],
    objects: Vec<&'a dyn Probe>,
    /// Of the random numbers (Marsaglia's xorshift), from a fixed seed.
    state: u64,
}

impl<'a> Bench<'a> {
    fn new(kinds: &'a [&'a dyn Probe; 8]) -> Self {
        Bench {
            kinds,
            objects: Vec::with_capacity(CALLS),
            state: SEED,
        }
    }

    fn mono(&mut self, variant: Variant) -> f32 {
        self.times(&MONO, true, variant).ratio
    }

    fn costs(&mut self, mono: f32, with_two: Variant, with_four: Variant) -> Costs {
        Costs {
            mono,
            skewed: self.both_orders(&SKEWED, with_two),
            scattered: self.both_orders(&SCATTERED, with_two),
            even: self.both_orders(&EVEN, with_two),
            covered: self.both_orders(&EVEN, with_four),
        }
    }

    fn both_orders(&mut self, mix: &Mix, variant: Variant) -> ByOrder {
        let shuffled = self.times(mix, false, variant);
        let fixed = self.times(mix, true, variant);
        ByOrder {
            shuffled: shuffled.ratio,
            fixed: fixed.ratio,
            plain: fixed.plain / shuffled.plain,
        }
    }

    /// Medians over all copies, plain loop and variant in turn.
    fn times(&mut self, mix: &Mix, repeated: bool, variant: Variant) -> Times {
        const MEASURED: usize = (ROUNDS - WARM_UP) * COPIES.len();
        let mut ratios = [0.0; MEASURED];
        let mut plains = [0.0; MEASURED];
        self.fill(mix, repeated);
        for round in 0..ROUNDS {
            if !repeated {
                // A predictor remembers much of what comes a second time.
                self.fill(mix, repeated);
            }
            for (index, copy) in COPIES.iter().enumerate() {
                let through = variant(copy).run;
                let (plain, through) = if round % 2 == 0 {
                    let plain = self.time(copy.plain);
                    (plain, self.time(through))
                } else {
                    let through = self.time(through);
                    (self.time(copy.plain), through)
                };
                if let Some(measured) = round.checked_sub(WARM_UP) {
                    ratios[measured * COPIES.len() + index] = through / plain;
                    plains[measured * COPIES.len() + index] = plain;
                }
            }
        }
        Times {
            ratio: median(&mut ratios),
            plain: median(&mut plains),
        }
    }

    /// Seconds of a loop over the objects.
    fn time(&self, run: Loop) -> f32 {
        let start = Instant::now();
        std::hint::black_box(run(std::hint::black_box(&self.objects)));
        start.elapsed().as_secs_f32()
    }

    /// Objects in a new order, or in turn.
    fn fill(&mut self, mix: &Mix, repeated: bool) {
        self.objects.clear();
        for call in 0..CALLS {
            let kind = if repeated {
                mix.in_turn[call % mix.in_turn.len()]
            } else {
                self.state ^= self.state << 13;
                self.state ^= self.state >> 7;
                self.state ^= self.state << 17;
                #[allow(clippy::cast_possible_truncation, reason = "31 bits are left")]
                let pick = (self.state >> 33) as usize;
                (mix.drawn)(pick)
            };
            self.objects.push(self.kinds[kind]);
        }
    }
}

fn median(values: &mut [f32]) -> f32 {
    values.sort_by(f32::total_cmp);
    values[values.len() / 2]
}

/// Puts a chain of these objects' types behind a site of every copy and switches it on.
/// Each site has one chain in its life, in the place that the first chain of any site
/// has.
fn publish(publisher: &mut Publisher, objects: &[&dyn Probe], variant: Variant) -> Option<()> {
    let mut targets: Vec<Target> = Vec::new();
    for object in objects {
        let vtable = vtable_of(*object);
        if !targets.iter().any(|target| target.vtable == vtable) {
            let shim = object.__table().shim(0)?;
            targets.push(Target { vtable, shim });
        }
    }
    let mut batch = Batch::default();
    for copy in &COPIES {
        let mut trampoline = Trampoline::new(first_path(variant(copy), objects)?);
        publisher
            .prepare(&mut trampoline, Lead::Chain(&targets), &mut batch)
            .ok()?;
    }
    // SAFETY: the engine's lock is held, and all of this is this crate's own code,
    // which stays loaded.
    unsafe { publisher.commit(&batch) }.ok()?;
    for copy in &COPIES {
        let site = variant(copy).site;
        site.lock()?.open(Phase::Resting, 0, None);
        site.send(Way::Patched);
    }
    Some(())
}

/// Switches the guards for these objects' types on at every copy.
fn guard(objects: &[&dyn Probe], variant: Variant) -> Option<()> {
    for copy in &COPIES {
        let through = variant(copy);
        let guards = first_path(through, objects)?.route.guards?;
        let on: Option<Vec<_>> = objects
            .iter()
            .map(|object| Some((guards.key_of(object.__table())?, vtable_of(*object))))
            .collect();
        // SAFETY: `key_of` has compared the tables of these very vtables, and all lies
        // in this crate's object.
        unsafe { through.site.guard(&on?) };
        through.site.lock()?.open(Phase::Resting, 0, None);
        through.site.send(Way::Guarded);
    }
    Some(())
}

/// One call brings the path to the site.
fn first_path(through: &ThroughSite, objects: &[&dyn Probe]) -> Option<Path> {
    (through.run)(&objects[..1]);
    through.site.first_path()
}
