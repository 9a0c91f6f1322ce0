//! A binding inside the global allocator: whoever allocates calls it, the runtime too,
//! with its locks held; and some allocations try to swap.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use static_call::runtime::{self, Config, Mode};
use static_call::{SwapError, binding, static_dispatch};

#[static_dispatch]
trait Ledger: Send + Sync {
    #[static_dispatch]
    fn enter(&self, bytes: usize) -> usize;
}

struct Adds(usize);

static ENTERED: AtomicU64 = AtomicU64::new(0);

impl Ledger for Adds {
    fn enter(&self, bytes: usize) -> usize {
        ENTERED.fetch_add(1, Ordering::Relaxed);
        bytes + self.0
    }
}

static ONE: Adds = Adds(1);
static TWO: Adds = Adds(2);

binding! { static LEDGER: dyn Ledger = ONE; }

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static WRONG: AtomicU64 = AtomicU64::new(0);
static SWAPPED: AtomicU64 = AtomicU64::new(0);
static REFUSED: AtomicU64 = AtomicU64::new(0);
/// Whether allocations are to swap.
static SWAPPING: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether this thread is in a swap that an allocation has begun.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

struct Counting;

// SAFETY: the system's allocator, with calls in front that allocate by the same way only
// where that is noticed.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let number = ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        let entered = LEDGER.enter(layout.size());
        if ![layout.size() + 1, layout.size() + 2].contains(&entered) {
            WRONG.fetch_add(1, Ordering::Relaxed);
        }
        if SWAPPING.load(Ordering::Relaxed) && !INSIDE.replace(true) {
            let object = if number.is_multiple_of(2) { &ONE } else { &TWO };
            match LEDGER.swap(object) {
                Ok(_) => SWAPPED.fetch_add(1, Ordering::Relaxed),
                Err(SwapError::Reentered) => REFUSED.fetch_add(1, Ordering::Relaxed),
                Err(_) => WRONG.fetch_add(1, Ordering::Relaxed),
            };
            INSIDE.set(false);
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
fn an_allocator_may_be_bound_and_a_swap_by_it_inside_the_runtime_is_refused() {
    runtime::configure(Config::default().mode(Mode::Always)).unwrap();
    runtime::retarget().unwrap();
    LEDGER.swap(&TWO).unwrap();
    SWAPPING.store(true, Ordering::Relaxed);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                std::hint::black_box(vec![0_u8; 100]);
            }
        });
        for pass in 0..500 {
            LEDGER
                .swap(if pass % 2 == 0 { &ONE } else { &TWO })
                .unwrap();
            runtime::retarget().unwrap();
            std::hint::black_box(runtime::report());
        }
        done.store(true, Ordering::Relaxed);
    });
    SWAPPING.store(false, Ordering::Relaxed);
    let [allocations, entered, swapped, refused, wrong] =
        [&ALLOCATIONS, &ENTERED, &SWAPPED, &REFUSED, &WRONG].map(|one| one.load(Ordering::Relaxed));
    println!(
        "{allocations} allocations, {entered} entered, {swapped} swapped, {refused} were refused"
    );
    assert_eq!((wrong, entered), (0, allocations));
    assert!(swapped > 0 && refused > 0);
    LEDGER.swap(&ONE).unwrap();
    assert_eq!(LEDGER.enter(5), 6);
}
