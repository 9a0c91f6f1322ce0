//! The headers of a loaded PE module, as Microsoft's format has them.

/// Whether the module holds the address; nothing where it has no such headers.
///
/// # Safety
/// `start` is where a loaded module begins.
pub(crate) unsafe fn contains(start: *const u8, address: usize) -> Option<bool> {
    // SAFETY: the first header is 64 bytes long; at its end it says where the second is,
    // whose field at 80 is the module's size in memory.
    let (signature, size) = unsafe {
        let number = |at: usize| start.add(at).cast::<u32>().read_unaligned() as usize;
        let second = number(0x3c);
        let signature = start.add(second).cast::<[u8; 4]>().read();
        (signature, number(second + 80))
    };
    (signature == *b"PE\0\0").then(|| address.wrapping_sub(start.addr()) < size)
}
