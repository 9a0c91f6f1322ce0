//! The measurement.

use std::time::Instant;

use super::Calibration;
use super::probe::{COPIES, Loop, Often, Probe, Seldom};
use crate::arch::Target;
use crate::private::vtable_of;
use crate::publish::{Batch, Publisher, Trampoline};
use crate::site::{Phase, Way};

const CALLS: usize = 512;
const ROUNDS: usize = 16;

/// Measures chains against plain calls. Where that is not possible, nothing is
/// said to pay.
pub(crate) fn measure(publisher: &mut Publisher) -> Calibration {
    let (often, seldom) = (Often(0x9E37_79B9_7F4A_7C15), Seldom(0x2545_F491_4F6C_DD1D));
    let mono: Vec<&dyn Probe> = vec![&often; CALLS];
    let skewed = shuffled(&often, &seldom);
    if publish(publisher, &skewed).is_none() {
        return Calibration::UNKNOWN;
    }
    let calibration = Calibration {
        mono: ratio(&mono),
        skewed: ratio(&skewed),
    };
    // The heads may stay: nobody enters them any more.
    COPIES.iter().for_each(|copy| copy.site.send(Way::Plain));
    calibration
}

/// Four in five of one type, in an order with no short period.
fn shuffled<'a>(often: &'a Often, seldom: &'a Seldom) -> Vec<&'a dyn Probe> {
    let mut state = 0x853C_49E6_748F_EA9B_u64;
    (0..CALLS)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            if state % 5 == 0 {
                seldom as &dyn Probe
            } else {
                often
            }
        })
        .collect()
}

/// Puts a chain of both types behind every site and switches it on.
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
    // The frequent type is compared first.
    targets.sort_by_key(|target| target.vtable != vtable_of(objects[0]));
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
