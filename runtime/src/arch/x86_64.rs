//! Encodings for 64-bit x86, System V argument registers.
//!
//! The receiver is in `rdi` and `rsi`, or behind the result's address in `rsi` and `rdx`.
//!
//! | part | code | bytes |
//! |---|---|---|
//! | compare, vtable below 2 GiB | `cmp rsi, imm32` | 7 |
//! | compare, vtable within ±2 GiB | `lea r11, [rip + rel32]; cmp rsi, r11` | 10 |
//! | compare, any vtable | `mov r11, imm64; cmp rsi, r11` | 13 |
//! | branch, shim within ±2 GiB | `je rel32` | 6 |
//! | branch, any shim | `jne 14 bytes on; jmp [rip]; .quad shim` | 16 |
//! | end, fallback within ±2 GiB | `jmp rel32` | 5 |
//! | end, any fallback | `jmp [rip]; .quad fallback` | 14 |
//!
//! | part of a binding's | code | bytes |
//! |---|---|---|
//! | bound object, address below 4 GiB | `mov edi, imm32` | 5 |
//! | bound object within ±2 GiB | `lea rdi, [rip + rel32]` | 7 |
//! | bound object, any | `mov rdi, imm64` | 10 |
//!
//! So three near targets and a near fallback still fit into a trampoline's
//! body.
//!
//! `jmp [rip]` is an indirect jump, which builds with retpolines want to avoid.
//! The other way without a register, pushing the address and returning to it,
//! mispredicts every time and unbalances the return predictor and shadow
//! stacks. Keep chains within reach of their shims and neither is needed.

use super::{Bound, EncodeError, HEAD_BYTES, MAX_TARGETS, Receiver, Target};

#[cfg(all(test, target_pointer_width = "64"))]
mod tests;

/// Size of a key, in bytes: one instruction.
pub(crate) const KEY_BYTES: usize = 5;

/// The furthest that two addresses may be apart for code at one to jump to the other, in
/// bytes: 2 GiB less the length of any chain, and some.
pub(crate) const REACH: usize = (1 << 31) - (1 << 20);

/// What fills the bytes that are never executed.
pub(crate) const BREAKPOINTS: [u8; 8] = [INT3; 8];
const INT3: u8 = 0xCC;

/// What the room for chains begins with: two NOPs, with `scro` and `om01` in them.
pub(crate) const ROOM_MARK: [u8; 16] = *b"\x0f\x1f\x84\x00scro\x0f\x1f\x84\x00om01";

/// Finds out where the receiver of a call is, and writes that there.
///
/// Called with the signature of any method, and a receiver whose two words are the address
/// of a number and the complement of that address. No register that holds something else
/// is taken for one of them, so nothing is written anywhere else: if neither pair of
/// candidates fits, nothing is written at all. What it returns is not initialized.
///
/// # Safety
/// Nobody else uses the number. The result, if it is in memory, may stay uninitialized.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub(crate) unsafe extern "C-unwind" fn proof() {
    core::arch::naked_asm!(
        ".cfi_startproc",
        "mov rax, rdi",
        "not rax",
        "cmp rax, rsi",
        "je 2f",
        "mov rax, rsi",
        "not rax",
        "cmp rax, rdx",
        "jne 3f",
        "mov qword ptr [rsi], 2",
        // Where the result is.
        "3:",
        "mov rax, rdi",
        "ret",
        "2:",
        "mov qword ptr [rdi], 1",
        "ret",
        ".cfi_endproc",
    )
}

/// Code for the address `at` that compares the receiver's vtable with each of
/// `targets` in order, continues in the shim of the first that is equal, and
/// in `fallback` if none is.
///
/// The code depends on its position: it is right at `at` only. Any address
/// can be reached; far ones cost more bytes. One allocation.
///
/// # Errors
/// [`EncodeError::TooManyTargets`].
pub(crate) fn chain(
    at: usize,
    targets: &[Target],
    fallback: usize,
    receiver: Receiver,
) -> Result<Vec<u8>, EncodeError> {
    if targets.len() > MAX_TARGETS {
        return Err(EncodeError::TooManyTargets {
            given: targets.len(),
        });
    }
    let mut code = Code {
        at,
        bytes: Vec::with_capacity(targets.len() * 29 + 14),
    };
    for target in targets {
        code.compare(target.vtable, receiver);
        code.branch_if_equal(target.shim);
    }
    code.jump(fallback);
    Ok(code.bytes)
}

/// Code for the address `at` that puts the bound object's address where the receiver
/// goes, and continues in its shim. The register behind it, where a vtable's
/// address would be, is left as it is: shims do not look at it.
///
/// The code depends on its position, as a [`chain`]'s does.
///
/// # Errors
/// None here.
#[allow(clippy::unnecessary_wraps, reason = "other architectures have none")]
pub(crate) fn bound(at: usize, bound: &Bound, receiver: Receiver) -> Result<Vec<u8>, EncodeError> {
    let mut code = Code {
        at,
        bytes: Vec::with_capacity(24),
    };
    code.receiver(bound.data, receiver);
    code.jump(bound.shim);
    Ok(code.bytes)
}

/// The head for the address `at` that jumps to `to`: the fallback at rest, a
/// chain elsewhere when patched.
///
/// # Errors
/// [`EncodeError::OutOfRange`]: a head has room for a direct jump only.
pub(crate) fn head_jump(at: usize, to: usize) -> Result<[u8; HEAD_BYTES], EncodeError> {
    let distance = relative(at, 5, to).ok_or(EncodeError::OutOfRange { from: at, to })?;
    let [a, b, c, d] = distance.to_le_bytes();
    Ok([0xE9, a, b, c, d, INT3, INT3, INT3])
}

/// The head that falls into the trampoline's body: one NOP of eight bytes, so
/// that no thread can be stopped in the middle of it.
pub(crate) fn head_enter_body() -> [u8; HEAD_BYTES] {
    [0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00]
}

/// The head that returns at once: the whole method of a binding that nothing is
/// bound to, if it has nothing to give.
#[allow(clippy::unnecessary_wraps, reason = "other architectures have none")]
pub(crate) fn head_return() -> Option<[u8; HEAD_BYTES]> {
    Some([0xC3, INT3, INT3, INT3, INT3, INT3, INT3, INT3])
}

/// Code that returns at once.
pub(crate) fn returning() -> Vec<u8> {
    vec![0xC3]
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
    [0x0F, 0x1F, 0x44, 0x00, 0x00]
}

/// A key at the address `at` that is on: a jump to the arm.
///
/// # Errors
/// [`EncodeError::OutOfRange`]: no function is that long.
pub(crate) fn key_on(at: usize, arm: usize) -> Result<[u8; KEY_BYTES], EncodeError> {
    let distance = relative(at, KEY_BYTES, arm);
    let [a, b, c, d] = distance
        .ok_or(EncodeError::OutOfRange { from: at, to: arm })?
        .to_le_bytes();
    Ok([0xE9, a, b, c, d])
}

/// Whether a trampoline's body still holds what the macro fills it with.
pub(crate) fn is_empty_body(body: &[u8]) -> bool {
    body.iter().all(|byte| *byte == INT3)
}

/// Whether the first of these bytes are a breakpoint, a debugger's or the kernel's.
pub(crate) fn is_breakpoint(word: [u8; 8]) -> bool {
    word[0] == INT3
}

/// Nothing: the caches of instructions follow those of data.
///
/// # Safety
/// None needed; other architectures' is that the bytes are mapped and readable.
#[cfg(target_arch = "x86_64")]
pub(crate) unsafe fn written(_start: usize, _bytes: usize) {}

/// The instructions of templates: `assembly!(what)` gives lines of assembly.
#[doc(hidden)]
#[macro_export]
#[cfg(all(patched, encoder = "x86_64"))]
macro_rules! assembly {
    // A key that is off, at the label 2. In front of it at most four bytes, so that five are
    // left in an aligned word: CS prefixes of the instruction behind them, which is then no
    // instruction more. Neither a NOP nor a direct jump heeds them; assemblers pad branches so
    // (`-malign-branch-prefix-size`).
    (key) => {
        ".p2align 3, 0x2e, 4\n2:\n.byte 0x0f, 0x1f, 0x44, 0x00, 0x00"
    };
    // A trampoline's head at rest, and a body without a chain.
    (trampoline to $rest:literal) => {
        $crate::__private::core::concat!("jmp ", $rest, "\n.balign 64, 0xcc")
    };
    (jump to $place:literal) => {
        $crate::__private::core::concat!("jmp ", $place)
    };
    // Up to the next line of 64 bytes.
    (align) => {
        ".balign 64, 0xcc"
    };
    // Has the section begin at a page, behind one instruction, and skips nothing.
    (section of pages) => {
        ".balign 4096, 0xcc, 1"
    };
    // So many bytes that nobody executes.
    (breakpoints $bytes:literal) => {
        $crate::__private::core::concat!(".fill ", $bytes, ", 1, 0xcc")
    };
    (return) => {
        "ret"
    };
    // Returns the address of a symbol.
    (return $symbol:literal) => {
        $crate::__private::core::concat!("lea rax, [rip + ", $symbol, "]\nret")
    };
}

/// Code under construction at a known address.
struct Code {
    at: usize,
    bytes: Vec<u8>,
}

impl Code {
    /// Sets the flags from comparing the receiver's second word with `vtable`.
    fn compare(&mut self, vtable: usize, receiver: Receiver) {
        let (with_constant, with_r11) = match receiver {
            Receiver::First => (0xFE, 0xDE),
            Receiver::BehindResult => (0xFA, 0xDA),
        };
        // The processor extends the constant's sign to 64 bits.
        if let Ok(constant) = i32::try_from(vtable.cast_signed()) {
            self.bytes.extend([0x48, 0x81, with_constant]);
            self.bytes.extend(constant.to_le_bytes());
            return;
        }
        if let Some(distance) = relative(self.here(), 7, vtable) {
            self.bytes.extend([0x4C, 0x8D, 0x1D]);
            self.bytes.extend(distance.to_le_bytes());
        } else {
            self.bytes.extend([0x49, 0xBB]);
            self.absolute(vtable);
        }
        self.bytes.extend([0x4C, 0x39, with_r11]);
    }

    /// Puts `data` where the receiver's first word goes.
    fn receiver(&mut self, data: usize, receiver: Receiver) {
        let (constant_to, distance_to) = match receiver {
            Receiver::First => (0xBF, 0x3D),
            Receiver::BehindResult => (0xBE, 0x35),
        };
        // The processor clears the upper half.
        if let Ok(constant) = u32::try_from(data) {
            self.bytes.push(constant_to);
            self.bytes.extend(constant.to_le_bytes());
        } else if let Some(distance) = relative(self.here(), 7, data) {
            self.bytes.extend([0x48, 0x8D, distance_to]);
            self.bytes.extend(distance.to_le_bytes());
        } else {
            self.bytes.extend([0x48, constant_to]);
            self.absolute(data);
        }
    }

    /// Continues in `shim` if the comparison found equality.
    fn branch_if_equal(&mut self, shim: usize) {
        if let Some(distance) = relative(self.here(), 6, shim) {
            self.bytes.extend([0x0F, 0x84]);
            self.bytes.extend(distance.to_le_bytes());
        } else {
            self.bytes.extend([0x75, FAR_JUMP_BYTES]);
            self.far_jump(shim);
        }
    }

    /// Continues in `to`.
    fn jump(&mut self, to: usize) {
        if let Some(distance) = relative(self.here(), 5, to) {
            self.bytes.push(0xE9);
            self.bytes.extend(distance.to_le_bytes());
        } else {
            self.far_jump(to);
        }
    }

    /// `jmp [rip]` and the address that it reads; [`FAR_JUMP_BYTES`] long.
    fn far_jump(&mut self, to: usize) {
        self.bytes.extend([0xFF, 0x25, 0x00, 0x00, 0x00, 0x00]);
        self.absolute(to);
    }

    /// An address as eight bytes.
    fn absolute(&mut self, address: usize) {
        self.bytes.extend((address as u64).to_le_bytes());
    }

    /// Address of the next byte.
    fn here(&self) -> usize {
        self.at.wrapping_add(self.bytes.len())
    }
}

/// Length of [`Code::far_jump`].
const FAR_JUMP_BYTES: u8 = 14;

/// The rel32 operand with which an instruction of `length` bytes at `at`
/// reaches `to`, if any does. Addresses wrap around, as the processor's do.
fn relative(at: usize, length: usize, to: usize) -> Option<i32> {
    let next = at.wrapping_add(length);
    i32::try_from(to.wrapping_sub(next).cast_signed()).ok()
}
