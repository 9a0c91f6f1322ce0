//! What the threads share, and what they have done.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use static_call::runtime;

use crate::objects::{Foreign, KINDS, Object, one_of_each};
use crate::plugins;

/// Counters, by what is counted.
pub(crate) const COUNTED: [&str; 14] = [
    "calls checked",
    "calls into and out of plugins",
    "passes",
    "chains published",
    "configurations",
    "registrations",
    "plugins loaded",
    "plugins refused",
    "objects of plugins",
    "reports",
    "mappings seen",
    "children",
    "bound calls checked",
    "swaps",
];

pub(crate) struct World {
    pub(crate) done: AtomicBool,
    pub(crate) objects: [Object; KINDS],
    /// Objects of plugins that nobody is calling just now.
    pub(crate) foreign: Mutex<Vec<Foreign>>,
    /// Two plugins, and a file that is half of one.
    pub(crate) plugins: [PathBuf; 3],
    counts: [AtomicU64; COUNTED.len()],
}

/// What must be as before when all plugins are gone.
#[derive(PartialEq, Debug)]
pub(crate) struct State {
    sites: usize,
    files: usize,
    mapped: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        let package = "static-call-fixture-plugin";
        let plus = plugins::build(package, "");
        let half = plugins::copy_for("half", &plus);
        let length = std::fs::metadata(&half).unwrap().len();
        let file = std::fs::File::options().write(true).open(&half).unwrap();
        file.set_len(length / 2).unwrap();
        World {
            done: AtomicBool::new(false),
            objects: one_of_each(),
            foreign: Mutex::new(Vec::new()),
            plugins: [plus, plugins::build(package, "other"), half],
            counts: [const { AtomicU64::new(0) }; COUNTED.len()],
        }
    }

    pub(crate) fn count(&self, what: &str, by: u64) {
        let index = COUNTED.iter().position(|one| *one == what);
        self.counts[index.expect("it is counted")].fetch_add(by, Ordering::Relaxed);
    }

    /// Runs `work` on the objects of plugins that nobody is calling.
    pub(crate) fn foreign<R>(&self, work: impl FnOnce(&mut Vec<Foreign>) -> R) -> R {
        work(&mut self.foreign.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn let_the_plugins_go(&self) {
        self.foreign(Vec::clear);
    }

    pub(crate) fn state(&self) -> State {
        State {
            sites: runtime::sites().len(),
            files: std::fs::read_dir("/proc/self/fd").unwrap().count(),
            mapped: self.plugins.iter().any(|path| plugins::is_mapped(path)),
        }
    }

    /// Nothing was left out; without patching, no chains.
    pub(crate) fn assert_all_was_done(&self, patching: bool) {
        for (what, count) in COUNTED.iter().zip(&self.counts) {
            let some = count.load(Ordering::Relaxed) > 0;
            assert!(
                some || (*what == "chains published" && !patching),
                "no {what}"
            );
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = COUNTED.iter().zip(&self.counts);
        let each = counts.map(|(what, count)| format!("{} {what}", count.load(Ordering::Relaxed)));
        formatter.write_str(&each.collect::<Vec<_>>().join(", "))
    }
}

/// How many mappings there are; panics if one is writable and executable.
pub(crate) fn mappings() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    for line in maps.lines() {
        let access = line.split(' ').nth(1).unwrap();
        assert!(!access.contains("wx"), "{line}");
    }
    maps.lines().count()
}
