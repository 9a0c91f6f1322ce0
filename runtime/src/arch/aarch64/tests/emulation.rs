//! Code read back: decoded by yaxpeax-arm, and run by a model of the few instructions that
//! chains are made of. The fuzzer includes this file too.

use std::collections::HashMap;

use yaxpeax_arch::{Decoder as _, U8Reader};
use yaxpeax_arm::armv8::a64::{InstDecoder, Instruction, Opcode, Operand, SizeCode};

/// Where code leads, and what is in the first two argument registers then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) at: u64,
    pub(crate) receiver: [u64; 2],
}

/// Decodes `code` in order, each instruction with its address, stepping over the addresses
/// that far jumps read, which are noted with them.
pub(super) fn decode(at: usize, code: &[u8]) -> Vec<(u64, Instruction, u64)> {
    let (mut offset, mut list) = (0, Vec::new());
    while offset < code.len() {
        let mut bytes = U8Reader::new(&code[offset..]);
        let instruction = InstDecoder::default().decode(&mut bytes);
        let instruction = instruction.unwrap_or_else(|error| {
            panic!("{error:?} at +{offset} of {code:02x?}");
        });
        let here = (at as u64).wrapping_add(offset as u64);
        offset += 4;
        let mut literal = 0;
        if instruction.opcode == Opcode::BR {
            literal = u64::from_le_bytes(code[offset..offset + 8].try_into().unwrap());
            offset += 8;
        }
        list.push((here, instruction, literal));
    }
    assert_eq!(offset, code.len());
    list
}

/// Where outside of `code` a call with this receiver arrives. Whatever it does but to
/// set `x16`, `x0` and the flags is an error.
pub(super) fn emulate(at: usize, code: &[u8], receiver: [u64; 2]) -> Place {
    let steps = decode(at, code);
    let places: HashMap<u64, usize> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| (step.0, index))
        .collect();
    let mut registers = HashMap::from([(0, receiver[0]), (1, receiver[1])]);
    let (mut index, mut equal, mut loaded) = (0, false, None);
    let goes = |registers: &HashMap<u16, u64>, to: u64, index: &mut usize| {
        if let Some(inside) = places.get(&to) {
            *index = *inside;
            return None;
        }
        let receiver = [registers[&0], registers[&1]];
        Some(Place { at: to, receiver })
    };
    loop {
        let (here, instruction, literal) = steps[index];
        index += 1;
        let target = |distance: i64| here.wrapping_add_signed(distance);
        match (instruction.opcode, instruction.operands) {
            (Opcode::HINT, _) => {}
            (Opcode::ADR, [Operand::Register(_, to), Operand::PCOffset(distance), ..]) => {
                *written(&mut registers, to) = target(distance);
            }
            (Opcode::ADRP, [Operand::Register(_, to), Operand::PCOffset(distance), ..]) => {
                *written(&mut registers, to) = (here & !0xFFF).wrapping_add_signed(distance);
            }
            (
                Opcode::ADD,
                [
                    Operand::RegisterOrSP(SizeCode::X, to),
                    Operand::RegisterOrSP(SizeCode::X, from),
                    Operand::Immediate(offset),
                    ..,
                ],
            ) => {
                assert_eq!(to, from);
                let place = written(&mut registers, to);
                *place = place.wrapping_add(offset.into());
            }
            (Opcode::MOVZ, [Operand::Register(SizeCode::X, to), part, ..]) => {
                *written(&mut registers, to) = bits(part).0;
            }
            (Opcode::MOVK, [Operand::Register(SizeCode::X, to), part, ..]) => {
                let (bits, mask) = bits(part);
                let place = written(&mut registers, to);
                *place = *place & !mask | bits;
            }
            (
                Opcode::SUBS,
                [
                    Operand::Register(SizeCode::X, 31),
                    Operand::Register(SizeCode::X, 1),
                    Operand::RegShift(_, 0, SizeCode::X, 16),
                    ..,
                ],
            ) => equal = registers[&1] == registers[&16],
            (Opcode::Bcc(condition @ (0 | 1)), [Operand::PCOffset(distance), ..]) => {
                if equal == (condition == 0)
                    && let Some(place) = goes(&registers, target(distance), &mut index)
                {
                    return place;
                }
            }
            (Opcode::B, [Operand::PCOffset(distance), ..]) => {
                if let Some(place) = goes(&registers, target(distance), &mut index) {
                    return place;
                }
            }
            (
                Opcode::LDR,
                [
                    Operand::Register(SizeCode::X, 16),
                    Operand::PCOffset(distance),
                    ..,
                ],
            ) => loaded = Some(target(distance)),
            (Opcode::BR, [Operand::Register(SizeCode::X, 16), ..]) => {
                assert_eq!(loaded, Some(here.wrapping_add(4)));
                return goes(&registers, literal, &mut index).expect("it is far away");
            }
            _ => panic!("unexpected {instruction}: {:?}", instruction.operands),
        }
    }
}

/// A register that code may write.
fn written(registers: &mut HashMap<u16, u64>, register: u16) -> &mut u64 {
    assert!([0, 16].contains(&register), "x{register} is written");
    registers.entry(register).or_insert(0)
}

/// What a part of a number sets, and which bits these are.
fn bits(part: Operand) -> (u64, u64) {
    match part {
        Operand::ImmShift(bits, shift) => (u64::from(bits) << shift, 0xFFFF << shift),
        Operand::Imm64(number) => (number, u64::MAX),
        Operand::Immediate(number) => (number.into(), u64::MAX),
        other => panic!("no number: {other:?}"),
    }
}
