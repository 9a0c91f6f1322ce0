//! Decodes and emulates what the encoder wrote; nothing is executed.

use iced_x86::{Code as Op, Decoder, DecoderOptions, InstructionInfoFactory, OpAccess, Register};
use proptest::prelude::*;

use super::*;
use crate::arch::TRAMPOLINE_BYTES;

mod emulation;

use emulation::{decode, emulate};

const NEAR: isize = 0x7FFF_0000;

/// An address near `at`, below 2 GiB, or anywhere.
fn address(at: usize) -> impl Strategy<Value = usize> {
    prop_oneof![
        (-NEAR..NEAR).prop_map(move |offset| at.wrapping_add_signed(offset)),
        // The edges of rel32, seen from anywhere in a chain.
        (0x7FFF_FF00_isize..0x8000_0100).prop_map(move |offset| at.wrapping_add_signed(offset)),
        (0x7FFF_FE00_isize..0x8000_0100).prop_map(move |offset| at.wrapping_add_signed(-offset)),
        0x1000_usize..0x8000_0100,
        any::<usize>(),
    ]
}

fn receiver() -> impl Strategy<Value = Receiver> {
    prop_oneof![Just(Receiver::First), Just(Receiver::BehindResult)]
}

/// Where its receiver is, where a chain lies, its targets and its fallback.
fn chains() -> impl Strategy<Value = (Receiver, usize, Vec<Target>, usize)> {
    let place = prop_oneof![
        0x5555_0000_0000_usize..0x7FFF_FFFF_0000,
        0x40_0000_usize..0x8000_0000,
        any::<usize>()
    ]
    .prop_map(|at| at & !7);
    place.prop_flat_map(|at| {
        let target = (address(at), address(at)).prop_map(|(vtable, shim)| Target { vtable, shim });
        (
            receiver(),
            Just(at),
            prop::collection::vec(target, 0..=8),
            address(at),
        )
    })
}

/// What the chain must be, worked out apart from the encoder's own helpers:
/// (operation, constant or destination) with addresses as plain numbers.
fn expected(at: usize, targets: &[Target], fallback: usize) -> Vec<(Op, u64)> {
    let reaches = |from: u64, to: u64| {
        let distance = to.wrapping_sub(from).cast_signed();
        (-0x8000_0000..=0x7FFF_FFFF).contains(&distance)
    };
    let (mut next, mut list) = (at as u64, Vec::new());
    for target in targets {
        let (vtable, shim) = (target.vtable as u64, target.shim as u64);
        if (0x8000_0000..0xFFFF_FFFF_8000_0000).contains(&vtable) {
            let lea = reaches(next.wrapping_add(7), vtable);
            next = next.wrapping_add(if lea { 10 } else { 13 });
            list.push((
                if lea {
                    Op::Lea_r64_m
                } else {
                    Op::Mov_r64_imm64
                },
                vtable,
            ));
            list.push((Op::Cmp_rm64_r64, 0));
        } else {
            next = next.wrapping_add(7);
            list.push((Op::Cmp_rm64_imm32, vtable));
        }
        if reaches(next.wrapping_add(6), shim) {
            next = next.wrapping_add(6);
            list.push((Op::Je_rel32_64, shim));
        } else {
            next = next.wrapping_add(16);
            list.push((Op::Jne_rel8_64, next));
            list.push((Op::Jmp_rm64, shim));
        }
    }
    let near = reaches(next.wrapping_add(5), fallback as u64);
    list.push((
        if near { Op::Jmp_rel32_64 } else { Op::Jmp_rm64 },
        fallback as u64,
    ));
    list
}

proptest! {
    #[test]
    fn a_chain_is_exactly_the_expected_instructions((receiver, at, targets, fallback) in chains()) {
        let code = chain(at, &targets, fallback, receiver).unwrap();
        let found: Vec<_> = decode(at, &code).iter().map(|(i, operand)| (i.code(), *operand)).collect();
        prop_assert_eq!(found, expected(at, &targets, fallback));
    }

    #[test]
    fn a_chain_writes_nothing_but_r11_and_compares_the_register_of_the_vtable((receiver, at, targets, fallback) in chains()) {
        let code = chain(at, &targets, fallback, receiver).unwrap();
        let vtable = match receiver {
            Receiver::First => Register::RSI,
            Receiver::BehindResult => Register::RDX,
        };
        let mut facts = InstructionInfoFactory::new();
        for (instruction, _) in decode(at, &code) {
            if matches!(instruction.code(), Op::Cmp_rm64_r64 | Op::Cmp_rm64_imm32) {
                prop_assert_eq!(instruction.op0_register(), vtable);
            }
            if instruction.code() == Op::Cmp_rm64_r64 {
                prop_assert_eq!(instruction.op1_register(), Register::R11);
            }
            let info = facts.info(&instruction);
            for used in info.used_registers() {
                let read_only = matches!(used.access(), OpAccess::Read | OpAccess::CondRead);
                prop_assert!(
                    used.register() == Register::R11 || (used.register() == vtable && read_only),
                    "{} uses {:?}", instruction, used
                );
            }
            for used in info.used_memory() {
                prop_assert_eq!(used.access(), OpAccess::Read);
                prop_assert_eq!(instruction.code(), Op::Jmp_rm64);
            }
        }
    }

    #[test]
    fn a_chain_reaches_the_first_matching_shim_or_the_fallback(
        (receiver, at, targets, fallback) in chains(), other in any::<usize>()
    ) {
        let code = chain(at, &targets, fallback, receiver).unwrap();
        for vtable in targets.iter().map(|target| target.vtable).chain([other, 0, usize::MAX]) {
            let model = targets.iter().find(|target| target.vtable == vtable);
            let model = model.map_or(fallback, |target| target.shim);
            prop_assert_eq!(emulate(at, &code, vtable as u64), model as u64);
        }
    }

    #[test]
    fn two_near_targets_and_a_near_fallback_fit_into_the_body(
        at in 0x5555_0000_0000_usize..0x7FFF_FFFF_0000,
        offsets in prop::array::uniform5(-NEAR..NEAR),
        receiver in receiver(),
    ) {
        let near = offsets.map(|offset| at.wrapping_add_signed(offset));
        let mut targets = vec![
            Target { vtable: near[0], shim: near[1] },
            Target { vtable: near[2], shim: near[3] },
        ];
        prop_assert_eq!(chain(at, &targets, near[4], receiver).unwrap().len(), 37);
        targets.push(targets[0]);
        prop_assert!(chain(at, &targets, near[4], receiver).unwrap().len() <= TRAMPOLINE_BYTES - HEAD_BYTES);
    }

    #[test]
    fn bound_code_puts_the_object_where_the_receiver_goes_and_jumps_to_the_shim(
        at in prop_oneof![0x5555_0000_0000_usize..0x7FFF_FFFF_0000, any::<usize>()],
        near in any::<bool>(),
        receiver in receiver(),
        offsets in prop::array::uniform2(-NEAR..NEAR),
        far in prop::array::uniform2(any::<usize>()),
        below in 0_usize..0x1_0000_0100,
    ) {
        let at = at & !7;
        let near_by = offsets.map(|offset| at.wrapping_add_signed(offset));
        let [data, shim] = if near { near_by } else { far };
        for data in [data, below] {
            let code = bound(at, &Bound { data, shim }, receiver).unwrap();
            prop_assert!(code.len() <= TRAMPOLINE_BYTES - HEAD_BYTES);
            let steps = decode(at, &code);
            prop_assert_eq!(steps.len(), 2);
            let (first, object) = &steps[0];
            prop_assert!(
                matches!(first.code(), Op::Lea_r64_m | Op::Mov_r32_imm32 | Op::Mov_r64_imm64),
                "{}", first
            );
            let register = match receiver {
                Receiver::First => Register::RDI,
                Receiver::BehindResult => Register::RSI,
            };
            prop_assert_eq!(first.op0_register().full_register(), register);
            prop_assert_eq!(*object, data as u64);
            let (second, destination) = &steps[1];
            prop_assert!(
                matches!(second.code(), Op::Jmp_rel32_64 | Op::Jmp_rm64),
                "{}", second
            );
            prop_assert_eq!(*destination, shim as u64);
        }
    }

    #[test]
    fn a_head_is_one_direct_jump_in_one_word(at in any::<usize>(), to in any::<usize>(), offset in -NEAR..NEAR) {
        let at = at & !63;
        let near = at.wrapping_add_signed(offset);
        let head = head_jump(at, near).unwrap();
        prop_assert_eq!(decode(at, &head[..5])[0].1, near as u64);
        prop_assert_eq!(&head[5..], &[INT3; 3]);
        prop_assert!(is_rest_head(at, &head, near));
        prop_assert!(!is_rest_head(at, &head, near.wrapping_add(1)));
        prop_assert!(!is_rest_head(at, &head_enter_body(), near));
        match head_jump(at, to) {
            Ok(head) => prop_assert_eq!(decode(at, &head[..5])[0].1, to as u64),
            Err(error) => prop_assert_eq!(error, EncodeError::OutOfRange { from: at, to }),
        }
    }
}

#[test]
fn the_head_that_enters_the_body_is_one_nop_of_eight_bytes() {
    let head = head_enter_body();
    let steps = Decoder::with_ip(64, &head, 0x1000, DecoderOptions::NONE).decode();
    assert_eq!((steps.code(), steps.len()), (Op::Nop_rm32, HEAD_BYTES));
}

#[test]
fn the_head_that_returns_is_one_return() {
    let head = head_return().unwrap();
    let steps = Decoder::with_ip(64, &head, 0x1000, DecoderOptions::NONE).decode();
    assert_eq!((steps.code(), steps.len()), (Op::Retnq, 1));
    assert_eq!(&head[1..], &[INT3; 7]);
}

#[test]
fn too_many_targets_are_refused_in_one_sentence() {
    let targets = vec![Target { vtable: 1, shim: 2 }; MAX_TARGETS + 1];
    assert!(chain(0, &targets[1..], 0, Receiver::First).is_ok());
    let error = chain(0, &targets, 0, Receiver::First).unwrap_err();
    assert_eq!(
        error,
        EncodeError::TooManyTargets {
            given: MAX_TARGETS + 1
        }
    );
    assert_eq!(error.to_string(), "a chain has at most 64 targets, not 65");
}

#[test]
fn an_address_out_of_reach_of_a_head_is_named_in_the_error() {
    let error = head_jump(0x1000, 0x7000_0000_0000).unwrap_err();
    assert_eq!(
        error.to_string(),
        "0x700000000000 is out of reach of a direct jump from 0x1000"
    );
}
