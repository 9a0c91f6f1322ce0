//! What the process has mapped, at every step of the runtime's life: nothing that is
//! writable and executable, no other way to write what is executed, no code beyond
//! what is accounted for.
#![cfg(all(patched, plugins))]

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use static_call::runtime::{self, Backend, Config, Mode, Plugin, State};
use static_call::{Binding, WhenUnloaded, binding, static_call, static_dispatch};
use static_call_fixture_api::{Answer, Filter, Fixed, GAUGE, Gauge, Remote, SPARE};

mod fixture;

#[static_dispatch(targets = 4)]
trait Mapped: Sync {
    fn mapped(&self, x: u64) -> u64;
}

struct Plus<const N: u64>;

impl<const N: u64> Mapped for Plus<N> {
    fn mapped(&self, x: u64) -> u64 {
        x + N
    }
}

impl<const N: u64> Answer for Plus<N> {
    fn answer(&self, x: u64) -> u64 {
        x + N
    }
}

static KINDS: [&dyn Mapped; 4] = [&Plus::<0>, &Plus::<1>, &Plus::<2>, &Plus::<3>];

/// One line of `/proc/self/maps`.
#[derive(Clone, Debug)]
struct Mapping {
    range: Range<usize>,
    access: String,
    path: String,
}

fn mappings() -> Vec<Mapping> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let number = |text: &str| usize::from_str_radix(text, 16).unwrap();
    maps.lines()
        .map(|line| {
            let (range, rest) = line.split_once(' ').unwrap();
            let (start, end) = range.split_once('-').unwrap();
            Mapping {
                range: number(start)..number(end),
                access: rest[..4].to_owned(),
                path: rest.splitn(5, ' ').nth(4).unwrap_or("").trim().to_owned(),
            }
        })
        .collect()
}

/// Mappings looked at, by whichever thread.
static LOOKED_AT: AtomicU64 = AtomicU64::new(0);

/// At any time: nothing is both, and no file of ours is mapped for writing.
fn assert_never_both() {
    for mapping in mappings() {
        let Mapping { access, path, .. } = &mapping;
        assert!(!access.contains("wx"), "{mapping:x?}");
        let ours = path.contains("memfd:static-call");
        assert!(!ours || access == "r-xp", "{mapping:x?}");
        LOOKED_AT.fetch_add(1, Ordering::Relaxed);
    }
}

/// Pages of code, in bytes: of files, and of the runtime's.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Code {
    files: usize,
    ours: usize,
}

impl Code {
    fn all(self) -> usize {
        self.files + self.ours
    }
}

/// At rest: in addition, nothing of ours is open or can be written by any name.
fn look(step: &str) -> Code {
    assert_never_both();
    for file in fs::read_dir("/proc/self/fd").unwrap() {
        let leads_to = fs::read_link(file.unwrap().path()).unwrap_or_default();
        let leads_to = leads_to.to_string_lossy().into_owned();
        assert!(
            !leads_to.contains("static-call"),
            "{step}: {leads_to} is open"
        );
    }
    let mut code = Code { files: 0, ours: 0 };
    let mut sealed = 0;
    for mapping in mappings() {
        let ours = mapping.path.is_empty() || mapping.path.contains("memfd:static-call");
        if mapping.path.contains("memfd:static-call") {
            sealed += u32::from(!can_be_written(&mapping));
        }
        if mapping.access.contains('x') {
            *(if ours {
                &mut code.ours
            } else {
                &mut code.files
            }) += mapping.range.len();
        }
    }
    println!("{step}: {code:?}, {sealed} sealed");
    code
}

/// Tries to write code by the back door that privileged processes have.
fn can_be_written(mapping: &Mapping) -> bool {
    use std::os::unix::fs::FileExt as _;
    let Range { start, end } = mapping.range;
    let name = PathBuf::from(format!("/proc/self/map_files/{start:x}-{end:x}"));
    let file = fs::File::options().write(true).open(name);
    let written = file.is_ok_and(|file| file.write_at(&[0xCC], 0).is_ok());
    assert!(!written, "{mapping:x?} can be written");
    written
}

fn call(round: usize) {
    for x in 0..200_u64 {
        let which = (round + usize::from(x % 3 == 0)) % 4;
        let result = static_call!(KINDS[which].mapped(x));
        assert_eq!(result, x + which as u64);
    }
}

/// New windows, calls, a pass: another chain.
fn round(number: usize, mut calls: impl FnMut(usize)) {
    for mode in [Mode::Off, Mode::Always] {
        let config = Config::default().mode(mode).window(64);
        runtime::configure(config).unwrap();
        runtime::retarget().unwrap();
    }
    calls(number);
    runtime::retarget().unwrap();
    calls(number);
}

/// Loads, makes plans for the plugin's call site, unloads.
fn with_plugin(path: &std::path::Path, rounds: usize) {
    // SAFETY: the fixture shares its types with this file.
    let plugin = unsafe { Plugin::load(path) }.unwrap();
    let filter = plugin.construct::<dyn Filter, u64>("filter", 5).unwrap();
    for number in 0..rounds {
        round(number, |number| {
            let host: &dyn Answer = if number % 2 == 0 {
                &Plus::<7>
            } else {
                &Plus::<9>
            };
            let each = if number % 2 == 0 { 7 } else { 9 };
            assert_eq!(filter.ask(host, 100), (0..100).sum::<u64>() + 100 * each);
        });
    }
    look("a plugin is loaded");
}

static HOSTS: [Fixed; 3] = [Fixed(2), Fixed(3), Fixed(4)];

#[static_dispatch]
trait Level: Send + Sync {
    #[static_dispatch(none = 0)]
    fn level(&self, x: u64) -> u64;
}

impl<const N: u64> Level for Plus<N> {
    fn level(&self, x: u64) -> u64 {
        x + N
    }
}

binding! { static LEVEL: dyn Level = None; }

fn gauges(number: u64) {
    assert_eq!((GAUGE.read(), GAUGE.scaled(3)), (number, number * 3));
}

/// Statics and boxes are bound, overridden, unbound, bound again, and reclaimed.
fn swaps() {
    for fixed in &HOSTS {
        GAUGE.swap(fixed).unwrap();
        gauges(fixed.0);
    }
    let loaded = GAUGE.load();
    for number in 100..110 {
        GAUGE.swap_boxed(Box::new(Fixed(number))).unwrap();
        gauges(number);
        let _override = GAUGE.override_with(&HOSTS[0]);
        gauges(2);
    }
    GAUGE.restore(&loaded).unwrap();
    gauges(4);
    // SAFETY: nobody else calls it, and results are numbers.
    assert_eq!(unsafe { GAUGE.reclaim() }.unwrap(), 10);
    assert_eq!(LEVEL.level(5), 0);
    LEVEL.swap(&Plus::<7>).unwrap();
    assert_eq!(LEVEL.level(5), 12);
    Binding::unbind(&LEVEL).unwrap();
    assert_eq!((LEVEL.level(5), SPARE.number()), (0, 0));
}

/// A plugin's object is bound, seen through the plugin's own copy of the binding,
/// replaced and restored, and the plugin is unloaded with it.
fn with_bound_plugin(path: &std::path::Path) {
    // SAFETY: the fixture shares its types with this file.
    let plugin = unsafe { Plugin::load(path) }.unwrap();
    let remote = plugin.construct::<dyn Remote, ()>("remote", ()).unwrap();
    let gauge = plugin.construct::<dyn Gauge, u64>("gauge", 5).unwrap();
    GAUGE.swap_plugin(gauge, WhenUnloaded::BindDefault).unwrap();
    runtime::retarget().unwrap();
    gauges(1005);
    assert_eq!(remote.read(), (1005, 2010));
    look("a plugin's object is bound");
    let loaded = GAUGE.load();
    GAUGE.swap(&HOSTS[1]).unwrap();
    assert_eq!(remote.read(), (3, 6));
    GAUGE.restore(&loaded).unwrap();
    gauges(1005);
    drop((loaded, remote));
    // SAFETY: nobody is inside, and results are numbers.
    unsafe { plugin.unload() }.unwrap();
    // As it was declared.
    gauges(1);
}

/// Says so when it goes.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
#[ignore = "runs in a process of its own"]
fn a_life() {
    let [plugin, bound] =
        ["PLUGIN", "BOUND"].map(|name| PathBuf::from(std::env::var_os(name).unwrap()));
    let start = look("before anything");
    assert_eq!(start.ours, 0);
    call(0);
    assert_eq!(look("after calls"), start);
    let backend = runtime::backend();
    assert_eq!(look("after the runtime has started"), start);
    if backend != Backend::Patching {
        return println!("nothing is patched here: {backend}");
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        // Also when one of the steps fails, or the scope would wait for ever.
        let _done = Done(&done);
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                assert_never_both();
            }
        });
        // The trampolines' pages, and the program's room for chains, stay its file's.
        (0..4).for_each(|number| round(number, call));
        let first = look("after the first chains");
        assert_eq!(first, start);
        (0..200).for_each(|number| round(number, call));
        assert_eq!(look("after 200 more plans"), first);
        with_plugin(&plugin, 4);
        // The plugin's chains were in the plugin.
        let unloaded = look("after the plugin was unloaded");
        assert_eq!(unloaded, first);
        (0..30).for_each(|_| with_plugin(&plugin, 2));
        assert_eq!(look("after 30 more plugins"), unloaded);
        swaps();
        let swapped = look("after swaps");
        assert_eq!(swapped.all(), unloaded.all());
        (0..30).for_each(|_| swaps());
        assert_eq!(look("after 30 times as many"), swapped);
        let state = |name: &str| {
            let rows = runtime::report().bindings.into_iter();
            let mut rows = rows.filter(|row| row.name == name);
            rows.next().unwrap().state
        };
        assert_eq!([state("GAUGE"), state("LEVEL")], [State::Patched; 2]);
        with_bound_plugin(&bound);
        let unbound = look("after the plugin with what was bound was unloaded");
        assert_eq!(unbound, swapped);
        (0..30).for_each(|_| with_bound_plugin(&bound));
        assert_eq!(look("after 30 more of these"), unbound);
    });
    let before = look("before the failure");
    refuse_barriers();
    let failed = (0..2).map(|number| {
        runtime::configure(Config::default().mode(Mode::Off)).unwrap();
        let mut failed = runtime::retarget().is_err();
        runtime::configure(Config::default().mode(Mode::Always).window(64)).unwrap();
        failed |= runtime::retarget().is_err();
        call(number);
        failed |= runtime::retarget().is_err();
        call(number);
        // By the way at rest, or not at all.
        let before = GAUGE.read();
        let bound = GAUGE.swap(&HOSTS[number]).map(|_| HOSTS[number].0);
        gauges(bound.unwrap_or(before));
        failed
    });
    assert!(failed.fold(false, |any, one| any | one));
    assert_eq!(look("after a failure"), before);
    println!("{} mappings looked at", LOOKED_AT.load(Ordering::Relaxed));
}

fn refuse_barriers() {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    let filter = SeccompFilter::new(
        [(libc::SYS_membarrier, vec![])].into(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM.unsigned_abs()),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter_all_threads(&program).unwrap();
}

#[test]
fn at_every_step_no_code_can_be_written_and_none_is_there_that_is_not_accounted_for() {
    let plugin = fixture::library("static-call-fixture-plugin", &[], "mappings");
    let bound = fixture::library("static-call-fixture-bound", &[], "mappings-bound");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_life", "--ignored", "--nocapture"])
        .env_remove("STATIC_CALL")
        .env("PLUGIN", &plugin)
        .env("BOUND", &bound)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{complaints}"
    );
}
