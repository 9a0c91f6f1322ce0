//! Static keys are switched: by the runtime in charge, since all places of a key take one way.

use crate::static_key::{Change, DeclaredStaticKey, StaticKey, StaticKeyError, StaticKeyRecord};

impl<K: DeclaredStaticKey> StaticKey<K> {
    /// Switches the key on, if it was not.
    ///
    /// ```
    /// # static_call::static_key! { static TRACE: bool = false; }
    /// TRACE.enable()?;
    /// assert!(TRACE.enabled());
    /// TRACE.disable()?;
    /// assert!(!TRACE.enabled());
    /// # Ok::<(), static_call::StaticKeyError>(())
    /// ```
    pub fn enable(&self) -> Result<(), StaticKeyError> {
        change(K::record(), Change::Enable)
    }

    /// Takes back [`enable`](Self::enable), or that the key was declared `true`. It stays
    /// on while anybody holds it.
    pub fn disable(&self) -> Result<(), StaticKeyError> {
        change(K::record(), Change::Disable)
    }

    /// Holds the key: it is on until each who holds it has called
    /// [`release`](Self::release). Only the first one switches code.
    ///
    /// ```
    /// # static_call::static_key! { static TRACE: bool = false; }
    /// TRACE.acquire()?;           // a log file is opened
    /// TRACE.acquire()?;           // a debugger asks for events as well
    /// TRACE.release()?;
    /// assert!(TRACE.enabled());
    /// TRACE.release()?;
    /// assert!(!TRACE.enabled());
    /// # Ok::<(), static_call::StaticKeyError>(())
    /// ```
    pub fn acquire(&self) -> Result<(), StaticKeyError> {
        change(K::record(), Change::Acquire)
    }

    /// Lets the key go. If there is an error it is still held.
    pub fn release(&self) -> Result<(), StaticKeyError> {
        change(K::record(), Change::Release)
    }
}

/// Changes a key: by its number alone if it is on and stays so, or by the runtime.
#[cfg(feature = "std")]
fn change(record: &'static StaticKeyRecord, change: Change) -> Result<(), StaticKeyError> {
    let state = record.state;
    loop {
        let word = state.word();
        let next = change.apply(word);
        let stays_on = word != 0 && !matches!(next, Ok(0));
        if !stays_on || state.leader().is_some() {
            break;
        }
        let next = next?;
        if state.exchange(word, next) {
            return Ok(());
        }
    }
    if crate::os::in_signal_handler() {
        return Err(StaticKeyError::InSignalHandler);
    }
    (crate::host::in_charge().change_key)(record, change)
}

/// Changes a key, which nobody has to be told of.
#[cfg(not(feature = "std"))]
fn change(record: &'static StaticKeyRecord, change: Change) -> Result<(), StaticKeyError> {
    record.state.change(change)
}
