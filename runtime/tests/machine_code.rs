//! What becomes of call sites in an optimized program, where a figure depends on it and
//! nothing else would notice: read from this program's own code.

#![cfg(all(
    not(debug_assertions),
    feature = "patching",
    target_arch = "x86_64",
    target_os = "linux"
))]

use std::hint::black_box;

use iced_x86::{
    Code, ConditionCode, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind,
    Register,
};
use static_call_fixture_shapes_of_code::{Add, looped, region, straight};

/// The instructions of a function, which ends in front of breakpoints.
fn code(function: usize) -> Vec<Instruction> {
    const MOST: usize = 1024;
    // SAFETY: a function of this program, behind which there is more code.
    let bytes = unsafe {
        std::slice::from_raw_parts(std::ptr::with_exposed_provenance::<u8>(function), MOST)
    };
    let decoder = Decoder::with_ip(64, bytes, function as u64, DecoderOptions::NONE);
    let code: Vec<_> = decoder
        .into_iter()
        .take_while(|one| one.mnemonic() != Mnemonic::Int3)
        .collect();
    assert!(code.len() > 10, "{code:?}");
    code
}

fn listing(code: &[Instruction]) -> String {
    let lines = code.iter().map(|one| format!("{:x}: {one}\n", one.ip()));
    lines.collect()
}

fn is_virtual_call(instruction: &Instruction) -> bool {
    instruction.flow_control() == FlowControl::IndirectCall
        && instruction.op0_kind() == OpKind::Memory
        && instruction.memory_base() != Register::RIP
}

/// What is executed if no conditional jump is taken.
fn straight_on(code: &[Instruction]) -> impl Iterator<Item = &Instruction> {
    code.iter().take_while(|instruction| {
        !matches!(
            instruction.flow_control(),
            FlowControl::Return | FlowControl::UnconditionalBranch
        )
    })
}

#[test]
fn calls_that_are_left_to_the_vtable_follow_each_other_without_a_jump() {
    assert_eq!(straight(&[&Add(1), &Add(2), &Add(3)], black_box(0)), 7);
    let code = code(straight as *const () as usize);
    let calls = straight_on(&code).filter(|one| is_virtual_call(one));
    assert_eq!(calls.count(), 3, "{}", listing(&code));
    let direct = |one: &&Instruction| one.flow_control() == FlowControl::Call;
    assert_eq!(
        straight_on(&code).filter(direct).count(),
        0,
        "{}",
        listing(&code)
    );
}

#[test]
fn a_loop_ends_with_the_switch() {
    assert_eq!(looped(&[&Add(1), &Add(2)], black_box(0)), 3);
    let code = code(looped as *const () as usize);
    let at = |is: &dyn Fn(&Instruction) -> bool| {
        let found = code.iter().position(is);
        found.unwrap_or_else(|| panic!("{}", listing(&code)))
    };
    // Back to the call if the site is plain; what follows is the patched way.
    let call = at(&is_virtual_call);
    let trampoline = at(&|one| one.flow_control() == FlowControl::Call);
    let back = code[call..trampoline].iter().find(|one| {
        one.condition_code() == ConditionCode::e
            && (code[0].ip()..=code[call].ip()).contains(&one.near_branch_target())
    });
    assert!(back.is_some(), "{}", listing(&code));
}

#[test]
fn the_address_of_a_site_is_in_the_code_and_right_in_front_of_its_switch() {
    for function in [straight as *const () as usize, looped as *const () as usize] {
        let code = code(function);
        let switches = code.windows(2).filter(|pair| {
            pair[1].code() == Code::Movzx_r32_rm8 && pair[1].op1_kind() == OpKind::Memory
        });
        assert!(switches.clone().count() > 0, "{}", listing(&code));
        for pair in switches {
            assert!(
                pair[0].mnemonic() == Mnemonic::Lea
                    && pair[0].is_ip_rel_memory_operand()
                    && pair[0].op0_register() == pair[1].memory_base(),
                "{} in\n{}",
                pair[1],
                listing(&code)
            );
        }
    }
}

#[test]
fn a_region_that_knows_a_vtable_runs_the_body_and_calls_nothing() {
    assert_eq!(region(&Add(1), black_box(2)), 3);
    let code = code(region as *const () as usize);
    let straight: Vec<_> = straight_on(&code).collect();
    let is = |one: &Instruction, control| one.flow_control() == control;
    let calls = straight
        .iter()
        .filter(|one| is(one, FlowControl::Call) || is(one, FlowControl::IndirectCall));
    assert_eq!(calls.count(), 0, "{}", listing(&code));
    // Whose memory it is, and the vtable.
    let tests = straight
        .iter()
        .filter(|one| is(one, FlowControl::ConditionalBranch));
    assert_eq!(tests.count(), 2, "{}", listing(&code));
}
