//! A profiler's timer interrupts calls wherever they are, and unwinds from there.
//!
//! What a profiler sees is counted by where it interrupted: in a trampoline, in a
//! chain inside the program, in a chain elsewhere, in the rest. Only from a chain
//! elsewhere may it lose its way, see the soundness file, and from the linker's own
//! stubs: rust-lld writes no unwind information for its procedure linkage table.
#![cfg(all(feature = "patching", target_os = "linux", target_arch = "x86_64"))]

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::{mem, ptr};

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use static_call::runtime::{self, Backend, Config, Mode};
use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Kind: Sync {
    #[static_dispatch(targets = 2)]
    fn short(&self, x: u64) -> u64;
    #[static_dispatch(targets = 8)]
    fn long(&self, x: u64) -> u64;
}

struct Times<const N: u64>;

impl<const N: u64> Kind for Times<N> {
    fn short(&self, x: u64) -> u64 {
        x.wrapping_mul(N)
    }
    fn long(&self, x: u64) -> u64 {
        x.wrapping_mul(N) + 1
    }
}

/// One more than a chain of eight knows: the last one is a miss. A static, since a
/// constant would be copied by a call through rust-lld's PLT, which no table covers.
static KINDS: [&dyn Kind; 9] = [
    &Times::<1>,
    &Times::<2>,
    &Times::<3>,
    &Times::<4>,
    &Times::<5>,
    &Times::<6>,
    &Times::<7>,
    &Times::<8>,
    &Times::<9>,
];

/// The function that every unwinding must reach. Both call sites are in it.
#[inline(never)]
fn caller(kind: usize, x: u64) {
    INSIDE_CALLER.store(true, Ordering::SeqCst);
    let (short, long) = (KINDS[kind % 2], KINDS[kind]);
    let factor = kind as u64;
    assert_eq!(static_call!(short.short(x)), x.wrapping_mul(factor % 2 + 1));
    assert_eq!(static_call!(long.long(x)), x.wrapping_mul(factor + 1) + 1);
    INSIDE_CALLER.store(false, Ordering::SeqCst);
}

/// Where a sample fell.
#[derive(Clone, Copy, Debug)]
enum Place {
    Trampoline,
    /// A shim or a method's body in it, on the trampolines' pages.
    Shim,
    Chain,
    ChainElsewhere,
    LinkageTable,
    Code,
}

const PLACES: [Place; 6] = [
    Place::Trampoline,
    Place::Shim,
    Place::Chain,
    Place::ChainElsewhere,
    Place::LinkageTable,
    Place::Code,
];

/// Samples by place, and how many of them reached `caller`.
static SAMPLES: [AtomicU64; 6] = [const { AtomicU64::new(0) }; 6];
static REACHED: [AtomicU64; 6] = [const { AtomicU64::new(0) }; 6];
/// Samples taken in the program, where the thread was outside of `caller`.
static OUTSIDE: AtomicU64 = AtomicU64::new(0);
/// Executable memory that belongs to no object.
static ELSEWHERE: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
/// The program's trampolines, which lie among shims.
static TRAMPOLINES: OnceLock<Vec<Range<usize>>> = OnceLock::new();
/// The program's procedure linkage table.
static LINKAGE_TABLE: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
/// Where the last one was lost that should not have been.
static LOST: AtomicUsize = AtomicUsize::new(0);
static INSIDE_CALLER: AtomicBool = AtomicBool::new(false);

unsafe extern "C" {
    #[link_name = "__start_static_call_text"]
    static TEXT_START: u8;
    #[link_name = "__stop_static_call_text"]
    static TEXT_END: u8;
    #[link_name = "__start_static_call_chains"]
    static CHAINS_START: u8;
    #[link_name = "__stop_static_call_chains"]
    static CHAINS_END: u8;
}

fn place(at: usize) -> Place {
    let text = (&raw const TEXT_START).addr()..(&raw const TEXT_END).addr();
    let mut trampolines = TRAMPOLINES.get().into_iter().flatten();
    let chains = (&raw const CHAINS_START).addr()..(&raw const CHAINS_END).addr();
    let range = |of: &[AtomicUsize; 2]| {
        let [start, end] = [0, 1].map(|which: usize| of[which].load(Ordering::Relaxed));
        start..end
    };
    if trampolines.any(|trampoline| trampoline.contains(&at)) {
        Place::Trampoline
    } else if text.contains(&at) {
        Place::Shim
    } else if chains.contains(&at) {
        Place::Chain
    } else if range(&ELSEWHERE).contains(&at) {
        Place::ChainElsewhere
    } else if range(&LINKAGE_TABLE).contains(&at) {
        Place::LinkageTable
    } else {
        Place::Code
    }
}

/// What a profiler's handler does: unwinds to the thread's first frame.
extern "C" fn sample(signal: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes the interrupted thread's context.
    let registers = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    #[allow(
        clippy::cast_possible_truncation,
        reason = "an address of this program"
    )]
    let at = registers[usize::try_from(libc::REG_RIP).unwrap()].cast_unsigned() as usize;
    let inside = INSIDE_CALLER.load(Ordering::Relaxed);
    if signal == libc::SIGTRAP && !inside {
        // Where the flags are on the stack, that is not what the tables say.
        return;
    }
    let mut reached = false;
    // SAFETY: one thread is sampled, and the handler does not interrupt itself.
    unsafe {
        backtrace::trace_unsynchronized(|frame| {
            reached |= frame.symbol_address().addr() == (caller as fn(usize, u64) as usize);
            !reached
        });
    }
    let place = place(at);
    if matches!(place, Place::Code | Place::LinkageTable) && !inside {
        OUTSIDE.fetch_add(1, Ordering::Relaxed);
        return;
    }
    if !reached && !matches!(place, Place::ChainElsewhere | Place::LinkageTable) {
        LOST.store(at, Ordering::Relaxed);
    }
    SAMPLES[place as usize].fetch_add(1, Ordering::Relaxed);
    REACHED[place as usize].fetch_add(u64::from(reached), Ordering::Relaxed);
}

/// Has `sample` called at every signal of that number.
fn handle(signal: libc::c_int) {
    // SAFETY: a plain structure; the handler touches atomics and unwinds.
    let result = unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = sample as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        libc::sigaction(signal, &raw const action, ptr::null_mut())
    };
    assert_eq!(result, 0);
}

/// Calls with the processor's trap flag set: a signal after every instruction.
fn call_step_by_step(kind: usize, x: u64) {
    // SAFETY: changes the trap flag only; the flags' place on the stack lies below
    // the red zone, which inline assembly without `nostack` may not rely on.
    unsafe {
        std::arch::asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq");
    }
    caller(kind, x);
    // SAFETY: as above.
    unsafe {
        std::arch::asm!("pushfq", "and qword ptr [rsp], -257", "popfq");
    }
}

/// A timer that interrupts this thread.
struct Timer(libc::timer_t);

impl Timer {
    fn every_microseconds(microseconds: i64) -> Self {
        // SAFETY: plain structures, filled in as the functions want them; the
        // handler touches atomics and unwinds.
        unsafe {
            let mut event: libc::sigevent = mem::zeroed();
            event.sigev_notify = libc::SIGEV_THREAD_ID;
            event.sigev_signo = libc::SIGPROF;
            event.sigev_notify_thread_id = libc::gettid();
            let mut timer = ptr::null_mut();
            let made = libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer);
            assert_eq!(made, 0);
            let mut time: libc::itimerspec = mem::zeroed();
            time.it_interval.tv_nsec = microseconds * 1000;
            time.it_value.tv_nsec = microseconds * 1000;
            assert_eq!(
                libc::timer_settime(timer, 0, &raw const time, ptr::null_mut()),
                0
            );
            Timer(timer)
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // SAFETY: made by `timer_create`, deleted once.
        unsafe { libc::timer_delete(self.0) };
    }
}

/// Off and on again, which opens new windows; then calls, most often of the kinds
/// that come first in `order`; then a pass, which publishes them in that order.
fn publish(order: [usize; 8]) {
    for mode in [Mode::Off, Mode::Always] {
        runtime::configure(Config::default().mode(mode).window(144)).unwrap();
        runtime::retarget().unwrap();
    }
    // 144 calls: four rounds of eight for the first, seven for the next, and so on.
    for round in 0..4 {
        for (rank, kind) in order.into_iter().enumerate() {
            for x in 0..8 - rank as u64 {
                caller(kind, x + round);
            }
        }
    }
    runtime::retarget().unwrap();
}

/// The `n`th of the orders of eight kinds, by Lehmer's code.
fn order(mut n: usize) -> [usize; 8] {
    let mut left: Vec<usize> = (0..8).collect();
    std::array::from_fn(|_| {
        let choices = left.len();
        let chosen = left.remove(n % choices);
        n /= choices;
        chosen
    })
}

/// Memory for chains that lies outside of the program.
fn mapped_for_chains() -> Range<usize> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let program = std::env::current_exe().unwrap();
    let number = |text: &str| usize::from_str_radix(text, 16).unwrap();
    let range = |line: &str| {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        number(start)..number(end)
    };
    let own = maps
        .lines()
        .filter(|line| line.contains(program.to_str().unwrap()));
    let own = own
        .map(range)
        .reduce(|all, one| all.start..one.end)
        .unwrap();
    let others = maps
        .lines()
        .filter(|line| {
            line.contains(" r-xp ") && (line.contains("memfd:static-call") || line.ends_with(" 0 "))
        })
        .map(range)
        .filter(|range| range.end <= own.start || range.start >= own.end);
    others.reduce(|all, one| all.start..one.end).unwrap_or(0..0)
}

/// The address that a symbol has in the program's file.
fn in_file(file: &object::File<'_>, name: &str) -> usize {
    let mut symbols = file.symbols();
    let symbol = symbols.find(|symbol| symbol.name() == Ok(name));
    usize::try_from(symbol.unwrap().address()).unwrap()
}

/// Where the trampolines and the linker's stubs lie, by the program's own file.
fn find_in_the_file() {
    let bytes = std::fs::read("/proc/self/exe").unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let base = (&raw const CHAINS_START).addr() - in_file(&file, "__start_static_call_chains");
    let trampolines = file.symbols().filter_map(|symbol| {
        let ours = symbol
            .name()
            .is_ok_and(|name| name.contains("__trampoline"));
        let start = base + usize::try_from(symbol.address()).unwrap();
        ours.then_some(start..start + 64)
    });
    TRAMPOLINES.set(trampolines.collect()).unwrap();
    let Some(table) = file.section_by_name(".plt") else {
        return;
    };
    let start = base + usize::try_from(table.address()).unwrap();
    LINKAGE_TABLE[0].store(start, Ordering::Relaxed);
    let end = start + usize::try_from(table.size()).unwrap();
    LINKAGE_TABLE[1].store(end, Ordering::Relaxed);
}

/// The places where samples fell and how many there reached the caller.
fn print_and_check(how: &str) {
    println!("{how}:");
    for place in PLACES {
        let samples = SAMPLES[place as usize].swap(0, Ordering::Relaxed);
        let reached = REACHED[place as usize].swap(0, Ordering::Relaxed);
        println!("  {place:?}: {samples} samples, {reached} reached the caller");
        if !matches!(place, Place::ChainElsewhere | Place::LinkageTable) {
            assert_eq!(
                samples,
                reached,
                "unwinding from {place:?} ends early, at {:#x} from `caller`",
                LOST.load(Ordering::Relaxed)
                    .wrapping_sub(caller as fn(usize, u64) as usize)
            );
        }
    }
    let outside = OUTSIDE.swap(0, Ordering::Relaxed);
    println!("  {outside} samples outside of the calls");
}

fn samples(place: Place) -> u64 {
    SAMPLES[place as usize].load(Ordering::Relaxed)
}

#[test]
fn a_profiler_finds_the_caller_from_trampolines_chains_and_shims() {
    // Twice: the first window is longer than those that are configured.
    (0..2).for_each(|_| publish(order(0)));
    if runtime::backend() != Backend::Patching {
        return println!("nothing is patched here: {}", runtime::backend());
    }
    find_in_the_file();
    handle(libc::SIGTRAP);
    handle(libc::SIGPROF);

    // From every instruction of a call, hits and misses.
    (0..9).for_each(|kind| call_step_by_step(kind, 5));
    assert!(
        [Place::Trampoline, Place::Shim, Place::Chain]
            .into_iter()
            .all(|place| samples(place) > 0)
    );
    print_and_check("from every instruction");

    // More plans than there is room for in the program.
    for n in 1..=300 {
        publish(order(n * 97));
    }
    let elsewhere = mapped_for_chains();
    assert!(!elsewhere.is_empty(), "the program has room for 300 chains");
    ELSEWHERE[0].store(elsewhere.start, Ordering::Relaxed);
    ELSEWHERE[1].store(elsewhere.end, Ordering::Relaxed);

    // At any time, also while chains are published.
    let timer = Timer::every_microseconds(100);
    for n in 0..100 {
        publish(order(n * 97));
    }
    let mut calls: u64 = 0;
    while PLACES.into_iter().map(samples).sum::<u64>() + OUTSIDE.load(Ordering::Relaxed) < 30_000 {
        for x in 0..9000 {
            caller(x % 9, x as u64);
        }
        calls += 18_000;
    }
    drop(timer);
    print_and_check(&format!("from a timer, {calls} calls and 100 passes"));

    // What is not covered, in figures.
    for n in 301.. {
        publish(order(n * 97));
        (0..9).for_each(|kind| call_step_by_step(kind, 5));
        if samples(Place::ChainElsewhere) > 0 {
            break;
        }
        assert!(n < 1000, "no new chain is led to: {}", runtime::report());
    }
    print_and_check("from every instruction, the chain outside of the program");
    println!("{}", runtime::report());
}
