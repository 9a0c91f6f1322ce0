//! Encodings for 64-bit ARM, little-endian, with the arguments' registers of AAPCS64.
//!
//! The receiver is in `x0` and `x1`, whatever the method returns: the address for a result
//! in memory travels in `x8`.
//!
//! | part | code | bytes |
//! |---|---|---|
//! | vtable within ±1 MiB | `adr x16, vtable` | 4 |
//! | vtable within ±4 GiB | `adrp x16, page; add x16, x16, offset` | 8 |
//! | any vtable | `movz x16, …; movk x16, …`, one for each part that is not 0 | 4 to 16 |
//! | compare | `cmp x1, x16` | 4 |
//! | branch, shim within ±1 MiB | `b.eq shim` | 4 |
//! | branch, shim within ±128 MiB | `b.ne 8 bytes on; b shim` | 8 |
//! | branch, any shim | `b.ne 20 bytes on; ldr x16, 8 bytes on; br x16; .quad shim` | 20 |
//! | end, fallback within ±128 MiB | `b fallback` | 4 |
//! | end, any fallback | `ldr x16, 8 bytes on; br x16; .quad fallback` | 16 |
//!
//! So three near targets and a near fallback fit into a trampoline's body.
//!
//! A head is `bti c`, which stays, and behind it the instruction that is exchanged. In a
//! program with branch target identification, an indirect call lands on the first; everywhere
//! else it is a NOP. `x16` and `x17` are the registers that the calling convention leaves to
//! linkers, and such a program lets a `br x16` land on any function.
//!
//! Of an instruction that may be executing only a NOP and a branch are exchanged for each
//! other: with these, as the architecture has it (concurrent modification and execution of
//! instructions), a processor runs the one or the other. So a head never returns, and where
//! one is to, the return is the body.

#![allow(
    clippy::cast_possible_truncation,
    reason = "instructions have parts of addresses in them"
)]

use super::{Bound, EncodeError, HEAD_BYTES, MAX_TARGETS, Receiver, Target};

#[cfg(all(test, target_pointer_width = "64"))]
mod tests;

/// Size of a key, in bytes: one instruction.
pub(crate) const KEY_BYTES: usize = 4;

/// The furthest that two addresses may be apart for code at one to jump to the other, in
/// bytes: 128 MiB less the length of any chain, and some.
pub(crate) const REACH: usize = (1 << 27) - (1 << 20);

/// What fills the bytes that are never executed: `brk 0`.
pub(crate) const BREAKPOINTS: [u8; 8] = [0x00, 0x00, 0x20, 0xD4, 0x00, 0x00, 0x20, 0xD4];

/// What the room for chains begins with: NOPs, with `scro` and `om01` between them.
pub(crate) const ROOM_MARK: [u8; 16] = *b"\x1f\x20\x03\xd5scro\x1f\x20\x03\xd5om01";

const NOP: u32 = 0xD503_201F;
const BTI_C: u32 = 0xD503_245F;
const RETURN: u32 = 0xD65F_03C0;

/// Numbers of registers.
const X0: u32 = 0;
const X1: u32 = 1;
const X16: u32 = 16;

/// Conditions.
const EQUAL: u32 = 0;
const UNEQUAL: u32 = 1;

/// Finds out where the receiver of a call is, and writes that there.
///
/// As on `x86_64`: called with the signature of any method, and a receiver whose two words
/// are the address of a number and the complement of that address. If they are not where
/// they should be, nothing is written. What it returns is not initialized.
///
/// # Safety
/// Nobody else uses the number. The result, if it is in memory, may stay uninitialized.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C-unwind" fn proof() {
    core::arch::naked_asm!(
        ".cfi_startproc",
        "hint 34", // bti c
        "mvn x9, x0",
        "cmp x9, x1",
        "b.ne 2f",
        "mov x9, 1",
        "str x9, [x0]",
        "2:",
        "ret",
        ".cfi_endproc",
    )
}

/// Has every processor see the code at `start` that was written there, once it has
/// synchronized itself: the architecture's caches of instructions do not follow those of
/// data (B2.4.4, and `__clear_cache` of compilers' libraries).
///
/// # Safety
/// The bytes are mapped and readable.
#[cfg(target_arch = "aarch64")]
pub(crate) unsafe fn written(start: usize, bytes: usize) {
    /// Does something with each line of a cache that has these bytes.
    fn lines(start: usize, bytes: usize, line: usize, with: impl Fn(usize)) {
        (start & !(line - 1)..start + bytes)
            .step_by(line)
            .for_each(with);
    }
    let types: usize;
    // SAFETY: reads a register that Linux lets programs read, and touches no memory.
    unsafe {
        core::arch::asm!("mrs {}, ctr_el0", out(reg) types, options(nomem, nostack, preserves_flags));
    }
    let data_follows = types >> 28 & 1 == 1;
    let instructions_follow = types >> 29 & 1 == 1;
    if !data_follows {
        lines(start, bytes, 4 << (types >> 16 & 15), |at| {
            // SAFETY: writes a line back that is mapped and readable, by the caller's word.
            unsafe {
                core::arch::asm!("dc cvau, {}", in(reg) at, options(nostack, preserves_flags))
            };
        });
    }
    // SAFETY: a barrier: waits, and changes nothing.
    unsafe { core::arch::asm!("dsb ish", options(nostack, preserves_flags)) };
    if !instructions_follow {
        lines(start, bytes, 4 << (types & 15), |at| {
            // SAFETY: drops what was fetched of a line that is mapped and readable, by the
            // caller's word; it is fetched anew.
            unsafe {
                core::arch::asm!("ic ivau, {}", in(reg) at, options(nostack, preserves_flags))
            };
        });
    }
    // SAFETY: barriers: wait, and have this processor fetch anew.
    unsafe { core::arch::asm!("dsb ish", "isb", options(nostack, preserves_flags)) };
}

/// Code for the address `at` that compares the receiver's vtable with each of
/// `targets` in order, continues in the shim of the first that is equal, and
/// in `fallback` if none is.
///
/// The code depends on its position: it is right at `at` only. Any address
/// can be reached; far ones cost more bytes. One allocation.
///
/// # Errors
/// [`EncodeError::TooManyTargets`], [`EncodeError::NoInstruction`].
pub(crate) fn chain(
    at: usize,
    targets: &[Target],
    fallback: usize,
    _receiver: Receiver,
) -> Result<Vec<u8>, EncodeError> {
    if targets.len() > MAX_TARGETS {
        return Err(EncodeError::TooManyTargets {
            given: targets.len(),
        });
    }
    let mut code = Code::new(at, targets.len() * 40 + 16);
    for target in targets {
        code.address(X16, target.vtable);
        // cmp x1, x16
        code.put(0xEB00_001F | X16 << 16 | X1 << 5);
        code.branch_if_equal(target.shim)?;
    }
    code.jump(fallback)?;
    Ok(code.bytes)
}

/// Code for the address `at` that puts the bound object's address where the receiver
/// goes, and continues in its shim. The register behind it, where a vtable's
/// address would be, is left as it is: shims do not look at it.
///
/// The code depends on its position, as a [`chain`]'s does.
///
/// # Errors
/// [`EncodeError::NoInstruction`].
pub(crate) fn bound(at: usize, bound: &Bound, _receiver: Receiver) -> Result<Vec<u8>, EncodeError> {
    let mut code = Code::new(at, 32);
    code.address(X0, bound.data);
    code.jump(bound.shim)?;
    Ok(code.bytes)
}

/// Code that returns at once.
pub(crate) fn returning() -> Vec<u8> {
    RETURN.to_le_bytes().to_vec()
}

/// The head for the address `at` that jumps to `to`: the fallback at rest, a
/// chain elsewhere when patched.
///
/// # Errors
/// [`EncodeError::OutOfRange`]: a head has room for a direct jump only.
pub(crate) fn head_jump(at: usize, to: usize) -> Result<[u8; HEAD_BYTES], EncodeError> {
    let jump = branch(at.wrapping_add(4), to);
    Ok(head(jump.ok_or(EncodeError::OutOfRange { from: at, to })?))
}

/// The head that falls into the trampoline's body.
pub(crate) fn head_enter_body() -> [u8; HEAD_BYTES] {
    head(NOP)
}

/// None: a return may not take the place of a branch that may be executing.
pub(crate) fn head_return() -> Option<[u8; HEAD_BYTES]> {
    None
}

/// Whether `bytes`, found at the address `at`, are the head of a trampoline at
/// rest that jumps to `fallback`.
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "callers hold a view of live code"
)]
pub(crate) fn is_rest_head(at: usize, bytes: &[u8; HEAD_BYTES], fallback: usize) -> bool {
    head_jump(at, fallback).is_ok_and(|rest| rest == *bytes)
}

/// A key that is off: one NOP.
pub(crate) fn key_off() -> [u8; KEY_BYTES] {
    NOP.to_le_bytes()
}

/// A key at the address `at` that is on: a branch to the arm.
///
/// # Errors
/// [`EncodeError::OutOfRange`]: no function is that long.
pub(crate) fn key_on(at: usize, arm: usize) -> Result<[u8; KEY_BYTES], EncodeError> {
    let jump = branch(at, arm).ok_or(EncodeError::OutOfRange { from: at, to: arm })?;
    Ok(jump.to_le_bytes())
}

/// Whether a trampoline's body still holds what the macro fills it with.
pub(crate) fn is_empty_body(body: &[u8]) -> bool {
    body.chunks(BREAKPOINTS.len())
        .all(|word| BREAKPOINTS.starts_with(word))
}

/// Whether one of these two instructions is a breakpoint, a debugger's or the kernel's: `brk`
/// with any number. Of a head it may be either.
pub(crate) fn is_breakpoint(word: [u8; 8]) -> bool {
    let word = u64::from_le_bytes(word);
    [word as u32, (word >> 32) as u32]
        .iter()
        .any(|instruction| instruction & 0xFFE0_001F == 0xD420_0000)
}

/// Where indirect calls may land, and the instruction.
fn head(instruction: u32) -> [u8; HEAD_BYTES] {
    (u64::from(instruction) << 32 | u64::from(BTI_C)).to_le_bytes()
}

/// The instructions of templates: `assembly!(what)` gives lines of assembly.
#[doc(hidden)]
#[macro_export]
#[cfg(all(patched, encoder = "aarch64"))]
macro_rules! assembly {
    // A key that is off, at the label 2.
    (key) => {
        "2:\nnop"
    };
    // A trampoline's head at rest, and a body without a chain.
    (trampoline to $rest:literal) => {
        $crate::__private::core::concat!("hint 34\nb ", $rest, "\n.balignl 64, 0xd4200000")
    };
    (jump to $place:literal) => {
        $crate::__private::core::concat!("b ", $place)
    };
    // Up to the next line of 64 bytes.
    (align) => {
        ".balignl 64, 0xd4200000"
    };
    // Has the section begin at a page, of whatever size, behind one instruction, and skips
    // nothing.
    (section of pages) => {
        ".p2align 16, 0, 4"
    };
    // So many bytes that nobody executes.
    (breakpoints $bytes:literal) => {
        $crate::__private::core::concat!(".fill (", $bytes, ") / 4, 4, 0xd4200000")
    };
    (return) => {
        "ret"
    };
    // Returns the address of a symbol.
    (return $symbol:literal) => {
        $crate::__private::core::concat!(
            "adrp x0, ",
            $symbol,
            "\nadd x0, x0, :lo12:",
            $symbol,
            "\nret"
        )
    };
}

/// Code under construction at a known address.
struct Code {
    at: usize,
    bytes: Vec<u8>,
}

impl Code {
    fn new(at: usize, capacity: usize) -> Self {
        let bytes = Vec::with_capacity(capacity);
        Code { at, bytes }
    }

    fn put(&mut self, instruction: u32) {
        self.bytes.extend(instruction.to_le_bytes());
    }

    /// Puts an address into a register.
    fn address(&mut self, register: u32, address: usize) {
        let (page, offset) = (address & !0xFFF, (address & 0xFFF) as u32);
        let here = self.here();
        if let Some(distance) = scaled(here, address, 0, 21) {
            self.put(0x1000_0000 | split(distance) | register);
        } else if let Some(pages) = scaled(here & !0xFFF, page, 12, 21) {
            self.put(0x9000_0000 | split(pages) | register);
            self.put(0x9100_0000 | offset << 10 | register << 5 | register);
        } else {
            self.number(register, address as u64);
        }
    }

    /// Puts a number into a register, in parts of 16 bits.
    fn number(&mut self, register: u32, number: u64) {
        let parts = (0..4_u32).map(|part| (part, (number >> (16 * part) & 0xFFFF) as u32));
        let mut with = parts.filter(|(_, bits)| *bits != 0);
        let (part, bits) = with.next().unwrap_or((0, 0));
        self.put(0xD280_0000 | part << 21 | bits << 5 | register);
        for (part, bits) in with {
            self.put(0xF280_0000 | part << 21 | bits << 5 | register);
        }
    }

    /// Continues in `shim` if the comparison found equality.
    fn branch_if_equal(&mut self, shim: usize) -> Result<(), EncodeError> {
        if let Some(distance) = scaled(self.here(), shim, 2, 19) {
            self.put(0x5400_0000 | distance << 5 | EQUAL);
            return Ok(());
        }
        let length = if branch(self.here().wrapping_add(4), shim).is_some() {
            8
        } else {
            4 + FAR_JUMP_BYTES
        };
        self.put(0x5400_0000 | (length / 4) << 5 | UNEQUAL);
        self.jump(shim)
    }

    /// Continues in `to`.
    fn jump(&mut self, to: usize) -> Result<(), EncodeError> {
        if !to.is_multiple_of(4) {
            return Err(EncodeError::NoInstruction { at: to });
        }
        if let Some(jump) = branch(self.here(), to) {
            self.put(jump);
        } else {
            // ldr x16, 8 bytes on; br x16
            self.put(0x5800_0000 | 2 << 5 | X16);
            self.put(0xD61F_0000 | X16 << 5);
            self.bytes.extend((to as u64).to_le_bytes());
        }
        Ok(())
    }

    /// Address of the next byte.
    fn here(&self) -> usize {
        self.at.wrapping_add(self.bytes.len())
    }
}

/// Length of [`Code::jump`] where it is far.
const FAR_JUMP_BYTES: u32 = 16;

/// The branch at `from` to `to`, if it reaches that.
fn branch(from: usize, to: usize) -> Option<u32> {
    Some(0x1400_0000 | scaled(from, to, 2, 26)?)
}

/// The distance as a signed number of so many bits, in units of `1 << scale` bytes.
/// Addresses wrap around, as the processor's do.
fn scaled(from: usize, to: usize, scale: u32, bits: u32) -> Option<u32> {
    let distance = to.wrapping_sub(from).cast_signed();
    let units = distance >> scale;
    let is_whole = units << scale == distance;
    let limit = 1_isize << (bits - 1);
    let fits = is_whole && (-limit..limit).contains(&units);
    // Cut to the bits that there are.
    fits.then_some(units.cast_unsigned() as u32 & ((1 << bits) - 1))
}

/// A number of 21 bits where `adr` and `adrp` have it.
fn split(number: u32) -> u32 {
    (number & 3) << 29 | number >> 2 << 5
}
