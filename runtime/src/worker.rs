//! A thread that re-plans from time to time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::engine::STOPPED;
use crate::host::in_charge;
use crate::os;

/// A thread that calls [`retarget`](crate::runtime::retarget) at an interval; see
/// [`runtime::retarget_every`](crate::runtime::retarget_every). Dropping it stops the
/// thread and waits for it; in a child of `fork`, where the thread does not exist, it does
/// nothing.
#[derive(Debug)]
#[must_use = "the thread stops when this is dropped: keep it, `let _worker = …`"]
pub struct Worker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// A child of `fork` has no such thread.
    process: u32,
}

/// Nobody waits longer, and clocks can be asked.
const LONGEST: Duration = Duration::from_secs(1 << 24);

/// The first pass comes at once: until then nothing is recorded.
pub(crate) fn spawn(interval: Duration) -> io::Result<Worker> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let thread = std::thread::Builder::new()
        .name("static-call".into())
        .spawn(move || work(interval, &stopped))?;
    Ok(Worker {
        stop,
        thread: Some(thread),
        process: std::process::id(),
    })
}

fn work(interval: Duration, stopped: &AtomicBool) {
    /// Counts the thread as long as it works.
    struct Counted(&'static AtomicU32);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let host = in_charge();
    host.workers.fetch_add(1, Ordering::SeqCst);
    let _counted = Counted(host.workers);
    let interval = interval.min(LONGEST);
    let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
    while !stopped.load(Ordering::SeqCst) {
        let before = host.wake.load(Ordering::SeqCst);
        // After a refusal nothing new will be published, and `runtime::backend()` keeps
        // the reason.
        let Ok(wanted) = (host.work)() else { return };
        // At random, or a periodic program is always met at the same phase.
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        let share = 0.5 + f64::from((dice >> 40) as u32) / f64::from(1_u32 << 24);
        let mut most = interval.mul_f64(share);
        if let Some(wanted) = wanted {
            most = most.min(Duration::from_nanos(wanted));
        }
        sleep(most, stopped, host.wake, before);
    }
}

/// Until then, or until somebody asks for the next pass or for the end.
fn sleep(most: Duration, stopped: &AtomicBool, wake: &AtomicU32, before: u32) {
    let end = Instant::now() + most;
    while !stopped.load(Ordering::SeqCst) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || wake.load(Ordering::SeqCst) != before {
            return;
        }
        os::wait_for(wake, before, left);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // There is nobody to wait for.
            std::mem::forget(self.thread.take());
            return;
        }
        self.stop.store(true, Ordering::SeqCst);
        STOPPED.store(true, Ordering::SeqCst);
        let wake = in_charge().wake;
        wake.fetch_add(1, Ordering::SeqCst);
        os::wake_all(wake);
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did, there is nothing to add to that.
            let _ = thread.join();
        }
    }
}
