//! What a profiler does, and where its samples fall.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::{mem, ptr};

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

/// Where a sample fell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    Trampoline,
    /// A shim or a method's body in it, on the trampolines' pages.
    Shim,
    /// A chain in the program.
    Chain,
    /// A chain in a plugin.
    ChainInPlugin,
    /// A chain in memory that belongs to no object.
    ChainElsewhere,
    LinkageTable,
    Code,
}

const PLACES: [Place; 7] = [
    Place::Trampoline,
    Place::Shim,
    Place::Chain,
    Place::ChainInPlugin,
    Place::ChainElsewhere,
    Place::LinkageTable,
    Place::Code,
];

impl Place {
    /// From here unwinders may lose their way, see the soundness file. The last are the
    /// linker's own stubs: rust-lld writes no unwind information for its procedure
    /// linkage table.
    fn is_uncovered(self) -> bool {
        matches!(self, Place::ChainElsewhere | Place::LinkageTable)
    }
}

/// Samples by place, and how many of them reached the caller.
static SAMPLES: [AtomicU64; 7] = [const { AtomicU64::new(0) }; 7];
static REACHED: [AtomicU64; 7] = [const { AtomicU64::new(0) }; 7];
/// Samples taken in the program, where the thread was outside of the caller.
static OUTSIDE: AtomicU64 = AtomicU64::new(0);
/// Where the last one was lost that should not have been.
static LOST: AtomicUsize = AtomicUsize::new(0);
/// The function that every unwinding must reach, and whether the thread is in it.
static CALLER: AtomicUsize = AtomicUsize::new(0);
static INSIDE_CALLER: AtomicBool = AtomicBool::new(false);
static PLAN: AtomicPtr<Plan> = AtomicPtr::new(ptr::null_mut());

/// Which addresses are what.
#[derive(Clone, Default)]
pub(crate) struct Plan {
    /// With all that lies on their pages.
    text: Vec<Range<usize>>,
    trampolines: Vec<Range<usize>>,
    linkage_tables: Vec<Range<usize>>,
    pub(crate) rooms: Vec<Range<usize>>,
    pub(crate) rooms_of_plugins: Vec<Range<usize>>,
    elsewhere: Vec<Range<usize>>,
}

impl Plan {
    /// Of the program, by its file and by what is mapped now.
    pub(crate) fn of_program() -> Plan {
        let mut plan = Plan::default();
        let rooms = plan.add(
            Path::new("/proc/self/exe"),
            &std::env::current_exe().unwrap(),
        );
        plan.rooms = rooms;
        plan
    }

    pub(crate) fn add_plugin(&mut self, path: &Path) {
        let rooms = self.add(path, path);
        self.rooms_of_plugins.extend(rooms);
    }

    /// Adds what the file of an object says, which is mapped by that name; returns its
    /// room for chains.
    fn add(&mut self, file: &Path, name: &Path) -> Vec<Range<usize>> {
        let bytes = std::fs::read(file).unwrap();
        let file = object::File::parse(&*bytes).unwrap();
        let base = mappings()
            .iter()
            .filter(|mapping| mapping.name.ends_with(name.to_str().unwrap()))
            .map(|mapping| mapping.range.start)
            .min()
            .unwrap();
        let address = |in_file: u64| base + usize::try_from(in_file).unwrap();
        let section = |name| {
            let section = file.section_by_name(name);
            section.map(|one| address(one.address())..address(one.address() + one.size()))
        };
        self.text.extend(section("static_call_text_0_1_0"));
        self.linkage_tables.extend(section(".plt"));
        let trampolines = file.symbols().filter_map(|symbol| {
            let ours = symbol
                .name()
                .is_ok_and(|name| name.contains("__trampoline"));
            ours.then(|| address(symbol.address())..address(symbol.address() + 64))
        });
        self.trampolines.extend(trampolines);
        section("static_call_chains").into_iter().collect()
    }

    /// Memory for chains that lies outside of all objects.
    pub(crate) fn look_elsewhere(&mut self) -> &[Range<usize>] {
        let known = [&self.text[..], &self.rooms, &self.rooms_of_plugins].concat();
        let is_known = |range: &Range<usize>| {
            let pages = |one: &Range<usize>| {
                one.start & !4095 < range.end && range.start < one.end.next_multiple_of(4096)
            };
            known.iter().any(pages)
        };
        let ours = mappings()
            .into_iter()
            .filter(|mapping| {
                let anonymous = mapping.name.is_empty() || mapping.name.contains("memfd:");
                mapping.executable && anonymous
            })
            .map(|mapping| mapping.range);
        self.elsewhere = ours.filter(|range| !is_known(range)).collect();
        &self.elsewhere
    }

    /// What samples are told apart by from now on.
    pub(crate) fn follow(&self) {
        // The one before may be in use, in a handler.
        let plan = Box::leak(Box::new(self.clone()));
        PLAN.store(plan, Ordering::Release);
    }

    fn place(&self, at: usize) -> Place {
        let within = |ranges: &[Range<usize>]| ranges.iter().any(|range| range.contains(&at));
        if within(&self.trampolines) {
            Place::Trampoline
        } else if within(&self.text) {
            Place::Shim
        } else if within(&self.rooms) {
            Place::Chain
        } else if within(&self.rooms_of_plugins) {
            Place::ChainInPlugin
        } else if within(&self.elsewhere) {
            Place::ChainElsewhere
        } else if within(&self.linkage_tables) {
            Place::LinkageTable
        } else {
            Place::Code
        }
    }
}

struct Mapping {
    range: Range<usize>,
    executable: bool,
    name: String,
}

fn mappings() -> Vec<Mapping> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let number = |text: &str| usize::from_str_radix(text, 16).unwrap();
    let mapping = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next().unwrap().split_once('-').unwrap();
        Mapping {
            range: number(start)..number(end),
            executable: words.next().unwrap().contains('x'),
            name: words.nth(3).unwrap_or_default().to_owned(),
        }
    };
    maps.lines().map(mapping).collect()
}

/// Marks that the thread is inside the function that unwinding must reach.
pub(crate) struct Inside;

impl Inside {
    pub(crate) fn enter() -> Inside {
        INSIDE_CALLER.store(true, Ordering::SeqCst);
        Inside
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE_CALLER.store(false, Ordering::SeqCst);
    }
}

/// Unwinding must reach the function at this address from now on.
pub(crate) fn must_reach(caller: usize) {
    CALLER.store(caller, Ordering::SeqCst);
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
    let caller = CALLER.load(Ordering::Relaxed);
    // SAFETY: one thread is sampled, and the handler does not interrupt itself.
    unsafe {
        backtrace::trace_unsynchronized(|frame| {
            reached |= frame.symbol_address().addr() == caller;
            !reached
        });
    }
    // SAFETY: leaked, and only read from then on.
    let place = unsafe { &*PLAN.load(Ordering::Acquire) }.place(at);
    if matches!(place, Place::Code | Place::LinkageTable) && !inside {
        OUTSIDE.fetch_add(1, Ordering::Relaxed);
        return;
    }
    if !reached && !place.is_uncovered() {
        LOST.store(at, Ordering::Relaxed);
    }
    SAMPLES[place as usize].fetch_add(1, Ordering::Relaxed);
    REACHED[place as usize].fetch_add(u64::from(reached), Ordering::Relaxed);
}

/// Has `sample` called at every signal of that number.
pub(crate) fn handle(signal: libc::c_int) {
    // SAFETY: a plain structure; the handler touches atomics and unwinds.
    let result = unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = sample as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        libc::sigaction(signal, &raw const action, ptr::null_mut())
    };
    assert_eq!(result, 0);
}

/// Runs with the processor's trap flag set: a signal after every instruction.
pub(crate) fn step_by_step(work: impl FnOnce()) {
    // SAFETY: changes the trap flag only; the flags' place on the stack lies below
    // the red zone, which inline assembly without `nostack` may not rely on.
    unsafe {
        std::arch::asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq");
    }
    work();
    // SAFETY: as above.
    unsafe {
        std::arch::asm!("pushfq", "and qword ptr [rsp], -257", "popfq");
    }
}

/// A timer that interrupts this thread.
pub(crate) struct Timer(libc::timer_t);

impl Timer {
    pub(crate) fn every_microseconds(microseconds: i64) -> Self {
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

pub(crate) fn samples(place: Place) -> u64 {
    SAMPLES[place as usize].load(Ordering::Relaxed)
}

/// Of all places, and outside of the calls.
pub(crate) fn all_samples() -> u64 {
    PLACES.into_iter().map(samples).sum::<u64>() + OUTSIDE.load(Ordering::Relaxed)
}

/// The places where samples fell and how many there reached the caller.
pub(crate) fn print_and_check(how: &str) {
    println!("{how}:");
    for place in PLACES {
        let samples = SAMPLES[place as usize].swap(0, Ordering::Relaxed);
        let reached = REACHED[place as usize].swap(0, Ordering::Relaxed);
        println!("  {place:?}: {samples} samples, {reached} reached the caller");
        if !place.is_uncovered() {
            assert_eq!(
                samples,
                reached,
                "unwinding from {place:?} ends early, at {:#x} from the caller",
                LOST.load(Ordering::Relaxed)
                    .wrapping_sub(CALLER.load(Ordering::Relaxed))
            );
        }
    }
    let outside = OUTSIDE.swap(0, Ordering::Relaxed);
    println!("  {outside} samples outside of the calls");
}
