//! Forks, and policies that refuse.

use super::*;

/// Runs `body` in a forked child and says whether it returned true.
fn in_a_child(body: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child calls `body` and `_exit` only; the bodies make system
    // calls and allocate, which the C library allows after a fork.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::_exit(i32::from(!body()));
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
    }
}

#[test]
fn a_fork_keeps_the_code_of_parent_and_child_apart() {
    let mut memory = pages();
    let at = memory.reserve_near(near_tests(), 1).unwrap().start;
    let mut flip = |head: [u8; HEAD_BYTES]| {
        let code = two_targets(at, head);
        // SAFETY: only this thread executes the region, and not now.
        let replaced = unsafe { memory.replace(&[Edit { at, bytes: &code }]) };
        replaced.is_ok() && memory.barrier().is_ok()
    };
    let rest = arch::head_jump(at, address(plus_nothing)).unwrap();
    assert!(flip(rest));
    assert!(in_a_child(
        || flip(arch::head_enter_body()) && call(at, 0x1110, 40) == 41
    ));
    assert_eq!(call(at, 0x1110, 40), 40);
}

#[test]
fn a_policy_against_new_code_is_noticed_before_anything_is_patched() {
    const PR_SET_MDWE: i32 = 65;
    assert!(in_a_child(|| {
        // SAFETY: changes what the child may do, nothing else.
        if unsafe { libc::prctl(PR_SET_MDWE, 1_u64, 0_u64, 0_u64, 0_u64) } != 0 {
            return true; // A kernel before 6.3.
        }
        code_memory().is_err_and(|unavailable| unavailable.reason.contains("refused mprotect"))
    }));
}

/// Has the kernel refuse `mmap` with these flags to this thread, for good.
fn refuse_mmap(flags: MapFlags, errno: i32) {
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch,
    };
    let flags = u64::from(flags.bits());
    let (length, operator) = (SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(flags));
    let condition = SeccompCondition::new(3, length, operator, flags).unwrap();
    let rule = SeccompRule::new(vec![condition]).unwrap();
    let filter = SeccompFilter::new(
        [(libc::SYS_mmap, vec![rule])].into(),
        SeccompAction::Allow,
        SeccompAction::Errno(errno.unsigned_abs()),
        TargetArch::x86_64,
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
}

#[test]
fn a_policy_against_mappings_at_a_place_is_no_lack_of_room() {
    for errno in [libc::EPERM, libc::EACCES, libc::ENOMEM] {
        assert!(in_a_child(|| {
            let mut memory = pages();
            refuse_mmap(MapFlags::FIXED_NOREPLACE, errno);
            memory
                .reserve_near(near_tests(), 1)
                .is_err_and(|error| error.is_refusal() && error.step == "mmap")
        }));
    }
}

#[test]
fn a_reservation_that_may_not_become_code_is_given_back() {
    assert!(in_a_child(|| {
        const PR_SET_MDWE: i32 = 65;
        let mut memory = pages();
        // Only there: a sanitizer's allocator maps memory as it goes, elsewhere.
        let near = || {
            let program = near_tests();
            let ranges = mappings().into_iter().map(|(range, _)| range);
            let starts = ranges.map(|range| {
                let start = range.split_once('-').unwrap().0;
                usize::from_str_radix(start, 16).unwrap()
            });
            let near = starts.filter(|start| start.abs_diff(program.start) < REACH);
            near.count()
        };
        let before = near();
        // SAFETY: changes what the child may do, nothing else.
        if unsafe { libc::prctl(PR_SET_MDWE, 1_u64, 0_u64, 0_u64, 0_u64) } != 0 {
            return true; // A kernel before 6.3.
        }
        let refused = (0..10).all(|_| {
            memory
                .reserve_near(near_tests(), 1)
                .is_err_and(|error| error.is_refusal() && error.step == "mprotect")
        });
        refused && near() == before
    }));
}
