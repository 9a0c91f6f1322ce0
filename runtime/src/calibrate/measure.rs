//! The measurement.

use std::time::Instant;

use super::Calibration;
use super::probe::{COPIES, Kind, Loop, Probe};
use crate::arch::Target;
use crate::private::vtable_of;
use crate::publish::{Batch, Publisher, Trampoline};
use crate::site::{Phase, Way};

/// More than a branch predictor remembers the order of.
const CALLS: usize = 4096;
const ROUNDS: usize = 7;
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// Measures chains against plain calls. Where that is not possible, nothing is
/// said to pay.
pub(crate) fn measure(publisher: &mut Publisher) -> Calibration {
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
    if publish(publisher, &kinds[..2]).is_none() {
        return Calibration::UNKNOWN;
    }
    let calibration = Calibration {
        mono: ratio(&vec![kinds[0]; CALLS]),
        skewed: ratio(&shuffled(|pick| kinds[usize::from(pick % 5 == 0)])),
        scattered: ratio(&shuffled(|pick| {
            kinds[if pick % 5 == 0 { 1 + pick / 5 % 7 } else { 0 }]
        })),
        even: ratio(&shuffled(|pick| kinds[pick % 4])),
    };
    // The heads may stay: nobody enters them any more.
    for copy in &COPIES {
        copy.site.send(Way::Plain);
    }
    calibration
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

/// Puts a chain of these objects' types behind every site and switches it on.
fn publish(publisher: &mut Publisher, objects: &[&dyn Probe]) -> Option<()> {
    let mut targets: Vec<Target> = Vec::new();
    for object in objects {
        let vtable = vtable_of(*object);
        if !targets.iter().any(|target| target.vtable == vtable) {
            use crate::registry::TraitObject as _;
            let shim = object.__table().shim(0)?;
            targets.push(Target { vtable, shim });
        }
    }
    let mut batch = Batch::default();
    for copy in &COPIES {
        // One call brings the trampoline to the site.
        (copy.through_site)(&objects[..1]);
        let mut trampoline = Trampoline::new(copy.site.first_path()?);
        publisher
            .prepare(&mut trampoline, &targets, &mut batch)
            .ok()?;
    }
    // SAFETY: the engine's lock is held, and all of this is this crate's own code,
    // which stays loaded.
    unsafe { publisher.commit(&batch) }.ok()?;
    for copy in &COPIES {
        copy.site.lock()?.open(Phase::Resting, 0, None);
        copy.site.send(Way::Patched);
    }
    Some(())
}

/// Median of the per-round ratios over all copies, the order alternating.
fn ratio(objects: &[&dyn Probe]) -> f32 {
    let time = |run: Loop| {
        let start = Instant::now();
        std::hint::black_box(run(std::hint::black_box(objects)));
        start.elapsed().as_secs_f32()
    };
    let mut ratios = Vec::with_capacity(ROUNDS * COPIES.len());
    for round in 0..ROUNDS {
        for copy in &COPIES {
            let (plain, through_site) = if round % 2 == 0 {
                let plain = time(copy.plain);
                (plain, time(copy.through_site))
            } else {
                let through_site = time(copy.through_site);
                (time(copy.plain), through_site)
            };
            // The first rounds warm caches and predictors up.
            if round >= 2 {
                ratios.push(through_site / plain);
            }
        }
    }
    ratios.sort_by(f32::total_cmp);
    ratios[ratios.len() / 2]
}
