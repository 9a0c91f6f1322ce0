//! The headers of a loaded ELF object, as the System V ABI has them.

/// Offsets: `e_phoff`, `e_phentsize`, `e_phnum`; `p_offset`, `p_vaddr`, `p_filesz`,
/// `p_memsz`.
#[cfg(target_pointer_width = "64")]
const FIELDS: [usize; 7] = [32, 54, 56, 8, 16, 32, 40];
#[cfg(not(target_pointer_width = "64"))]
const FIELDS: [usize; 7] = [28, 42, 44, 4, 8, 16, 20];

/// `PT_LOAD`.
const LOADED: u32 = 1;

/// The header's own size, behind which the program headers stand.
const SIZE: usize = if cfg!(target_pointer_width = "64") {
    64
} else {
    52
};

/// Whether a segment that is loaded from the object holds the address; nothing where the
/// headers of segments do not stand behind the object's own.
///
/// # Safety
/// `start` is where a loaded object's first page begins.
pub(crate) unsafe fn contains(start: *const u8, address: usize) -> Option<bool> {
    let [offset, size, count, in_file, at, of_file, of_memory] = FIELDS;
    // SAFETY: inside of the header, which the caller says is there.
    let (magic, headers, size, count) = unsafe {
        let half = |at: usize| usize::from(start.add(at).cast::<u16>().read_unaligned());
        (
            start.cast::<[u8; 4]>().read(),
            word(start, offset),
            half(size),
            half(count),
        )
    };
    if magic != *b"\x7fELF" || headers != SIZE {
        return None;
    }
    let segments = || {
        (0..count).filter_map(move |index| {
            // SAFETY: the program headers stand right behind the header: checked above.
            // All are in the first page: linkers reserve room for them there.
            let segment = unsafe { start.add(headers + index * size) };
            // SAFETY: its first word, in the same page.
            let kind = unsafe { segment.cast::<u32>().read_unaligned() };
            (kind == LOADED).then_some(segment)
        })
    };
    // SAFETY: fields of program headers.
    let field = |segment: *const u8, at: usize| unsafe { word(segment, at) };
    let first = segments()
        .find(|one| field(*one, in_file) == 0 && field(*one, of_file) >= headers + count * size)?;
    let base = start.addr().wrapping_sub(field(first, at));
    Some(segments().any(|one| {
        let from = base.wrapping_add(field(one, at));
        address.wrapping_sub(from) < field(one, of_memory)
    }))
}

/// # Safety
/// At `at` behind `start` lies a word.
unsafe fn word(start: *const u8, at: usize) -> usize {
    // SAFETY: by the caller's word one lies there, in a mapped page.
    unsafe { start.add(at).cast::<usize>().read_unaligned() }
}
