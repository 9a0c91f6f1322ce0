//! What is to be told to `tracing` waits here until the locks are given back.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Engine;
use super::lock::{holds_nothing, with};
use crate::events::{self, Event, listens};

/// Whether anything waits to be told.
static WAITS: AtomicBool = AtomicBool::new(false);

impl Engine {
    /// Notes what is to be told once the lock is given back.
    pub(crate) fn tell(&mut self, event: Event) {
        if listens(event.level()) {
            self.events.push(event);
            WAITS.store(true, Ordering::Release);
        }
    }
}

/// Tells what waits, unless this thread holds a lock of the runtime's or of the loader's:
/// then it will be here again.
pub(crate) fn flush() {
    if !WAITS.load(Ordering::Acquire) || events::is_telling() || !holds_nothing() {
        return;
    }
    let waiting = with(|engine| {
        WAITS.store(false, Ordering::Release);
        std::mem::take(&mut engine.events)
    });
    events::emit(waiting);
}
