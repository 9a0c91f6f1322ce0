//! Where the compiled program has its shims: among the trampolines.
#![cfg(patched)]

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Near {
    #[static_dispatch]
    fn near(&self) -> u64;
}

struct Three;

impl Near for Three {
    fn near(&self) -> u64 {
        3
    }
}

/// In which sections of this program functions of that name lie. The library has trampolines
/// of its own, to measure with.
fn sections_of(function: &str) -> Vec<String> {
    let bytes = std::fs::read("/proc/self/exe").unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let with_name = file.symbols().filter(|symbol| {
        symbol
            .name()
            .is_ok_and(|name| name.contains(function) && name.contains(module_path!()))
    });
    let section = |symbol: object::Symbol<'_, '_>| {
        let section = file.section_by_index(symbol.section_index().unwrap());
        section.unwrap().name().unwrap().to_owned()
    };
    with_name.map(section).collect()
}

#[test]
fn shims_lie_among_the_trampolines() {
    let three: &(dyn Near + Sync) = &Three;
    assert_eq!(static_call!(three.near()), 3);
    assert_eq!(sections_of("__shim_near"), ["static_call_text_0_1_0"]);
    assert_eq!(sections_of("__trampoline"), ["static_call_text_0_1_0"]);
}
