//! What becomes of call sites in an optimized program, where a figure depends on it and
//! nothing else would notice: read from this program's own code.

#![cfg(all(not(debug_assertions), patched))]

use std::hint::black_box;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};
use static_call_fixture_shapes_of_code::{Add, looped, region, straight, traced, usually};

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

/// One copy of a call's switch, as the call site's macro has put it down, or a place of a
/// static key, as that has.
#[repr(C)]
struct KeyRecord {
    at: i32,
    arm: i32,
    site: usize,
}

unsafe extern "C" {
    #[link_name = "__start_static_call_keys_0_1_0"]
    static FIRST: KeyRecord;
    #[link_name = "__stop_static_call_keys_0_1_0"]
    static AFTER: KeyRecord;
    #[link_name = "__start_static_call_places_0_1_0"]
    static FIRST_PLACE: KeyRecord;
    #[link_name = "__stop_static_call_places_0_1_0"]
    static AFTER_PLACES: KeyRecord;
}

/// One NOP, whose last five bytes are the key's: what fills the word before is part of it.
fn nop(code: &[Instruction], at: u64) {
    let key = code.iter().find(|one| one.next_ip() == at + 5);
    let key = key.unwrap_or_else(|| panic!("{at:x} in\n{}", listing(code)));
    assert_eq!(key.mnemonic(), Mnemonic::Nop, "{key}");
    assert!((5..=9).contains(&key.len()), "{key}");
    assert!(at % 8 <= 3, "{key}");
}

/// The keys in this code: where each is, and where its jump would lead.
fn keys(code: &[Instruction]) -> Vec<(u64, u64)> {
    within(code, &raw const FIRST, &raw const AFTER)
}

/// The same of places of static keys.
fn places(code: &[Instruction]) -> Vec<(u64, u64)> {
    within(code, &raw const FIRST_PLACE, &raw const AFTER_PLACES)
}

fn within(
    code: &[Instruction],
    first: *const KeyRecord,
    after: *const KeyRecord,
) -> Vec<(u64, u64)> {
    let count = (after.addr() - first.addr()) / size_of::<KeyRecord>();
    // SAFETY: the linker's bounds of a section that holds such records.
    let records = unsafe { std::slice::from_raw_parts(first, count) };
    let from = |field: &i32| {
        let field_at = std::ptr::from_ref(field).addr();
        field_at.wrapping_add_signed(*field as isize) as u64
    };
    let within = code[0].ip()..=code[code.len() - 1].ip();
    let records = records.iter().filter(|record| record.site != 0);
    let mut keys: Vec<_> = records
        .map(|record| (from(&record.at), from(&record.arm)))
        .filter(|(at, _)| within.contains(at))
        .collect();
    keys.sort_unstable();
    keys
}

#[test]
fn a_plain_call_has_one_nop_in_front_of_it_and_nothing_else() {
    assert_eq!(straight(&[&Add(1), &Add(2), &Add(3)], black_box(0)), 7);
    let code = code(straight as *const () as usize);
    let keys = keys(&code);
    assert_eq!(keys.len(), 3, "{}", listing(&code));
    for (at, _) in &keys {
        nop(&code, *at);
    }
    let nops = code.iter().take_while(|one| one.ip() < keys[2].0);
    let nops = nops.filter(|one| one.mnemonic() == Mnemonic::Nop);
    assert_eq!(nops.count(), 3, "{}", listing(&code));
    let straight: Vec<_> = straight_on(&code).collect();
    let end = straight[straight.len() - 1].ip();
    let calls = straight.iter().filter(|one| is_virtual_call(one));
    let calls: Vec<_> = calls.map(|one| one.ip()).collect();
    assert_eq!(calls.len(), 3, "{}", listing(&code));
    for (call, (at, arm)) in calls.iter().zip(&keys) {
        assert!(at < call, "{}", listing(&code));
        // What follows if it is on stands aside.
        assert!(*arm > end, "{}", listing(&code));
    }
    for one in straight {
        let is_plain = matches!(
            one.flow_control(),
            FlowControl::Next | FlowControl::IndirectCall
        );
        // The site is nowhere asked.
        assert!(
            is_plain && !one.is_ip_rel_memory_operand(),
            "{one} in\n{}",
            listing(&code)
        );
    }
}

#[test]
fn a_loop_over_plain_calls_has_no_branch_but_its_own() {
    assert_eq!(looped(&[&Add(1), &Add(2)], black_box(0)), 3);
    let code = code(looped as *const () as usize);
    let keys = keys(&code);
    let calls: Vec<_> = code.iter().filter(|one| is_virtual_call(one)).collect();
    assert!(!keys.is_empty(), "{}", listing(&code));
    assert_eq!(keys.len(), calls.len(), "{}", listing(&code));
    let last = calls[calls.len() - 1].ip();
    let back = code.iter().find(|one| {
        one.ip() > last
            && one.flow_control() == FlowControl::ConditionalBranch
            && one.near_branch_target() <= keys[0].0
    });
    let back = back.unwrap_or_else(|| panic!("{}", listing(&code)));
    let body = code
        .iter()
        .filter(|one| (back.near_branch_target()..back.ip()).contains(&one.ip()));
    for one in body {
        let is_plain = matches!(
            one.flow_control(),
            FlowControl::Next | FlowControl::IndirectCall
        );
        assert!(
            is_plain && !one.is_ip_rel_memory_operand(),
            "{one} in\n{}",
            listing(&code)
        );
    }
    for (_, arm) in keys {
        assert!(arm > back.ip(), "{}", listing(&code));
    }
}

#[test]
fn the_arm_is_a_direct_call_of_the_sites_trampoline() {
    let code = code(straight as *const () as usize);
    for (_, arm) in keys(&code) {
        let arm = code.iter().skip_while(|one| one.ip() < arm);
        let leaves = arm
            .clone()
            .find(|one| one.flow_control() != FlowControl::Next);
        let leaves = leaves.unwrap_or_else(|| panic!("{}", listing(&code)));
        assert_eq!(
            leaves.flow_control(),
            FlowControl::Call,
            "{leaves} in\n{}",
            listing(&code)
        );
        assert!(leaves.near_branch_target().is_multiple_of(64));
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

#[test]
fn a_key_that_is_as_declared_is_one_nop_and_the_other_branch_stands_aside() {
    assert_eq!(usually(black_box(3), black_box(0)), 7 << 9);
    let code = code(usually as *const () as usize);
    let places = places(&code);
    assert_eq!(places.len(), 2, "{}", listing(&code));
    let straight: Vec<_> = straight_on(&code).collect();
    let end = straight[straight.len() - 1].ip();
    for (at, other) in &places {
        nop(&code, *at);
        assert!(*at < end && *other > end, "{}", listing(&code));
    }
    // The key is nowhere asked.
    for one in straight {
        let is_plain = one.flow_control() == FlowControl::Next && !one.is_ip_rel_memory_operand();
        assert!(is_plain, "{one} in\n{}", listing(&code));
    }
}

#[test]
fn a_disabled_event_in_a_loop_is_a_nop_and_no_branch() {
    assert_eq!(traced(black_box(&[1, 2])), 1 << 5 ^ 2);
    let code = code(traced as *const () as usize);
    let places = places(&code);
    assert!(!places.is_empty(), "{}", listing(&code));
    for (at, other) in &places {
        let back = code.iter().find(|one| {
            one.ip() > *at
                && one.flow_control() == FlowControl::ConditionalBranch
                && one.near_branch_target() <= *at
        });
        let back = back.unwrap_or_else(|| panic!("{}", listing(&code)));
        let body = code
            .iter()
            .filter(|one| (back.near_branch_target()..back.ip()).contains(&one.ip()));
        for one in body {
            let is_plain =
                one.flow_control() == FlowControl::Next && !one.is_ip_rel_memory_operand();
            assert!(is_plain, "{one} in\n{}", listing(&code));
        }
        assert!(*other > back.ip(), "{}", listing(&code));
    }
}
