//! What patching costs in time and mappings.

use std::collections::BTreeSet;
use std::hint;

use super::*;

#[test]
fn ten_thousand_replacements_leave_no_more_mappings_than_runs() {
    let mut memory = pages();
    let region = memory.reserve_near(near_tests(), 64 * 4096).unwrap();
    let inside = || {
        let start =
            |line: &str| usize::from_str_radix(line.split('-').next().unwrap(), 16).unwrap();
        let starts: BTreeSet<_> = mappings().iter().map(|(place, _)| start(place)).collect();
        starts.range(region.clone()).count()
    };
    for round in 0..10_000_usize {
        let at = region.start + round * 7919 % region.len();
        // SAFETY: the region is fresh and nobody executes it.
        unsafe { memory.replace(&[Edit { at, bytes: &[0x90] }]) }.unwrap();
    }
    assert!(inside() <= 64, "{} mappings for 64 pages", inside());
    for at in region.clone().step_by(64) {
        let edit = [Edit { at, bytes: &[0x90] }];
        // SAFETY: as above.
        unsafe { memory.replace(&edit) }.unwrap();
    }
    let all: Vec<_> = region
        .clone()
        .step_by(4096)
        .map(|at| Edit { at, bytes: &[0x90] })
        .collect();
    // SAFETY: as above.
    unsafe { memory.replace(&all) }.unwrap();
    assert_eq!(inside(), 1);
}

#[test]
fn a_small_reservation_is_one_mapping_however_it_is_written_to() {
    let mut memory = pages();
    let region = memory.reserve_near(near_tests(), 16 * 4096).unwrap();
    let middle = region.start + region.len() / 2;
    memory.reserved = vec![region.start..middle, middle..region.end];
    let inside = || {
        let inside = mappings().into_iter().filter(|(place, _)| {
            let start = usize::from_str_radix(place.split('-').next().unwrap(), 16).unwrap();
            region.contains(&start)
        });
        inside.count()
    };
    for at in region.clone().step_by(4096).rev() {
        // SAFETY: the region is fresh and nobody executes it.
        unsafe { memory.replace(&[Edit { at, bytes: &[0x90] }]) }.unwrap();
        assert!(inside() <= 2, "{} mappings", inside());
    }
    // Across where they meet.
    let edit = [Edit {
        at: middle - 2,
        bytes: &[1, 2, 3, 4],
    }];
    // SAFETY: as above.
    unsafe { memory.replace(&edit) }.unwrap();
    assert!(inside() <= 2, "{} mappings", inside());
    // SAFETY: the region stays mapped and readable.
    let bytes = unsafe { std::slice::from_raw_parts(region.start as *const u8, region.len()) };
    let (mut model, step) = (vec![BREAKPOINT; region.len()], 4096);
    model.iter_mut().step_by(step).for_each(|byte| *byte = 0x90);
    let middle = middle - region.start;
    model[middle - 2..middle + 2].copy_from_slice(&[1, 2, 3, 4]);
    assert!(bytes == model);
}

/// Prints what a retarget costs here: one head, and ten thousand.
#[test]
fn latency_is_printed() {
    let mut memory = code_memory().unwrap();
    let count = 10_000;
    let region = memory
        .reserve_near(near_tests(), count * TRAMPOLINE_BYTES)
        .unwrap();
    for busy in [false, true] {
        let stop = AtomicBool::new(!busy);
        let held = AtomicU64::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    hint::black_box(held.load(Ordering::Relaxed));
                }
            });
            for (name, heads, rounds) in [("one head", 1, 400), ("10,000 heads", count, 12)] {
                let nop = arch::head_enter_body();
                let edits: Vec<_> = (0..heads)
                    .map(|index| Edit {
                        at: region.start + index * TRAMPOLINE_BYTES,
                        bytes: &nop,
                    })
                    .collect();
                let mut parts = [Vec::new(), Vec::new()];
                for _ in 0..rounds {
                    let start = Instant::now();
                    memory.barrier().unwrap();
                    memory.barrier().unwrap();
                    let middle = Instant::now();
                    // SAFETY: the region is fresh and nobody executes it.
                    unsafe { memory.replace(&edits) }.unwrap();
                    parts[0].push(middle - start);
                    parts[1].push(middle.elapsed());
                }
                let [barriers, replace] = parts.map(|mut part| {
                    part.sort();
                    part[rounds / 2]
                });
                println!("busy {busy}: {name}: replace {replace:?}, two barriers {barriers:?}");
            }
            stop.store(true, Ordering::Relaxed);
        });
    }
}
