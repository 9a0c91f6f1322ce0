//! A log of what happens on this thread, in order.

use std::cell::RefCell;

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Adds a line.
pub(crate) fn note(line: impl Into<String>) {
    LOG.with_borrow_mut(|log| log.push(line.into()));
}

/// What `work` does, line by line, with what it returns.
pub(crate) fn of<R>(work: impl FnOnce() -> R) -> (Vec<String>, R) {
    let before = LOG.take();
    let result = work();
    (LOG.replace(before), result)
}

/// Notes that it is made and that it is dropped.
#[derive(Debug, PartialEq)]
pub(crate) struct Noisy(pub(crate) &'static str);

impl Noisy {
    pub(crate) fn new(name: &'static str) -> Self {
        note(format!("make {name}"));
        Noisy(name)
    }

    /// Borrows from a temporary.
    pub(crate) fn borrow(&self) -> &Noisy {
        note(format!("borrow {}", self.0));
        self
    }
}

impl Drop for Noisy {
    fn drop(&mut self) {
        note(format!("drop {}", self.0));
    }
}
