//! Who is told about verdicts: first somebody who counts, later somebody who writes.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use static_call::{binding, static_dispatch};

use crate::filter::Verdict;
use crate::frames::Batch;
use crate::output::Output;
use crate::rules::Action;

/// Is told what becomes of each packet.
#[static_dispatch]
pub(crate) trait Sink: Send + Sync {
    #[static_dispatch]
    fn take(&self, batch: &Batch, at: usize, verdict: Verdict, action: Action);
}

binding! {
    /// Whom static calls tell.
    pub(crate) static SINK: dyn Sink = COUNTS;
}

/// The one who counts, and whom plain calls tell.
pub(crate) static COUNTS: Counts = Counts {
    accepted: AtomicU64::new(0),
    dropped: AtomicU64::new(0),
};

pub(crate) struct Counts {
    accepted: AtomicU64,
    dropped: AtomicU64,
}

impl Counts {
    /// Accepted and dropped packets since the last time.
    pub(crate) fn read(&self) -> (u64, u64) {
        let of = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        (of(&self.accepted), of(&self.dropped))
    }
}

#[static_dispatch]
impl Sink for Counts {
    #[inline]
    fn take(&self, _: &Batch, _: usize, _: Verdict, action: Action) {
        let count = match action {
            Action::Accept => &self.accepted,
            Action::Drop => &self.dropped,
        };
        // One thread filters, so nobody counts in between.
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

/// Counts, and writes what is accepted.
pub(crate) struct Writing(pub(crate) Arc<Mutex<Option<Written>>>);

/// A result, and what went wrong with it.
pub(crate) struct Written {
    pub(crate) output: Output,
    pub(crate) failed: Option<io::Error>,
}

#[static_dispatch]
impl Sink for Writing {
    fn take(&self, batch: &Batch, at: usize, verdict: Verdict, action: Action) {
        COUNTS.take(batch, at, verdict, action);
        if action == Action::Drop {
            return;
        }
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(written) = &mut *written
            && written.failed.is_none()
        {
            let (frame, bytes) = batch.frame(at);
            written.failed = written.output.write(frame, bytes).err();
        }
    }
}
