//! Instruction encodings: from targets to the bytes of a trampoline, and the instructions
//! that the macros' templates are written with.
//!
//! The encoders are pure functions from numbers to bytes. Nothing is
//! executed and no memory of the program is read, so an encoder can be tested
//! on any host. A port is one file with the exports of `x86_64.rs`, and a line in the build
//! script, which says for which targets there is one: `docs/porting.md` has the whole list, in order.
//! `unsupported.rs` has the exports too and refuses.
//!
//! # What a trampoline is
//! [`TRAMPOLINE_BYTES`] bytes, aligned to as many. The first [`HEAD_BYTES`] are
//! the head, one aligned word, the only code that changes while it may be
//! executing; the rest is the body, room for one small chain. At rest the head
//! jumps to the call site's fallback. Patched, it jumps to a chain elsewhere
//! ([`head_jump`]) or falls into the body ([`head_enter_body`]).
//!
//! # What code may assume
//! On entry the receiver's two words are where [`Receiver`] says, and every
//! other argument register belongs to the call. A chain clobbers nothing but
//! the registers that the calling convention leaves to linkers (r10 and r11 on
//! `x86_64`, x16 and x17 on `aarch64`) and the flags; it never touches the stack, and leaves
//! by jumps only, so that it adds no frame to unwind.

use std::fmt;

#[cfg(any(test, fuzzing, encoder = "aarch64"))]
#[cfg_attr(not(all(encoder = "aarch64", patched)), allow(dead_code))]
pub(crate) mod aarch64;
#[cfg(any(test, not(any(encoder = "aarch64", encoder = "x86_64"))))]
#[allow(dead_code, reason = "nobody gets as far as that")]
mod unsupported;
#[cfg(any(test, encoder = "x86_64"))]
#[cfg_attr(not(all(encoder = "x86_64", patched)), allow(dead_code))]
mod x86_64;

#[cfg(encoder = "aarch64")]
use aarch64 as native;
#[cfg(not(any(encoder = "aarch64", encoder = "x86_64")))]
use unsupported as native;
#[cfg(encoder = "x86_64")]
use x86_64 as native;

#[cfg_attr(not(patched), allow(unused_imports))]
pub(crate) use native::{
    BREAKPOINTS, KEY_BYTES, REACH, ROOM_MARK, bound, chain, head_enter_body, head_jump,
    head_return, is_breakpoint, is_empty_body, is_rest_head, key_off, key_on, proof, returning,
    written,
};

/// Whether there is an encoder for this architecture.
pub(crate) const SUPPORTED: bool = cfg!(any(encoder = "aarch64", encoder = "x86_64"));

/// Size and alignment of a trampoline, in bytes.
pub(crate) const TRAMPOLINE_BYTES: usize = 64;

/// Size and alignment of a trampoline's head, in bytes.
pub(crate) const HEAD_BYTES: usize = 8;

/// Alignment, in bytes, of a chain that lies outside its trampoline: one cache
/// line.
pub(crate) const CHAIN_ALIGN: usize = 64;

/// The most targets one chain may have. Past a handful the vtable call is
/// faster; the bound keeps a chain's size, and a bad plan's cost, in check.
pub(crate) const MAX_TARGETS: usize = 64;

/// Where a method's receiver is when its trampoline is entered: which registers these
/// are is the architecture's.
///
/// It depends on the method's result, and nothing that rustc promises says how. So it is
/// asked: a call with the method's signature is made to `proof`, with two words for a
/// receiver by which that finds out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Receiver {
    /// In the first two argument registers: the object's address, then its vtable's.
    First,
    /// In the next two: the first has the address where the result goes.
    BehindResult,
}

impl Receiver {
    /// What [`proof`] writes for each.
    pub(crate) fn proven(answer: usize) -> Option<Self> {
        match answer {
            1 => Some(Self::First),
            2 => Some(Self::BehindResult),
            _ => None,
        }
    }
}

/// One implementation of one method, as a chain sees it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Target {
    /// Address of the implementation's vtable; compared, never read.
    pub(crate) vtable: usize,
    /// Address of the shim to continue in where the vtable matches.
    pub(crate) shim: usize,
}

/// What a binding's trampoline leads to: one implementation's method, on one object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Bound {
    /// Address of the object; handed on, never read.
    pub(crate) data: usize,
    /// Address of the shim to continue in.
    pub(crate) shim: usize,
}

/// Why code could not be encoded. Nothing has been written anywhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(dead_code, reason = "not every encoder has each reason")]
pub(crate) enum EncodeError {
    /// A jump that must be direct would have to reach too far.
    OutOfRange {
        /// Address of the jump instruction.
        from: usize,
        /// Address that it should reach.
        to: usize,
    },
    /// More than [`MAX_TARGETS`] targets.
    TooManyTargets {
        /// How many were given.
        given: usize,
    },
    /// No instruction can begin where code is to continue.
    NoInstruction {
        /// The address.
        at: usize,
    },
    /// No encoder for this architecture.
    Unsupported,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::OutOfRange { from, to } => {
                write!(
                    formatter,
                    "{to:#x} is out of reach of a direct jump from {from:#x}"
                )
            }
            Self::TooManyTargets { given } => {
                write!(
                    formatter,
                    "a chain has at most {MAX_TARGETS} targets, not {given}"
                )
            }
            Self::NoInstruction { at } => {
                write!(formatter, "no instruction can begin at {at:#x}")
            }
            Self::Unsupported => {
                write!(
                    formatter,
                    "there is no code patching for {}",
                    std::env::consts::ARCH
                )
            }
        }
    }
}

impl std::error::Error for EncodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsupported_architecture_refuses_everything_in_one_sentence() {
        assert_eq!(
            unsupported::chain(0, &[], 0, Receiver::First),
            Err(EncodeError::Unsupported)
        );
        assert_eq!(unsupported::head_jump(0, 0), Err(EncodeError::Unsupported));
        let bound = Bound { data: 0, shim: 0 };
        assert_eq!(
            unsupported::bound(0, &bound, Receiver::First),
            Err(EncodeError::Unsupported)
        );
        assert_eq!(unsupported::head_return(), None);
        assert!(!unsupported::is_rest_head(
            0,
            &unsupported::head_enter_body(),
            0
        ));
        let sentence = EncodeError::Unsupported.to_string();
        assert!(
            sentence.starts_with("there is no code patching for "),
            "{sentence}"
        );
    }
}
