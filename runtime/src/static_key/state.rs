//! What a key is, as a number: whether it is switched on, and how many hold it.
//!
//! Zero is off. It is left and reached under the runtime's lock only, so that whoever finds
//! another number may count without it: the places are on, and stay so until it is zero.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::{StaticKeyError, StaticKeyRecord};

/// One key's state. All targets load it who cannot be patched.
#[doc(hidden)]
#[derive(Debug)]
#[repr(C)]
pub struct StaticKeyState {
    /// One if it is switched on, and two for each who holds it.
    word: AtomicUsize,
    /// The host's key that this copy in a plugin follows, or null.
    leader: AtomicPtr<StaticKeyRecord>,
    initial: bool,
}

const SWITCHED: usize = 1;
const HOLDER: usize = 2;

impl StaticKeyState {
    /// For the expansion of `static_key!`.
    pub const fn new(initial: bool) -> Self {
        StaticKeyState {
            word: AtomicUsize::new(if initial { SWITCHED } else { 0 }),
            leader: AtomicPtr::new(ptr::null_mut()),
            initial,
        }
    }

    /// Whether it is on, or where the key is being switched, is not yet.
    #[inline(always)]
    #[cfg_attr(patched, allow(dead_code, reason = "places are patched"))]
    pub(super) fn is_on(&self) -> bool {
        self.word.load(Ordering::Relaxed) != 0
    }
}

#[cfg(feature = "std")]
impl StaticKeyState {
    /// Where the flag is that says what it was declared as.
    #[cfg(plugins)]
    pub(crate) fn initial_of(state: *const Self) -> *const u8 {
        state
            .wrapping_byte_add(core::mem::offset_of!(StaticKeyState, initial))
            .cast()
    }

    pub(crate) fn initial(&self) -> bool {
        self.initial
    }

    pub(crate) fn word(&self) -> usize {
        self.word.load(Ordering::Acquire)
    }

    /// Whether it is switched on, and how many hold it: of the key that it follows, if of one.
    pub(crate) fn switched_and_holders(&self) -> (bool, usize) {
        let leader = self.leader().map_or(self, |leader| leader.state);
        let word = leader.word();
        (word & SWITCHED != 0, word / HOLDER)
    }

    /// Whether it was this number, and is the other now.
    pub(crate) fn exchange(&self, from: usize, to: usize) -> bool {
        let exchanged = self
            .word
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed);
        exchanged.is_ok()
    }

    /// Sets what was zero, or what follows.
    pub(crate) fn set(&self, word: usize) {
        self.word.store(word, Ordering::Release);
    }

    /// The key of the host that it follows.
    pub(crate) fn leader(&self) -> Option<&'static StaticKeyRecord> {
        let leader = self.leader.load(Ordering::Acquire);
        // SAFETY: `follow` alone writes there, a reference of that lifetime.
        unsafe { leader.cast_const().as_ref() }
    }

    /// From now on it is what the leader is; or its own again.
    pub(crate) fn follow(&self, leader: Option<&'static StaticKeyRecord>) {
        let leader = leader.map_or(ptr::null(), ptr::from_ref);
        self.leader.store(leader.cast_mut(), Ordering::Release);
    }
}

/// What is done to a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Enable,
    Disable,
    Acquire,
    Release,
}

impl Change {
    /// The number afterwards.
    pub(crate) fn apply(self, word: usize) -> Result<usize, StaticKeyError> {
        match self {
            Change::Enable => Ok(word | SWITCHED),
            Change::Disable => Ok(word & !SWITCHED),
            Change::Acquire => word.checked_add(HOLDER).ok_or(StaticKeyError::TooMany),
            Change::Release => word.checked_sub(HOLDER).ok_or(StaticKeyError::NotAcquired),
        }
    }
}

#[cfg(not(feature = "std"))]
impl StaticKeyState {
    /// Changes a key, which nobody has to be told of.
    pub(crate) fn change(&self, change: Change) -> Result<(), StaticKeyError> {
        let word = &self.word;
        let mut before = word.load(Ordering::Relaxed);
        loop {
            let next = change.apply(before)?;
            match word.compare_exchange_weak(before, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(other) => before = other,
            }
        }
    }
}
