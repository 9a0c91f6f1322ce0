use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Memory {
    /// # Safety
    /// `at` is in bounds.
    #[static_dispatch]
    unsafe fn read(&self, at: usize) -> u8;
}

impl Memory for [u8; 4] {
    unsafe fn read(&self, at: usize) -> u8 {
        *unsafe { self.get_unchecked(at) }
    }
}

fn main() {
    let memory: &dyn Memory = &[1, 2, 3, 4];
    // SAFETY: two is in bounds.
    assert_eq!(unsafe { static_call!(memory.read(2)) }, 3);
}
