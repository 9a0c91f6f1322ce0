//! The encoder where there is none yet: it refuses, so the runtime stays on
//! plain calls.

use super::{Bound, EncodeError, HEAD_BYTES, Receiver, Target};

/// No key is ever written.
pub(crate) const KEY_BYTES: usize = 4;

/// Nothing is within reach of nothing.
pub(crate) const REACH: usize = 0;

/// Nothing is ever filled.
pub(crate) const BREAKPOINTS: [u8; 8] = [0; 8];

/// No object has a room.
pub(crate) const ROOM_MARK: [u8; 16] = [0; 16];

/// Refuses with [`EncodeError::Unsupported`].
pub(crate) fn chain(
    _at: usize,
    _targets: &[Target],
    _fallback: usize,
    _receiver: Receiver,
) -> Result<Vec<u8>, EncodeError> {
    Err(EncodeError::Unsupported)
}

/// Refuses with [`EncodeError::Unsupported`].
pub(crate) fn bound(
    _at: usize,
    _bound: &Bound,
    _receiver: Receiver,
) -> Result<Vec<u8>, EncodeError> {
    Err(EncodeError::Unsupported)
}

/// Refuses with [`EncodeError::Unsupported`].
pub(crate) fn head_jump(_at: usize, _to: usize) -> Result<[u8; HEAD_BYTES], EncodeError> {
    Err(EncodeError::Unsupported)
}

/// Never called: without trampolines nothing is asked.
pub(crate) unsafe extern "C-unwind" fn proof() {}

/// All zeros. Never written: a head is only flipped after [`chain`] succeeded.
pub(crate) fn head_enter_body() -> [u8; HEAD_BYTES] {
    [0; HEAD_BYTES]
}

/// None.
pub(crate) fn head_return() -> Option<[u8; HEAD_BYTES]> {
    None
}

/// No code.
pub(crate) fn returning() -> Vec<u8> {
    Vec::new()
}

/// Never: no code is looked at.
pub(crate) fn is_breakpoint(_word: [u8; 8]) -> bool {
    false
}

/// Nothing: no code is written.
///
/// # Safety
/// None needed.
pub(crate) unsafe fn written(_start: usize, _bytes: usize) {}

/// Always false: there is nothing to fill a body with.
pub(crate) fn is_empty_body(_body: &[u8]) -> bool {
    false
}

/// Always false: no head is known, so none is touched.
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "as where there is an encoder"
)]
pub(crate) fn is_rest_head(_at: usize, _bytes: &[u8; HEAD_BYTES], _fallback: usize) -> bool {
    false
}

/// All zeros, and never written.
pub(crate) fn key_off() -> [u8; KEY_BYTES] {
    [0; KEY_BYTES]
}

/// Refuses with [`EncodeError::Unsupported`].
pub(crate) fn key_on(_at: usize, _arm: usize) -> Result<[u8; KEY_BYTES], EncodeError> {
    Err(EncodeError::Unsupported)
}
