//! Events, and who listens to them.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use static_call::{StaticKeyError, static_key};

static_key! {
    /// Whether anybody listens.
    pub(crate) static LISTENED_TO: bool = false;
}

static RECORDED: AtomicU64 = AtomicU64::new(0);

/// Records a message with fields, if anybody listens. Otherwise the fields are not evaluated,
/// and all that is executed is one NOP.
macro_rules! event {
    ($message:literal $(, $field:ident = $value:expr)*) => {
        if $crate::event::LISTENED_TO.enabled() {
            $crate::event::record(format_args!(
                concat!($message $(, " ", stringify!($field), "={}")*)
                $(, $value)*
            ));
        }
    };
}
pub(crate) use event;

/// Formats, as a subscriber would, and counts.
#[cold]
#[inline(never)]
pub(crate) fn record(event: fmt::Arguments<'_>) {
    assert!(!event.to_string().is_empty());
    RECORDED.fetch_add(1, Ordering::Relaxed);
}

/// How many events there were.
pub(crate) fn recorded() -> u64 {
    RECORDED.load(Ordering::Relaxed)
}

/// Somebody listens, until this is dropped.
pub(crate) struct Subscription(());

impl Subscription {
    /// # Errors
    /// Code cannot be patched, or not now.
    pub(crate) fn new() -> Result<Self, StaticKeyError> {
        LISTENED_TO.acquire()?;
        Ok(Subscription(()))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // If it is refused, events go on: nobody is the worse for it but their time.
        if let Err(error) = LISTENED_TO.release() {
            eprintln!("events stay on: {error}");
        }
    }
}
