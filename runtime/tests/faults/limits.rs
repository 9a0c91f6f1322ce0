//! Resources that are used up.

/// What [`apply`] takes away.
pub(crate) const NAMES: [&str; 7] = [
    "files",
    "address space",
    "/proc",
    "size of files",
    "writable memory",
    "locked memory",
    "memory once written",
];

pub(crate) fn apply(name: &str) {
    match name {
        "files" => limit(libc::RLIMIT_NOFILE, 3),
        "address space" => {
            warm_the_heap();
            let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
            let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
            limit(libc::RLIMIT_AS, pages * 4096);
        }
        // A file in memory is a file: writing to one ends the process with `SIGXFSZ`.
        "size of files" => limit(libc::RLIMIT_FSIZE, 0),
        "writable memory" => {
            warm_the_heap();
            limit(libc::RLIMIT_DATA, 0);
        }
        "locked memory" => lock_memory(),
        "memory once written" => never_executable_once_written(),
        _ => hide_proc(),
    }
}

/// All memory, now and later, with no right to lock more.
fn lock_memory() {
    // SAFETY: changes what of this process is kept in memory, nothing else.
    let locked = unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) };
    assert_eq!(locked, 0);
}

/// As `MemoryDenyWriteExecute` of systemd has it, by the kernel's own means.
fn never_executable_once_written() {
    const PR_SET_MDWE: i32 = 65;
    // SAFETY: changes what the process may do, nothing else.
    let set = unsafe { libc::prctl(PR_SET_MDWE, 1_u64, 0_u64, 0_u64, 0_u64) };
    assert_eq!(set, 0, "Linux 6.3 and later");
}

/// Every further request fails; what there is stays.
fn limit(resource: libc::__rlimit_resource_t, to: u64) {
    let limit = libc::rlimit {
        rlim_cur: to,
        rlim_max: to,
    };
    // SAFETY: reads the structure and changes this process's limit.
    assert_eq!(unsafe { libc::setrlimit(resource, &raw const limit) }, 0);
}

/// Free memory for what every program allocates, kept by a block above it: without
/// any, the standard library aborts, whoever asks.
fn warm_the_heap() {
    let mut blocks: Vec<Vec<u8>> = (0..128).map(|_| vec![1; 1 << 15]).collect();
    std::mem::forget(blocks.pop());
}

/// Moves this process where there is no `/proc`, or refuses to open anything.
fn hide_proc() {
    let empty = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty");
    std::fs::create_dir_all(&empty).unwrap();
    if std::os::unix::fs::chroot(&empty).is_ok() && std::env::set_current_dir("/").is_ok() {
        assert!(!std::path::Path::new("/proc").exists());
    } else {
        super::filter::apply("openat", libc::ENOENT);
    }
}
