//! Chains at any address, for any targets, of both architectures: decoded, and run by a model.
#![no_main]

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;

#[path = "../../runtime/src/arch/x86_64/tests/emulation.rs"]
mod emulation;
#[path = "../../runtime/src/arch/aarch64/tests/emulation.rs"]
mod emulation_of_aarch64;

#[derive(Debug)]
struct Chain {
    at: usize,
    targets: Vec<(usize, usize)>,
    fallback: usize,
    other: usize,
}

impl Arbitrary<'_> for Chain {
    fn arbitrary(bytes: &mut Unstructured<'_>) -> Result<Self> {
        let at = usize::arbitrary(bytes)? & !7;
        // Near, far, low, and at the edges of what rel32 reaches.
        let mut address = || -> Result<usize> {
            Ok(match bytes.int_in_range(0..=6)? {
                0 => at.wrapping_add_signed(i32::arbitrary(bytes)? as isize),
                1 => u32::arbitrary(bytes)? as usize,
                2 => at.wrapping_add((1 << 31) - 512 + usize::from(u16::arbitrary(bytes)? % 1024)),
                3 => at.wrapping_sub((1 << 31) - 512 + usize::from(u16::arbitrary(bytes)? % 1024)),
                4 => at.wrapping_add((1 << 20) - 512 + usize::from(u16::arbitrary(bytes)? % 1024)),
                5 => at.wrapping_sub((1 << 27) - 512 + usize::from(u16::arbitrary(bytes)? % 1024)),
                _ => usize::arbitrary(bytes)?,
            })
        };
        let fallback = address()?;
        let other = address()?;
        let targets = (0..8)
            .map_while(|_| Some((address().ok()?, address().ok()?)))
            .collect();
        Ok(Chain { at, targets, fallback, other })
    }
}

fuzz_target!(|chain: Chain| {
    let code = static_call::__fuzzing::chain(chain.at, &chain.targets, chain.fallback);
    let vtables = chain.targets.iter().map(|(vtable, _)| *vtable);
    for vtable in vtables.chain([chain.other, 0, usize::MAX]) {
        let model = chain.targets.iter().find(|(known, _)| *known == vtable);
        let model = model.map_or(chain.fallback, |(_, shim)| *shim);
        let reached = emulation::emulate(chain.at, &code, vtable as u64);
        assert_eq!(reached, model as u64, "{chain:x?}");
    }
    let code = static_call::__fuzzing::chain_of_aarch64(chain.at, &chain.targets, chain.fallback);
    let vtables = chain.targets.iter().map(|(vtable, _)| *vtable);
    for vtable in vtables.chain([chain.other, 0, usize::MAX]) {
        let model = chain.targets.iter().find(|(known, _)| *known == vtable);
        let model = model.map_or(chain.fallback, |(_, shim)| *shim) & !3;
        let receiver = [7, vtable as u64];
        let reached = emulation_of_aarch64::emulate(chain.at, &code, receiver);
        let expected = emulation_of_aarch64::Place { at: model as u64, receiver };
        assert_eq!(reached, expected, "{chain:x?}");
    }
});
