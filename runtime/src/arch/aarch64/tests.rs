//! Decodes and emulates what the encoder wrote; nothing is executed.

use proptest::prelude::*;

use super::*;
use crate::arch::TRAMPOLINE_BYTES;

mod emulation;

use emulation::{Place, decode, emulate};

/// Within ±128 MiB, a multiple of an instruction's length.
const NEAR: isize = (1 << 25) - 64;

/// An address near `at`, at the edges of what instructions reach, or anywhere.
fn address(at: usize) -> impl Strategy<Value = usize> {
    let edge = |reach: isize| {
        (-0x100_isize..0x100, any::<bool>()).prop_map(move |(offset, below)| {
            at.wrapping_add_signed(if below {
                offset - reach
            } else {
                offset + reach
            })
        })
    };
    prop_oneof![
        (-NEAR..NEAR).prop_map(move |offset| at.wrapping_add_signed(4 * offset)),
        edge(1 << 20),
        edge(1 << 27),
        edge(1 << 32),
        0x1000_usize..0x8000_0100,
        any::<usize>(),
    ]
}

fn function(at: usize) -> impl Strategy<Value = usize> {
    address(at).prop_map(|at| at & !3)
}

fn place() -> impl Strategy<Value = usize> {
    prop_oneof![
        0x5555_0000_0000_usize..0x7FFF_FFFF_0000,
        0x40_0000_usize..0x8000_0000,
        any::<usize>()
    ]
    .prop_map(|at| at & !7)
}

/// Where a chain lies, its targets and its fallback.
fn chains() -> impl Strategy<Value = (usize, Vec<Target>, usize)> {
    place().prop_flat_map(|at| {
        let target = (address(at), function(at));
        let target = target.prop_map(|(vtable, shim)| Target { vtable, shim });
        (Just(at), prop::collection::vec(target, 0..=8), function(at))
    })
}

proptest! {
    #[test]
    fn a_chain_reaches_the_first_matching_shim_or_the_fallback(
        (at, targets, fallback) in chains(), other in any::<usize>()
    ) {
        let code = chain(at, &targets, fallback, Receiver::First).unwrap();
        for vtable in targets.iter().map(|target| target.vtable).chain([other, 0, usize::MAX]) {
            let model = targets.iter().find(|target| target.vtable == vtable);
            let model = model.map_or(fallback, |target| target.shim);
            let reached = emulate(at, &code, [7, vtable as u64]);
            prop_assert_eq!(reached, Place { at: model as u64, receiver: [7, vtable as u64] });
        }
    }

    #[test]
    fn a_chain_is_no_longer_than_its_parts((at, targets, fallback) in chains()) {
        let code = chain(at, &targets, fallback, Receiver::First).unwrap();
        prop_assert!(code.len() <= 40 * targets.len() + 16);
        prop_assert!(code.len() >= 12 * targets.len() + 4);
        prop_assert!(code.len().is_multiple_of(4));
    }

    #[test]
    fn three_near_targets_and_a_near_fallback_fit_into_the_body(
        at in 0x5555_0000_0000_usize..0x7FFF_FFFF_0000,
        offsets in prop::array::uniform7(-0x3_FF00_isize..0x3_FF00),
    ) {
        let at = at & !63;
        let near = offsets.map(|offset| at.wrapping_add_signed(4 * offset));
        let target = |of: usize| Target { vtable: near[of], shim: near[of + 1] };
        let targets = [target(0), target(2), target(4)];
        let code = chain(at, &targets, near[6], Receiver::First).unwrap();
        prop_assert!(code.len() <= TRAMPOLINE_BYTES - HEAD_BYTES);
    }

    #[test]
    fn bound_code_puts_the_object_where_the_receiver_goes_and_jumps_to_the_shim(
        (at, data, shim) in place().prop_flat_map(|at| (Just(at), address(at), function(at))),
        vtable in any::<u64>(),
    ) {
        let code = bound(at, &Bound { data, shim }, Receiver::First).unwrap();
        prop_assert!(code.len() <= TRAMPOLINE_BYTES - HEAD_BYTES);
        let expected = Place { at: shim as u64, receiver: [data as u64, vtable] };
        prop_assert_eq!(emulate(at, &code, [1, vtable]), expected);
    }

    #[test]
    fn a_head_is_a_landing_pad_and_one_branch(
        at in any::<usize>(), to in any::<usize>(), offset in -NEAR..NEAR
    ) {
        let (at, to) = (at & !63, to & !3);
        let near = at.wrapping_add_signed(4 * offset);
        let head = head_jump(at, near).unwrap();
        prop_assert_eq!(decode(at, &head).len(), 2);
        prop_assert_eq!(emulate(at, &head, [0, 0]).at, near as u64);
        prop_assert!(is_rest_head(at, &head, near));
        prop_assert!(!is_rest_head(at, &head, near.wrapping_add(4)));
        prop_assert!(!is_rest_head(at, &head_enter_body(), near));
        match head_jump(at, to) {
            Ok(head) => prop_assert_eq!(emulate(at, &head, [0, 0]).at, to as u64),
            Err(error) => prop_assert_eq!(error, EncodeError::OutOfRange { from: at, to }),
        }
    }

    #[test]
    fn a_key_is_one_branch(at in any::<usize>(), offset in -NEAR..NEAR) {
        let at = at & !3;
        let arm = at.wrapping_add_signed(4 * offset);
        let key = key_on(at, arm).unwrap();
        prop_assert_eq!(emulate(at, &key, [0, 0]).at, arm as u64);
        prop_assert!(key_on(at, at.wrapping_add(1 << 27)).is_err());
    }
}

#[test]
fn only_nops_and_branches_are_exchanged_for_each_other() {
    // As the architecture allows it where a word may be executing: B, BL, NOP and some traps.
    let is_allowed = |word: u32| word == NOP || word >> 26 == 5;
    for head in [head_enter_body(), head_jump(64, 4096).unwrap()] {
        let head = u64::from_le_bytes(head);
        let (first, second) = (head as u32, (head >> 32) as u32);
        assert_eq!(first, BTI_C);
        assert!(is_allowed(second), "{second:x}");
    }
    assert_eq!(head_return(), None);
    assert!(is_allowed(u32::from_le_bytes(key_off())));
    assert!(is_allowed(u32::from_le_bytes(key_on(0, 64).unwrap())));
}

#[test]
fn breakpoints_of_any_number_are_known_and_nothing_else() {
    // brk 0; brk 5, the kernel's; hlt 0; a NOP.
    let first = |word: u32| {
        let [a, b, c, d] = word.to_le_bytes();
        [a, b, c, d, 0, 0, 0, 0]
    };
    assert!(is_breakpoint(BREAKPOINTS));
    assert!(is_breakpoint(first(0xD420_00A0)));
    // Behind the landing pad of a head.
    assert!(is_breakpoint(head(0xD420_0000)));
    assert!(!is_breakpoint(head_enter_body()));
    assert!(!is_breakpoint(first(0xD440_0000)));
    assert!(!is_breakpoint(first(NOP)));
    assert!(is_empty_body(&[BREAKPOINTS; 7].concat()));
    assert!(!is_empty_body(&head_enter_body()));
}

#[test]
fn what_cannot_be_encoded_is_refused_in_one_sentence() {
    let target = Target { vtable: 1, shim: 4 };
    let many = vec![target; MAX_TARGETS + 1];
    assert!(chain(0, &many[1..], 0, Receiver::First).is_ok());
    let error = chain(0, &many, 0, Receiver::First).unwrap_err();
    assert_eq!(error.to_string(), "a chain has at most 64 targets, not 65");
    let misaligned = Target { shim: 6, ..target };
    let error = chain(0, &[misaligned], 0, Receiver::First).unwrap_err();
    assert_eq!(error.to_string(), "no instruction can begin at 0x6");
    let error = head_jump(0x1000, 0x7000_0000_0000).unwrap_err();
    assert_eq!(
        error.to_string(),
        "0x700000000000 is out of reach of a direct jump from 0x1000"
    );
}
