//! Checks at start-up of what is assumed about rustc's code.

/// A trampoline compares the second argument register with vtable addresses: the
/// receiver, a wide reference, must arrive as data pointer and vtable, in this
/// order, in the first two argument registers. Asks the compiler by making such a
/// call.
///
/// # Errors
/// What was found instead, in one sentence.
pub(crate) fn wide_receiver_is_data_then_vtable() -> Result<(), &'static str> {
    let probe: &dyn Probe = &Word(0);
    let vtable = crate::private::vtable_of(probe);
    let data = core::ptr::from_ref(probe).cast::<()>().addr();
    // SAFETY: both functions only move a register that the call has set.
    let (first, second) = unsafe { (first_register(probe), second_register(probe)) };
    if (first, second) != (data, vtable) {
        return Err("this compiler passes trait objects in other registers than expected");
    }
    Ok(())
}

trait Probe {
    #[allow(dead_code, reason = "gives the vtable a slot")]
    fn word(&self) -> u64;
}

struct Word(u64);

impl Probe for Word {
    fn word(&self) -> u64 {
        self.0
    }
}

#[cfg(all(
    feature = "patching",
    target_arch = "x86_64",
    target_os = "linux",
    not(miri)
))]
mod registers {
    use super::Probe;

    #[unsafe(naked)]
    #[allow(improper_ctypes_definitions, reason = "that is the question")]
    pub(super) unsafe extern "C-unwind" fn first_register(_: &dyn Probe) -> usize {
        core::arch::naked_asm!("mov rax, rdi", "ret")
    }

    #[unsafe(naked)]
    #[allow(improper_ctypes_definitions, reason = "that is the question")]
    pub(super) unsafe extern "C-unwind" fn second_register(_: &dyn Probe) -> usize {
        core::arch::naked_asm!("mov rax, rsi", "ret")
    }
}

#[cfg(not(all(
    feature = "patching",
    target_arch = "x86_64",
    target_os = "linux",
    not(miri)
)))]
mod registers {
    use super::Probe;

    pub(super) unsafe fn first_register(_: &dyn Probe) -> usize {
        0
    }

    pub(super) unsafe fn second_register(_: &dyn Probe) -> usize {
        0
    }
}

use registers::{first_register, second_register};

#[cfg(test)]
mod tests {
    #[test]
    fn this_compiler_passes_the_receiver_as_assumed() {
        if crate::site::TRAMPOLINES {
            assert_eq!(super::wide_receiver_is_data_then_vtable(), Ok(()));
        }
    }
}
