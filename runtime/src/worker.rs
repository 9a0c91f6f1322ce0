//! A thread that re-plans from time to time.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::runtime;

/// A thread that calls [`retarget`](runtime::retarget) at an interval; see
/// [`runtime::retarget_every`]. Dropping it stops the thread and waits for it; in a
/// child of `fork`, where the thread does not exist, it does nothing.
#[derive(Debug)]
#[must_use = "the thread stops when this is dropped"]
pub struct Worker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// A child of `fork` has no such thread.
    process: u32,
}

pub(crate) fn spawn(interval: Duration) -> io::Result<Worker> {
    let (stop, stopped) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("static-call".into())
        .spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(interval) {
                // After a refusal nothing new will be published, and
                // `runtime::backend()` keeps the reason.
                if runtime::retarget().is_err() {
                    break;
                }
            }
        })?;
    Ok(Worker {
        stop: Some(stop),
        thread: Some(thread),
        process: std::process::id(),
    })
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // There is nobody to wait for, nor anybody to release what that thread
            // may have held of the channel.
            std::mem::forget((self.stop.take(), self.thread.take()));
            return;
        }
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did, there is nothing to add to that.
            let _ = thread.join();
        }
    }
}
