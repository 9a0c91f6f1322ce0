//! Resources that are used up.

/// What [`apply`] takes away.
pub(crate) const NAMES: [&str; 3] = ["files", "address space", "/proc"];

pub(crate) fn apply(name: &str) {
    match name {
        "files" => limit(libc::RLIMIT_NOFILE, 3),
        "address space" => {
            warm_the_heap();
            let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
            let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
            limit(libc::RLIMIT_AS, pages * 4096);
        }
        _ => hide_proc(),
    }
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
