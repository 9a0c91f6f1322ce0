//! The system says no: every system call that the runtime makes is refused, from
//! the start and later, in processes of their own.
#![cfg(all(patched, plugins))]

use std::process::Command;
use std::sync::LazyLock;

mod filter;
#[path = "../fixture/mod.rs"]
mod fixture;
mod limits;
mod scene;
#[cfg(feature = "tracing")]
mod told;

static PLUGIN: LazyLock<String> = LazyLock::new(|| {
    let path = fixture::library("static-call-fixture-plugin", &[], "faults");
    path.to_str().unwrap().to_owned()
});

/// Runs an ignored test of this binary alone and returns what it printed.
fn in_a_process(test: &str, variables: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env_remove("STATIC_CALL")
        // All threads' memory comes from the heap. glibc would have some for each, mapped
        // piece by piece where it cannot be had otherwise.
        .env("MALLOC_ARENA_MAX", "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{variables:?}: {}: {said}{complaints}",
        output.status
    );
    said
}

/// The value of a printed line.
fn line<'a>(said: &'a str, name: &str) -> &'a str {
    let mut lines = said.lines();
    lines
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_else(|| panic!("no {name} in {said}"))
}

#[test]
#[ignore = "runs in a process of its own"]
fn a_scene() {
    let variable = |name| std::env::var(name).unwrap();
    let errno = variable("ERRNO").parse().unwrap();
    let refuse = || match variable("REFUSED").as_str() {
        limit if limits::NAMES.contains(&limit) => limits::apply(limit),
        call => filter::apply(call, errno),
    };
    scene::play(
        refuse,
        variable("WHEN") == "later",
        std::env::var("PLUGIN").ok().as_deref(),
    );
}

/// What comes of a refusal.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// Patching goes on by another way.
    GoesOn,
    /// Nothing new is published, and the reason names this.
    Portable(&'static str),
}
use Outcome::{GoesOn, Portable};

/// What is refused, and what comes of it from the start and later.
const CASES: &[(&str, Outcome, Outcome)] = &[
    ("nothing", GoesOn, GoesOn),
    ("memfd_create", GoesOn, GoesOn),
    ("memfd_create as code", GoesOn, GoesOn),
    ("sealing", GoesOn, GoesOn),
    ("write of a page", GoesOn, GoesOn),
    ("mmap as code", GoesOn, GoesOn),
    ("mmap", Portable("mmap"), Portable("mmap")),
    ("mprotect to code", Portable("mprotect"), GoesOn),
    ("mprotect", Portable("mprotect"), GoesOn),
    ("mremap", Portable("mremap"), GoesOn),
    ("munmap", GoesOn, GoesOn),
    ("membarrier", Portable("membarrier"), Portable("membarrier")),
    ("membarrier registration", Portable("membarrier"), GoesOn),
    (
        "membarrier use",
        Portable("membarrier"),
        Portable("membarrier"),
    ),
    ("openat", GoesOn, GoesOn),
    ("all new code", Portable("mprotect"), Portable("mprotect")),
    (
        "both ways to replace",
        Portable("mremap"),
        Portable("mremap"),
    ),
    ("files", GoesOn, GoesOn),
    ("address space", Portable("mmap"), GoesOn),
    ("/proc", GoesOn, GoesOn),
    ("size of files", GoesOn, GoesOn),
    ("writable memory", Portable("mmap"), GoesOn),
    ("locked memory", GoesOn, GoesOn),
    ("memory once written", Portable("mprotect"), GoesOn),
    (
        "both ways and munmap",
        Portable("mremap"),
        Portable("mremap"),
    ),
];

#[test]
fn whatever_the_system_refuses_calls_stay_right_and_the_backend_says_why() {
    assert_eq!(CASES.len(), filter::FILTERS.len() + limits::NAMES.len());
    let mut survived = 0;
    for (refused, first, later) in CASES {
        for (when, expected) in [("first", first), ("later", later)] {
            for errno in [libc::EPERM, libc::EACCES, libc::ENOMEM, libc::ENOSYS] {
                let errno = errno.to_string();
                let variables = [("REFUSED", *refused), ("WHEN", when), ("ERRNO", &errno)];
                let said = in_a_process("a_scene", &variables);
                let backend = line(&said, "backend");
                println!("{refused}, {when}, error {errno}: {backend}");
                #[cfg(feature = "tracing")]
                {
                    let told = usize::from(*expected != GoesOn);
                    assert_eq!(said.matches("told: ").count(), told, "{said}");
                }
                match expected {
                    GoesOn => {
                        assert_eq!(backend, "patching", "{said}");
                        assert_eq!(line(&said, "published after"), "true", "{said}");
                    }
                    Portable(step) => {
                        assert!(
                            backend.starts_with("portable") && backend.contains(step),
                            "{said}"
                        );
                        assert_eq!(line(&said, "published after"), "false", "{said}");
                        assert_eq!(said.contains("refused: "), when == "later", "{said}");
                    }
                }
                survived += 1;
            }
        }
    }
    println!("{survived} faults injected and survived");
}

#[test]
fn a_plugin_that_cannot_be_loaded_is_an_error_and_no_more() {
    for refused in ["openat", "mmap as code", "mmap"] {
        let eacces = libc::EACCES.to_string();
        let variables = [
            ("REFUSED", refused),
            ("WHEN", "later"),
            ("ERRNO", &eacces),
            ("PLUGIN", &PLUGIN),
        ];
        let said = in_a_process("a_scene", &variables);
        println!("{refused}: {}", line(&said, "plugin"));
        assert!(line(&said, "plugin").contains(&*PLUGIN), "{said}");
    }
    let variables = [
        ("REFUSED", "nothing"),
        ("WHEN", "later"),
        ("ERRNO", "1"),
        ("PLUGIN", &PLUGIN),
    ];
    let said = in_a_process("a_scene", &variables);
    assert_eq!(line(&said, "plugin"), "6 constructors", "{said}");
}
