//! The measurement.

use std::time::Instant;

use super::probe::{COPIES, Copy, Kind, Loop, Probe, ThroughSite};
use super::{Calibration, Costs};
use crate::arch::Target;
use crate::private::vtable_of;
use crate::publish::{Batch, Publisher, Trampoline};
use crate::registry::TraitObject as _;
use crate::site::{Path, Phase, Way};

/// More than a branch predictor remembers the order of.
const CALLS: usize = 4096;
const ROUNDS: usize = 7;
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// Which loop of a copy is measured against its plain one.
type Variant = fn(&Copy) -> &ThroughSite;

/// Measures guards and, where code can be patched, chains against plain calls. What
/// cannot be measured is not said to pay.
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
    let mixes = Mixes::of(&kinds);
    let chain = publisher.and_then(|publisher| {
        // The same for both chains: a second one would be taken for at rest.
        let mut trampolines = trampolines(&kinds[..2])?;
        publish(publisher, &mut trampolines, &kinds[..2])?;
        let costs = mixes.costs(|copy| &copy.chained);
        publish(publisher, &mut trampolines, &kinds[..4])?;
        Some(Costs {
            covered: ratio(&mixes.even, |copy| &copy.chained),
            ..costs
        })
    });
    let guard = (guard(&kinds[..2], |copy| &copy.guarded_by_two))
        .and_then(|()| guard(&kinds[..4], |copy| &copy.guarded_by_four))
        .map(|()| Costs {
            covered: ratio(&mixes.even, |copy| &copy.guarded_by_four),
            ..mixes.costs(|copy| &copy.guarded_by_two)
        });
    // The heads may stay: nobody enters them any more.
    for copy in &COPIES {
        copy.chained.site.send(Way::Plain);
    }
    Calibration {
        chain: chain.unwrap_or(Costs::UNKNOWN),
        guard: guard.unwrap_or(Costs::UNKNOWN),
    }
}

/// The measured mixes: who is called, in which order.
struct Mixes<'a> {
    mono: Vec<&'a dyn Probe>,
    skewed: Vec<&'a dyn Probe>,
    scattered: Vec<&'a dyn Probe>,
    even: Vec<&'a dyn Probe>,
}

impl<'a> Mixes<'a> {
    fn of(kinds: &[&'a dyn Probe; 8]) -> Self {
        Mixes {
            mono: vec![kinds[0]; CALLS],
            skewed: shuffled(|pick| kinds[usize::from(pick % 5 == 0)]),
            scattered: shuffled(|pick| kinds[if pick % 5 == 0 { 1 + pick / 5 % 7 } else { 0 }]),
            even: shuffled(|pick| kinds[pick % 4]),
        }
    }

    /// All of them; `covered` is for the caller to fill in.
    fn costs(&self, variant: Variant) -> Costs {
        Costs {
            mono: ratio(&self.mono, variant),
            skewed: ratio(&self.skewed, variant),
            scattered: ratio(&self.scattered, variant),
            even: ratio(&self.even, variant),
            ..Costs::UNKNOWN
        }
    }
}

/// An order with no short period, from a fixed seed (Marsaglia's xorshift).
fn shuffled<'a>(object: impl Fn(usize) -> &'a dyn Probe) -> Vec<&'a dyn Probe> {
    let mut state = SEED;
    (0..CALLS)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            object((state >> 33) as usize)
        })
        .collect()
}

/// Those of the measured sites.
fn trampolines(objects: &[&dyn Probe]) -> Option<Vec<Trampoline>> {
    let paths = COPIES.iter().map(|copy| first_path(&copy.chained, objects));
    paths.map(|path| Some(Trampoline::new(path?))).collect()
}

/// Puts a chain of these objects' types behind every site and switches it on.
fn publish(
    publisher: &mut Publisher,
    trampolines: &mut [Trampoline],
    objects: &[&dyn Probe],
) -> Option<()> {
    let mut targets: Vec<Target> = Vec::new();
    for object in objects {
        let vtable = vtable_of(*object);
        if !targets.iter().any(|target| target.vtable == vtable) {
            let shim = object.__table().shim(0)?;
            targets.push(Target { vtable, shim });
        }
    }
    let mut batch = Batch::default();
    for trampoline in trampolines {
        publisher.prepare(trampoline, &targets, &mut batch).ok()?;
    }
    // SAFETY: the engine's lock is held, and all of this is this crate's own code,
    // which stays loaded.
    unsafe { publisher.commit(&batch) }.ok()?;
    for copy in &COPIES {
        let site = copy.chained.site;
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

/// Median of the per-round ratios over all copies, the order alternating.
fn ratio(objects: &[&dyn Probe], variant: Variant) -> f32 {
    let time = |run: Loop| {
        let start = Instant::now();
        std::hint::black_box(run(std::hint::black_box(objects)));
        start.elapsed().as_secs_f32()
    };
    let mut ratios = Vec::with_capacity(ROUNDS * COPIES.len());
    for round in 0..ROUNDS {
        for copy in &COPIES {
            let through = variant(copy).run;
            let (plain, through) = if round % 2 == 0 {
                let plain = time(copy.plain);
                (plain, time(through))
            } else {
                let through = time(through);
                (time(copy.plain), through)
            };
            // The first rounds warm caches and predictors up.
            if round >= 2 {
                ratios.push(through / plain);
            }
        }
    }
    ratios.sort_by(f32::total_cmp);
    ratios[ratios.len() / 2]
}
