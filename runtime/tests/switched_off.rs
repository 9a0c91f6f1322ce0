//! Switched off, the library never touches executable memory: a process that does
//! is killed by the kernel.
//!
//! Built without the feature `patching`, that holds in every mode; CI runs this file
//! so as well.
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output};

use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpOp::MaskedEq;
use seccompiler::{BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule};
use static_call::runtime::{self, Backend, Config, Mode, State};
use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 2)]
trait Quiet {
    fn quiet(&self, x: u64) -> u64;
}

struct Plus<const N: u64>;

impl<const N: u64> Quiet for Plus<N> {
    fn quiet(&self, x: u64) -> u64 {
        x + N
    }
}

/// Has the kernel kill this process if it makes memory executable, makes a file in
/// memory, moves a mapping, or asks for a barrier.
fn forbid_code() {
    let executable = libc::PROT_EXEC.unsigned_abs().into();
    let condition = || SeccompCondition::new(2, Dword, MaskedEq(executable), executable);
    let rule = || vec![SeccompRule::new(vec![condition().unwrap()]).unwrap()];
    let rules = [
        (libc::SYS_mmap, rule()),
        (libc::SYS_mprotect, rule()),
        (libc::SYS_pkey_mprotect, rule()),
        (libc::SYS_mremap, vec![]),
        (libc::SYS_memfd_create, vec![]),
        (libc::SYS_membarrier, vec![]),
    ];
    let filter = SeccompFilter::new(
        rules.into(),
        SeccompAction::Allow,
        SeccompAction::KillProcess,
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter_all_threads(&program).unwrap();
}

/// Mappings that are executable, and all that are of files in memory.
fn code() -> Vec<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let lines = maps.lines().map(str::to_owned);
    lines
        .filter(|line| line.split(' ').nth(1).unwrap().contains('x') || line.contains("memfd"))
        .collect()
}

#[test]
#[ignore = "runs in a process of its own"]
fn a_program_that_may_not_make_code() {
    let before = code();
    forbid_code();
    let objects: [&dyn Quiet; 3] = [&Plus::<1>, &Plus::<2>, &Plus::<3>];
    let (mut calls, mut passes) = (0, 0);
    for mode in [Mode::Auto, Mode::Always, Mode::Off, Mode::Always] {
        runtime::configure(Config::default().mode(mode).window(64)).unwrap();
        for _ in 0..10 {
            for x in 0..1200 {
                let which = x % 3;
                let result = static_call!(objects[which].quiet(x as u64));
                assert_eq!(result, x as u64 + which as u64 + 1);
                calls += 1;
            }
            let outcome = runtime::retarget().unwrap();
            assert_eq!(outcome.published, 0);
            passes += 1;
        }
    }
    runtime::register(objects[0]);
    let site = &runtime::sites()[0];
    // The default mode pays its first window from a share of the time, and may not have yet.
    let is_auto = std::env::var("STATIC_CALL").is_ok_and(|mode| mode == "auto");
    let is_plain = match site.state {
        State::Plain => true,
        State::Idle | State::Learning => is_auto,
        _ => false,
    };
    assert!(is_plain, "{site:?}");
    let Backend::Portable { reason } = runtime::backend() else {
        panic!("it claims to patch");
    };
    assert_eq!(code(), before);
    println!(
        "{calls} calls, {passes} passes, {} mappings of code, {reason}",
        before.len()
    );
}

fn in_a_process(mode: Option<&str>) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "a_program_that_may_not_make_code"])
        .args(["--ignored", "--nocapture"])
        .env_remove("STATIC_CALL")
        .envs(mode.map(|mode| ("STATIC_CALL", mode)));
    command.output().unwrap()
}

fn assert_quiet(output: &Output, reason: &str) {
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    assert!(
        output.status.success(),
        "{}: {said}{complaints}",
        output.status
    );
    assert!(said.contains("1 passed") && said.contains(reason), "{said}");
}

#[test]
fn off_in_the_environment_no_memory_becomes_code() {
    let reason = if cfg!(feature = "patching") {
        "`STATIC_CALL=off`"
    } else {
        ""
    };
    assert_quiet(&in_a_process(Some("off")), reason);
}

#[test]
fn without_the_feature_no_memory_becomes_code_in_any_mode() {
    for mode in [None, Some("auto"), Some("always")] {
        let output = in_a_process(mode);
        if cfg!(feature = "patching") {
            // Else the kernel would not notice anything.
            assert_eq!(output.status.signal(), Some(libc::SIGSYS), "{output:?}");
        } else {
            assert_quiet(&output, "without the feature `patching`");
        }
    }
}
