//! The encoder where there is none yet: it refuses, so the runtime stays on
//! plain calls.

use super::{Bound, EncodeError, HEAD_BYTES, KEY_BYTES, Receiver, Target};

/// Whether this architecture has an encoder.
pub(crate) const SUPPORTED: bool = false;

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

/// All zeros, and never written: see [`head_enter_body`].
pub(crate) fn head_return() -> [u8; HEAD_BYTES] {
    [0; HEAD_BYTES]
}

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
