//! A chain read back: decoded by iced-x86, and run by a model of the few
//! instructions that chains are made of. The fuzzer includes this file too.

use std::collections::HashMap;

use iced_x86::{Code as Op, Decoder, DecoderOptions, Instruction, Register};

/// Decodes `code` in order, stepping over the addresses that far jumps read.
pub(super) fn decode(at: usize, code: &[u8]) -> Vec<(Instruction, u64)> {
    let (mut offset, mut list) = (0, Vec::new());
    while offset < code.len() {
        let here = (at as u64).wrapping_add(offset as u64);
        let mut decoder = Decoder::with_ip(64, &code[offset..], here, DecoderOptions::NONE);
        let instruction = decoder.decode();
        assert!(
            !instruction.is_invalid(),
            "invalid at +{offset} of {code:02x?}"
        );
        offset += instruction.len();
        let operand = match instruction.code() {
            Op::Jmp_rm64 => {
                assert_eq!(instruction.memory_base(), Register::RIP);
                assert_eq!(instruction.ip_rel_memory_address(), instruction.next_ip());
                offset += 8;
                u64::from_le_bytes(code[offset - 8..offset].try_into().unwrap())
            }
            Op::Lea_r64_m => instruction.ip_rel_memory_address(),
            Op::Cmp_rm64_imm32 | Op::Mov_r64_imm64 | Op::Mov_r32_imm32 => instruction.immediate(1),
            Op::Cmp_rm64_r64 => 0,
            _ => instruction.near_branch_target(),
        };
        list.push((instruction, operand));
    }
    assert_eq!(offset, code.len());
    list
}

/// The address outside the chain that a call with this `vtable` reaches.
pub(super) fn emulate(at: usize, code: &[u8], vtable: u64) -> u64 {
    let steps = decode(at, code);
    let places: HashMap<u64, usize> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| (step.0.ip(), index))
        .collect();
    let (mut index, mut r11, mut equal) = (0, 0_u64, false);
    loop {
        let (instruction, operand) = steps[index];
        index += 1;
        match instruction.code() {
            Op::Cmp_rm64_imm32 => equal = vtable == operand,
            Op::Lea_r64_m | Op::Mov_r64_imm64 => r11 = operand,
            Op::Cmp_rm64_r64 => equal = vtable == r11,
            Op::Je_rel32_64 if equal => return operand,
            Op::Jne_rel8_64 if !equal => index = places[&operand],
            Op::Je_rel32_64 | Op::Jne_rel8_64 => {}
            Op::Jmp_rel32_64 | Op::Jmp_rm64 => return operand,
            other => panic!("unexpected {other:?}"),
        }
    }
}
