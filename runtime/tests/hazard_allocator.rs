//! Call sites inside the global allocator: everything that allocates calls them,
//! the runtime too, with its locks held.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use static_call::runtime::{self, Config, Mode};
use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 1)]
trait Ledger: Sync {
    fn enter(&self, bytes: usize) -> usize;
}

struct Small;
struct Large;

static ENTERED: AtomicU64 = AtomicU64::new(0);

impl Ledger for Small {
    fn enter(&self, bytes: usize) -> usize {
        ENTERED.fetch_add(1, Ordering::Relaxed);
        bytes + 1
    }
}
impl Ledger for Large {
    fn enter(&self, bytes: usize) -> usize {
        ENTERED.fetch_add(1, Ordering::Relaxed);
        bytes + 2
    }
}

/// Which implementation most allocations are entered with.
static MOSTLY_LARGE: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static WRONG: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: the system's allocator, with a call in front that allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let number = ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        let large = MOSTLY_LARGE.load(Ordering::Relaxed) ^ number.is_multiple_of(8);
        let ledger: &dyn Ledger = if large { &Large } else { &Small };
        let entered = static_call!(ledger.enter(layout.size()));
        if entered != layout.size() + 1 + usize::from(large) {
            WRONG.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

#[test]
fn an_allocator_may_call_through_a_site_even_while_the_runtime_re_plans_it() {
    runtime::configure(Config::default().mode(Mode::Always).window(64).misses(16)).unwrap();
    let done = AtomicBool::new(false);
    let program = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                std::hint::black_box(vec![0_u8; 100]);
                program.fetch_add(1, Ordering::Relaxed);
            }
        });
        for pass in 0..2000 {
            MOSTLY_LARGE.store(pass / 50 % 2 == 0, Ordering::Relaxed);
            // A window's worth of the program's own calls in between, also where
            // its thread waits for a processor: the runtime's are not recorded.
            let until = program.load(Ordering::Relaxed) + if pass % 50 == 0 { 256 } else { 0 };
            while program.load(Ordering::Relaxed) < until {
                thread::yield_now();
            }
            runtime::retarget().unwrap();
            std::hint::black_box(runtime::report());
        }
        done.store(true, Ordering::Relaxed);
    });
    let report = runtime::report();
    println!(
        "{} allocations\n{report}",
        ALLOCATIONS.load(Ordering::Relaxed)
    );
    assert_eq!(WRONG.load(Ordering::Relaxed), 0);
    assert_eq!(
        ENTERED.load(Ordering::Relaxed),
        ALLOCATIONS.load(Ordering::Relaxed)
    );
    if report.backend == runtime::Backend::Patching {
        assert!(report.sites[0].windows > 2, "{report}");
    }
}
