//! Replaces code for real, in reserved memory and in this program's own text.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{array, thread};

use super::*;
use crate::arch::{HEAD_BYTES, TRAMPOLINE_BYTES, Target};

mod cost;
mod own;
mod processes;

const BREAKPOINT: u8 = arch::BREAKPOINTS[0];

type Call = extern "C" fn(usize, usize, u64) -> u64;

extern "C" fn plus_one(_data: usize, _vtable: usize, x: u64) -> u64 {
    x + 1
}
extern "C" fn plus_two(_data: usize, _vtable: usize, x: u64) -> u64 {
    x + 2
}
extern "C" fn plus_nothing(_data: usize, _vtable: usize, x: u64) -> u64 {
    x
}

fn address(function: Call) -> usize {
    function as usize
}

fn call(at: usize, vtable: usize, x: u64) -> u64 {
    // SAFETY: the tests call only addresses where they put a trampoline.
    let function = unsafe { std::mem::transmute::<usize, Call>(at) };
    function(0, vtable, x)
}

// A trampoline in this program's own code, which the reserved ones are not. It
// has a page of its own: other tests replace pages at the same time.
std::arch::global_asm!(
    ".pushsection static_call_text_of_os_tests, \"ax\", @progbits",
    ".balign 4096",
    ".hidden static_call_os_tests_trampoline",
    ".globl static_call_os_tests_trampoline",
    "static_call_os_tests_trampoline:",
    crate::assembly!(trampoline to "{fallback}"),
    ".balign 4096",
    ".popsection",
    fallback = sym plus_nothing,
);
unsafe extern "C" {
    fn static_call_os_tests_trampoline(data: usize, vtable: usize, x: u64) -> u64;
}

fn pages() -> Pages {
    probe(Box::leak(Box::new(Mutex::new(Ledger::new())))).expect("this machine allows patching")
}

/// A trampoline's bytes with a chain for two targets in its body.
fn two_targets(at: usize, head: [u8; HEAD_BYTES]) -> Vec<u8> {
    let targets = [
        Target {
            vtable: 0x1110,
            shim: address(plus_one),
        },
        Target {
            vtable: address(plus_two),
            shim: address(plus_two),
        },
    ];
    let mut bytes = head.to_vec();
    bytes.extend(
        arch::chain(
            at + HEAD_BYTES,
            &targets,
            address(plus_nothing),
            arch::Receiver::First,
        )
        .unwrap(),
    );
    let all = arch::BREAKPOINTS.iter().copied().cycle();
    bytes.extend(all.skip(bytes.len()).take(TRAMPOLINE_BYTES - bytes.len()));
    bytes
}

fn near_tests() -> Range<usize> {
    let all = [plus_one as Call, plus_two, plus_nothing].map(address);
    *all.iter().min().unwrap()..*all.iter().max().unwrap()
}

/// Every mapping's first word and rights, such as `7f00-7f01` and `r-xp`.
fn mappings() -> Vec<(String, String)> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines()
        .map(|line| {
            let mut words = line.split(' ').map(str::to_owned);
            (words.next().unwrap(), words.next().unwrap())
        })
        .collect()
}

#[test]
fn a_chain_written_near_its_shims_dispatches_on_the_vtable() {
    let mut memory = code_memory().unwrap();
    let region = memory.reserve_near(near_tests(), 10).unwrap();
    assert_eq!(region.len() % 4096, 0);
    assert!(region.start.abs_diff(near_tests().end) < REACH);
    assert!(region.end.abs_diff(near_tests().start) < REACH);
    let code = two_targets(region.start, arch::head_enter_body());
    let edit = Edit {
        at: region.start,
        bytes: &code,
    };
    // SAFETY: the region is fresh and nobody executes it yet.
    unsafe { memory.replace(&[edit]) }.unwrap();
    memory.barrier().unwrap();
    let results = [0x1110, address(plus_two), 0].map(|vtable| call(region.start, vtable, 40));
    assert_eq!(results, [41, 42, 40]);
}

#[test]
fn a_thread_that_executes_while_pages_are_replaced_sees_one_or_the_other() {
    const FLIPS: u32 = 20_000;
    let mut memory = code_memory().unwrap();
    let region = memory.reserve_near(near_tests(), 1).unwrap();
    let in_text = static_call_os_tests_trampoline as *const () as usize;
    for at in [region.start, in_text] {
        let rest = arch::head_jump(at, address(plus_nothing)).unwrap();
        let enter = arch::head_enter_body();
        let code = two_targets(at, rest);
        // SAFETY: trampolines of these tests, not yet executed by others.
        unsafe { memory.replace(&[Edit { at, bytes: &code }]) }.unwrap();
        memory.barrier().unwrap();
        let stop = AtomicBool::new(false);
        let seen: [AtomicU64; 3] = array::from_fn(|_| AtomicU64::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let kind = call(at, 0x1110, 40).wrapping_sub(40).min(2);
                    seen[usize::try_from(kind).unwrap()].fetch_add(1, Ordering::Relaxed);
                }
            });
            let [fallback, first, _] = &seen;
            for flip in 0..1000 * FLIPS {
                // The thread may wait for a processor meanwhile.
                let both = [fallback, first].map(|seen| seen.load(Ordering::Relaxed) > 0);
                if flip >= FLIPS && both == [true; 2] {
                    break;
                }
                let head = if flip % 2 == 0 { &enter } else { &rest };
                // SAFETY: a head is one instruction before and after.
                unsafe { memory.replace(&[Edit { at, bytes: head }]) }.unwrap();
                memory.barrier().unwrap();
                assert_eq!(call(at, 0x1110, 40), 41 - u64::from(flip % 2));
            }
            stop.store(true, Ordering::Relaxed);
        });
        let [fallback, first, wrong] = seen.map(AtomicU64::into_inner);
        println!("{at:#x}: {fallback} fallback, {first} patched, {wrong} wrong");
        assert_eq!(wrong, 0);
        assert!(fallback > 0 && first > 0);
    }
}

#[test]
fn no_mapping_is_ever_writable_and_executable() {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut looks = 0;
            while !stop.load(Ordering::Relaxed) || looks < 20 {
                looks += 1;
                for (place, rights) in mappings() {
                    assert!(
                        !(rights.contains('w') && rights.contains('x')),
                        "{place} {rights}"
                    );
                }
            }
        });
        let mut memory = code_memory().unwrap();
        let region = memory.reserve_near(near_tests(), 1 << 16).unwrap();
        let end = Instant::now() + Duration::from_millis(300);
        while Instant::now() < end && !watcher.is_finished() {
            // SAFETY: the region is fresh and nobody executes it.
            unsafe {
                memory.replace(&[Edit {
                    at: region.start,
                    bytes: &[0x90],
                }])
            }
            .unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        watcher.join().unwrap();
    });
}

#[test]
fn a_file_that_code_was_mapped_from_is_never_written_again() {
    use std::io::Write as _;
    use std::os::unix::fs::FileExt as _;
    let mut file = mapping::sealed_file(&[0xCC; 4096]).unwrap();
    assert!(file.write_at(&[0x90], 0).is_err());
    assert!(file.write_all(&[0x90]).is_err());
    assert!(file.set_len(0).is_err() && file.set_len(8192).is_err());
    // SAFETY: a new mapping, if there is any.
    let alias = unsafe { memmap2::MmapOptions::new().len(4096).map_mut(&file) };
    assert!(alias.is_err());
}

#[test]
fn bytes_around_an_edit_stay_and_gaps_inside_a_reservation_are_closed() {
    let mut memory = pages();
    let region = memory.reserve_near(near_tests(), 8 * 4096).unwrap();
    let crossing = region.start + 4096 - 2;
    let edits = [
        Edit {
            at: region.end - 1,
            bytes: &[5],
        },
        Edit {
            at: crossing,
            bytes: &[1, 2, 3, 4],
        },
        Edit {
            at: region.start,
            bytes: &[],
        },
    ];
    // SAFETY: the region is fresh and nobody executes it.
    unsafe { memory.replace(&edits) }.unwrap();
    // SAFETY: the region stays mapped and readable.
    let bytes = unsafe { std::slice::from_raw_parts(region.start as *const u8, region.len()) };
    let mut model = vec![BREAKPOINT; region.len()];
    model[4094..4098].copy_from_slice(&[1, 2, 3, 4]);
    *model.last_mut().unwrap() = 5;
    assert!(bytes == model);
}

#[test]
fn what_cannot_be_reserved_is_refused_in_words() {
    let mut memory = pages();
    for (near, bytes) in [(0..usize::MAX, 1), (0..1, usize::MAX), (0..1, 1 << 31)] {
        assert_eq!(
            memory.reserve_near(near, bytes).unwrap_err().step,
            "arguments"
        );
    }
    let kernel = usize::MAX - 4096;
    assert_eq!(
        memory.reserve_near(kernel..usize::MAX, 1).unwrap_err().step,
        "mmap"
    );
    let low = memory.reserve_near(0x1000..0x2000, 4096).unwrap();
    assert!(low.start >= 0x2000 && low.end <= REACH, "{low:x?}");
}

#[test]
fn a_failed_run_is_named_and_the_ones_below_took_effect() {
    let mut memory = pages();
    let region = memory.reserve_near(near_tests(), 64 * 4096).unwrap();
    // Half of all addresses, never touched: there is no room for a copy.
    let length = 1 << 46;
    // SAFETY: without `MAP_FIXED` no existing mapping is touched.
    let huge = unsafe { mapping::map(0, length, libc::PROT_READ, libc::MAP_NORESERVE, None) };
    let Ok(huge) = huge else {
        return println!("skipped: address space is limited here");
    };
    // SAFETY: just mapped, readable, and never written.
    let bytes = unsafe { std::slice::from_raw_parts(huge as *const u8, length) };
    let edits = [
        Edit {
            at: region.start + 32 * 4096,
            bytes,
        },
        Edit {
            at: region.start,
            bytes: &[0x90],
        },
    ];
    // SAFETY: the region is ours; the long edit is refused before a byte of it
    // is written.
    let error = unsafe { memory.replace(&edits) }.unwrap_err();
    assert_eq!(
        (error.step, error.applied, error.below),
        ("mmap", 1, edits[0].at)
    );
    // SAFETY: the region stays mapped and readable.
    let first = unsafe { ptr::read_volatile(region.start as *const u8) };
    assert_eq!(first, 0x90);
    // SAFETY: mapped above, and `bytes` is not used any more.
    assert!(unsafe { mapping::unmap(huge, length) });
}
