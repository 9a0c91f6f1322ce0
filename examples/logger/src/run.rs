//! Threads that log while the sink is exchanged, and what they note of it.

use core::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread::{self, ScopedJoinHandle};

use static_call::{Loaded, SwapError};

use crate::stamp::Stamp;
use crate::{SINK, Sink, dropped};

/// How many times [`Plan::between_swaps`] may be logged before the threads wait for the
/// next swap.
const AT_MOST: u64 = 10;

/// How much is logged, and how often the sink is exchanged.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Threads that log.
    pub threads: usize,
    /// Lines that each of them logs.
    pub lines: usize,
    /// Lines that are logged, by all of them together, before the next swap begins, at
    /// least. Logging goes on during the swap.
    pub between_swaps: u64,
}

/// Where a line may end up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On standard error, or what stands for it.
    Console,
    /// In the file.
    File,
    /// Nowhere: nothing was bound.
    Nowhere,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Place::Console => "standard error",
            Place::File => "the file",
            Place::Nowhere => "nowhere",
        })
    }
}

/// What a thread notes of a line that it has logged.
///
/// The sink's periods are numbered: while `2 * n` can be read, the `n`th sink is bound,
/// and while `2 * n + 1` can, it is being exchanged for the next.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// The period before the call.
    pub(crate) before: u32,
    /// The period after it.
    pub(crate) after: u32,
    /// Whether [`dropped`] has counted it.
    pub(crate) dropped: bool,
}

/// What was logged, and what was bound.
#[derive(Debug)]
pub struct Ledger {
    /// For each thread its lines.
    pub(crate) offers: Vec<Vec<Offer>>,
    /// What was bound, one after the other.
    pub(crate) bound: Vec<Place>,
    /// The file's sink, which the binding keeps.
    pub file: Loaded<dyn Sink>,
}

impl Ledger {
    /// Times that something else was bound.
    pub fn swaps(&self) -> usize {
        self.bound.len() - 1
    }
}

/// Every way from one to another.
const ROUND: [Place; 6] = [
    Place::Console,
    Place::File,
    Place::Nowhere,
    Place::File,
    Place::Console,
    Place::Nowhere,
];

/// Has threads log, and exchanges [`SINK`] meanwhile; at the end it is bound to nothing.
///
/// The program's logger must be the [`Facade`](crate::Facade), and nobody else may log or
/// swap meanwhile if the [`audit`](crate::audit()) is to agree.
///
/// # Errors
/// See [`SwapError`].
///
/// # Panics
/// Where a thread does that logs.
pub fn run(
    plan: Plan,
    console: &'static dyn Sink,
    file: Box<dyn Sink>,
) -> Result<Ledger, SwapError> {
    // Bound once, so that the binding owns it, and there is a handle.
    SINK.swap_boxed(file)?;
    let file = SINK.load().expect("it was bound by this thread");
    SINK.unbind()?;

    let shared = Shared {
        period: AtomicU32::new(0),
        logged: AtomicU64::new(0),
        allowed: AtomicU64::new(AT_MOST * plan.between_swaps),
    };
    let (bound, offers) = thread::scope(|scope| {
        let threads: Vec<_> = (0..plan.threads)
            .map(|thread| {
                let shared = &shared;
                scope.spawn(move || log_lines(thread, plan.lines, shared))
            })
            .collect();
        let bound = swap_meanwhile(plan.between_swaps, &shared, &threads, console, &file);
        // Whatever came of it.
        shared.allowed.store(u64::MAX, Ordering::Relaxed);
        let offers: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().expect("a thread that logs panicked"))
            .collect();
        (bound, offers)
    });
    let bound = bound?;
    SINK.unbind()?;
    file.flush();
    console.flush();
    Ok(Ledger {
        offers,
        bound,
        file,
    })
}

/// What the threads share.
struct Shared {
    /// See [`Offer`].
    period: AtomicU32,
    /// Lines logged.
    logged: AtomicU64,
    /// How many may be, so that the sinks change often however threads are scheduled.
    allowed: AtomicU64,
}

/// Exchanges the sink until all threads are done; returns what was bound.
fn swap_meanwhile<T>(
    between_swaps: u64,
    shared: &Shared,
    threads: &[ScopedJoinHandle<'_, T>],
    console: &'static dyn Sink,
    file: &Loaded<dyn Sink>,
) -> Result<Vec<Place>, SwapError> {
    let all_finished = || threads.iter().all(ScopedJoinHandle::is_finished);
    let mut bound = vec![Place::Nowhere];
    let mut logged = 0;
    for place in ROUND.into_iter().cycle() {
        // Counted from the same reading as what the threads are allowed: from a later one
        // it may be more than that, and then both sides wait for each other.
        let until = logged + between_swaps;
        while shared.logged.load(Ordering::Relaxed) < until && !all_finished() {
            thread::yield_now();
        }
        if all_finished() {
            break;
        }
        shared.period.fetch_add(1, Ordering::SeqCst);
        match place {
            Place::Console => SINK.swap(console)?,
            Place::File => SINK.restore(file)?,
            Place::Nowhere => SINK.unbind()?,
        };
        shared.period.fetch_add(1, Ordering::SeqCst);
        bound.push(place);
        logged = shared.logged.load(Ordering::Relaxed);
        let allowed = logged + AT_MOST * between_swaps;
        shared.allowed.store(allowed, Ordering::Relaxed);
    }
    Ok(bound)
}

/// One thread's lines.
fn log_lines(thread: usize, lines: usize, shared: &Shared) -> Vec<Offer> {
    let mut offers = Vec::with_capacity(lines);
    for number in 0..lines {
        while shared.logged.load(Ordering::Relaxed) >= shared.allowed.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        let before = shared.period.load(Ordering::SeqCst);
        let dropped_before = dropped();
        log::info!("{}", Stamp { thread, number });
        let dropped = dropped() > dropped_before;
        let after = shared.period.load(Ordering::SeqCst);
        offers.push(Offer {
            before,
            after,
            dropped,
        });
        shared.logged.fetch_add(1, Ordering::Relaxed);
        // So that the thread that swaps has its turn among them on few processors.
        thread::yield_now();
    }
    offers
}
