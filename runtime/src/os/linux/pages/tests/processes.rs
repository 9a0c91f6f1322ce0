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
fn refuse_mmap(flags: libc::c_int, errno: i32) {
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule,
    };
    let flags = u64::from(flags.cast_unsigned());
    let (length, operator) = (SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(flags));
    let condition = SeccompCondition::new(3, length, operator, flags).unwrap();
    let rule = SeccompRule::new(vec![condition]).unwrap();
    let filter = SeccompFilter::new(
        [(libc::SYS_mmap, vec![rule])].into(),
        SeccompAction::Allow,
        SeccompAction::Errno(errno.unsigned_abs()),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
}

#[test]
fn a_policy_against_mappings_at_a_place_is_no_lack_of_room() {
    for errno in [libc::EPERM, libc::EACCES, libc::ENOMEM] {
        assert!(in_a_child(|| {
            let mut memory = pages();
            refuse_mmap(libc::MAP_FIXED_NOREPLACE, errno);
            memory
                .reserve_near(near_tests(), 1)
                .is_err_and(|error| error.is_refusal() && error.step == "mmap")
        }));
    }
}

#[test]
fn a_limit_for_files_is_an_error_and_no_signal() {
    assert!(in_a_child(|| {
        let limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: changes what the child may do, nothing else.
        let set = unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) };
        assert_eq!(set, 0);
        let refused = mapping::sealed_file(&[0; 4096]).is_err_and(|error| error.step == "write");
        // SAFETY: asks for the child's signals that wait.
        let waits = unsafe {
            let mut pending = std::mem::zeroed::<libc::sigset_t>();
            libc::sigpending(&raw mut pending);
            libc::sigismember(&raw const pending, libc::SIGXFSZ) == 1
        };
        let mut memory = pages();
        let at = memory.reserve_near(near_tests(), 1).unwrap().start;
        // SAFETY: the region is fresh and nobody executes it.
        let replaced = unsafe { memory.replace(&[Edit { at, bytes: &[0x90] }]) };
        refused && !waits && replaced.is_ok()
    }));
}

/// Has the kernel refuse one system call with these bits in an argument, from now on.
fn refuse(number: libc::c_long, argument: u8, has: u64) {
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule,
    };
    let operator = SeccompCmpOp::MaskedEq(has);
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, has);
    let rule = SeccompRule::new(vec![condition.unwrap()]).unwrap();
    let filter = SeccompFilter::new(
        [(number, vec![rule])].into(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EACCES.unsigned_abs()),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
}

#[allow(clippy::cast_sign_loss, reason = "flags")]
const REFUSALS: [(&str, libc::c_long, u8, u64); 5] = [
    (
        "to move aside",
        libc::SYS_mremap,
        3,
        libc::MREMAP_DONTUNMAP as u64,
    ),
    ("to write", libc::SYS_mprotect, 2, libc::PROT_WRITE as u64),
    ("to execute", libc::SYS_mprotect, 2, libc::PROT_EXEC as u64),
    (
        "to move back",
        libc::SYS_mremap,
        3,
        libc::MREMAP_FIXED as u64,
    ),
    ("to take back", libc::SYS_munmap, 0, 0),
];

/// What a page's two keys are after the second was to be set and a step was refused.
fn keys_after(refused: &[usize], copies: bool) -> bool {
    let text = own::Text::new(32);
    let mut memory = pages();
    let keys = [text.page(7) + 64, text.page(7) + 128];
    let apart = text.page(20);
    let set = |memory: &mut Pages, keys: &[usize]| {
        let edits: Vec<_> = keys.iter().map(|&at| Edit { at, bytes: &[1; 5] }).collect();
        own::replace(memory, &edits)
    };
    set(&mut memory, &keys[..1]).unwrap();
    for &index in refused {
        let (_, number, argument, has) = REFUSALS[index];
        refuse(number, argument, has);
    }
    if !copies {
        refuse(libc::SYS_memfd_create, 0, 0);
        refuse(
            libc::SYS_mmap,
            3,
            u64::from(libc::MAP_PRIVATE.cast_unsigned()),
        );
    }
    let result = set(&mut memory, &[keys[1], apart]);
    let now = [keys[0], keys[1], apart].map(|at| text.byte(at));
    let said = match &result {
        Ok(()) => [1, 1, 1],
        // None of ours is left, and it says so.
        Err(error) if error.at_rest.contains(&keys[0]) => [0x90; 3],
        Err(_) => [1, 0x90, 0x90],
    };
    let mut all = own::executable(&text);
    all &= now == said && (!copies || result.is_ok());
    if !all {
        println!("{refused:?}, copies {copies}: {now:x?}, {result:?}");
    }
    all
}

#[test]
fn whatever_is_refused_while_a_page_is_aside_it_ends_executable_and_what_it_holds_is_said() {
    let mut cases: Vec<Vec<usize>> = (0..REFUSALS.len()).map(|index| vec![index]).collect();
    cases.extend([vec![1, 3], vec![2, 3], vec![2, 4], vec![3, 4]]);
    // A sanitizer's allocator is refused, too, where no copy can be mapped.
    let ways: &[bool] = if cfg!(sanitized) {
        &[true]
    } else {
        &[true, false]
    };
    for case in &cases {
        for &copies in ways {
            println!("{case:?}, copies {copies}");
            assert!(
                in_a_child(|| keys_after(case, copies)),
                "{case:?}, {copies}"
            );
        }
    }
}

#[cfg_attr(sanitized, ignore = "the sanitizer's own memory cannot be locked")]
#[test]
fn where_memory_is_locked_pages_are_copied_and_nothing_is_unlocked() {
    let text = own::Text::new(32);
    let mut memory = pages();
    let keys = [3, 20].map(|number| text.page(number));
    let set = |memory: &mut Pages, at| own::replace(memory, &[Edit { at, bytes: &[1; 5] }]);
    set(&mut memory, keys[0]).unwrap();
    assert!(in_a_child(|| {
        // SAFETY: changes what of the child is kept in memory, nothing else.
        if unsafe { libc::mlockall(libc::MCL_CURRENT) } != 0 {
            return true; // Not allowed: then nothing can be locked.
        }
        let locked = || {
            let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
            let place = format!("{:x}-", text.page(4));
            let mut lines = smaps.lines().skip_while(|line| !line.starts_with(&place));
            let flags = lines.find(|line| line.starts_with("VmFlags"));
            flags.is_some_and(|flags| flags.contains(" lo"))
        };
        set(&mut memory, keys[0]).unwrap();
        let first = locked();
        set(&mut memory, keys[1]).unwrap();
        first && locked() && keys.map(|at| memory.ledger().came(at)) == [Some(Came::Copied); 2]
    }));
}

#[test]
fn a_mapping_that_is_sealed_is_left_as_it_is_with_an_error() {
    const SYS_MSEAL: libc::c_long = 462;
    assert!(in_a_child(|| {
        let text = own::Text::new(8);
        let mut memory = pages();
        let (at, length) = (text.page(0), 8 * 4096_usize);
        // SAFETY: takes the right to change this mapping, for the child's life.
        if unsafe { libc::syscall(SYS_MSEAL, at, length, 0) } != 0 {
            std::mem::forget(text);
            return true; // A kernel before 6.10.
        }
        let edits = [3, 5].map(|number| Edit {
            at: text.page(number),
            bytes: &[1; 5],
        });
        let refused = own::replace(&mut memory, &edits).is_err_and(|error| {
            error.is_refusal() && error.applied == 0 && error.at_rest.is_empty()
        });
        let as_it_was = [3, 5].map(|number| text.byte(text.page(number))) == [0x90; 2];
        let executable = own::executable(&text);
        std::mem::forget(text);
        refused && as_it_was && executable
    }));
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
