//! A logger behind a binding: `log::info!` costs a direct call, and where the lines go is
//! exchanged while threads log.
//!
//! The `log` crate takes one logger for the life of the program. So the logger that it
//! gets, [`Facade`], has nothing in it: it passes records on to [`SINK`], a binding, which
//! leads to standard error, to a file, or to nothing.
//!
//! ```
//! use static_call_example_logger::{self as logger, SINK, WriterSink};
//!
//! logger::install()?;
//! log::info!("nobody is told");                       // bound to nothing: returns at once
//!
//! static MEMORY: WriterSink<Vec<u8>> = WriterSink::new(Vec::new());
//! SINK.swap(&MEMORY)?;                                // from any thread, at any time
//! log::info!("written");
//!
//! assert_eq!(MEMORY.with_writer(|bytes| bytes.clone()), b"INFO written\n");
//! assert_eq!(logger::dropped(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is shown
//! - **Bound to nothing at first.** `= None` and `#[static_dispatch(none = false)]`: a
//!   library may log before anybody has said where to. The answer `false` is a constant in
//!   the code that the binding's calls lead to, so that a switched-off logger costs a call
//!   that returns.
//! - **Objects of both kinds.** Standard error's sink is a `static`; the file's is a box
//!   that the binding owns. It is bound again and again by the handle that
//!   [`load`](static_call::Binding::load) gives, and dropped, which closes the file, when
//!   the program says that no thread is inside: see `main.rs`.
//! - **What a swap promises.** A call that begins after `swap` has returned is the new
//!   sink's; one that is under way ends in the old one. [`run`] has four threads log
//!   numbered lines while it swaps, and [`audit`] holds each line against that: none torn,
//!   none lost, none twice, none out of order, and none in a sink that was not bound while
//!   it was logged.
//! - **What it does not promise.** Across methods a swap is not one instant. So
//!   [`Facade`] does not ask [`wants`](Sink::wants) before it calls [`take`](Sink::take):
//!   the answer may be another sink's.

use std::cell::Cell;

use log::{LevelFilter, Log, Metadata, Record, SetLoggerError};
use static_call::{binding, static_dispatch};

mod audit;
mod run;
mod stamp;
mod writer;

pub use audit::{Audit, Fault, audit};
pub use run::{Ledger, Offer, Place, Plan, run};
pub use writer::{Tee, WriterSink};

/// Where log lines go.
#[static_dispatch]
pub trait Sink: Send + Sync {
    /// Whether it is of any use to make a record of this kind.
    #[static_dispatch(none = false)]
    fn wants(&self, metadata: &Metadata<'_>) -> bool;

    /// Writes a record, whole; returns whether it did.
    #[static_dispatch(none = false)]
    fn take(&self, record: &Record<'_>) -> bool;

    /// Passes on what was written so far.
    #[static_dispatch]
    fn flush(&self);

    /// How many records it has written.
    fn lines(&self) -> u64;
}

binding! {
    /// Where the program's log lines go.
    pub static SINK: dyn Sink = None;
}

/// The logger that the `log` crate gets: whatever [`SINK`] is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Facade;

impl Log for Facade {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        SINK.wants(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if !SINK.take(record) {
            DROPPED.set(DROPPED.get() + 1);
        }
    }

    fn flush(&self) {
        SINK.flush();
    }
}

thread_local! {
    // One for each thread: a shared count would have all of them wait for one cache line.
    static DROPPED: Cell<u64> = const { Cell::new(0) };
}

/// How many records this thread has logged that nobody took.
pub fn dropped() -> u64 {
    DROPPED.get()
}

/// Makes [`Facade`] the program's logger, for records of every level.
///
/// # Errors
/// The program has another logger.
pub fn install() -> Result<(), SetLoggerError> {
    log::set_logger(&Facade)?;
    log::set_max_level(LevelFilter::Trace);
    Ok(())
}
