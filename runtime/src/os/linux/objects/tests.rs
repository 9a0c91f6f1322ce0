//! Asks the loader about this program and the C library.

use super::*;

fn inside() {}
// Data that changes: some linkers put other data beside the code.
static OUTSIDE: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

#[test]
fn loaded_objects_are_found_and_pinned() {
    let address = inside as *const () as usize;
    let here = object_of(address).unwrap();
    assert!(here.is_main && here.range.contains(&address));
    pin(&here).unwrap();
    let library = object_of(libc::getpid as *const () as usize).unwrap();
    assert!(
        !library.is_main && library.base <= library.range.start,
        "{library:?}"
    );
    pin(&library).unwrap();
    let gone = Object {
        name: "/no/such.so".into(),
        ..library.clone()
    };
    assert!(pin(&gone).is_err());
    let moved = Object {
        base: library.base + 4096,
        ..library
    };
    assert!(pin(&moved).is_err());
    let local = 0_u8;
    assert!(object_of(&raw const local as usize).is_none());
    let code = executable_span_of(address).unwrap();
    assert!(code.contains(&address) && !code.contains(&(&raw const OUTSIDE as usize)));
    assert_eq!(unload_count(), unload_count());
}
