//! Host and plugins in one process, the plugins built by the test.
#![cfg(plugins)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard};

use static_call::runtime::{self, AdviceKind, Config, Mode, Plugin, PluginBox, PluginError, State};
use static_call::static_call;
use static_call_fixture_api::{Answer, Below, BelowToo, Filter};
use static_call_fixture_unsure as _;

#[path = "support/plugins.rs"]
mod plugins;

use plugins::{build, copy_for, is_mapped};

/// The sites are shared by the tests of this file.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    let guard = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    runtime::configure(Config::default().mode(Mode::Always)).unwrap();
    guard
}

static GOOD: LazyLock<PathBuf> = LazyLock::new(|| build("static-call-fixture-plugin", ""));
static OTHER: LazyLock<PathBuf> = LazyLock::new(|| build("static-call-fixture-plugin", "other"));

fn load(path: &Path) -> Result<Plugin, PluginError> {
    // SAFETY: the fixtures share their types with this file, and their
    // initializers do nothing.
    unsafe { Plugin::load(path) }
}

/// A changed copy of the good plugin.
fn edited(name: &str, edit: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let mut bytes = std::fs::read(&*GOOD).unwrap();
    edit(&mut bytes);
    let path = GOOD.with_file_name(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Makes of a header that the loader can do without one of a second segment of code, behind
/// all others: as in files that BOLT has written.
fn more_code(bytes: &mut [u8]) {
    const LOAD: u32 = 1;
    const EH_FRAME: u32 = 0x6474_E550;
    let word = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let half = |bytes: &[u8], at: usize| u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap());
    let kind = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let first = usize::try_from(word(bytes, 32)).unwrap();
    let count = usize::from(half(bytes, 56));
    let headers: Vec<usize> = (0..count).map(|index| first + index * 56).collect();
    let loaded = headers.iter().filter(|at| kind(bytes, **at) == LOAD);
    let end = loaded.map(|at| word(bytes, at + 16) + word(bytes, at + 40));
    let end = end.max().unwrap().next_multiple_of(0x1000);
    let spare = headers.iter().find(|at| kind(bytes, **at) == EH_FRAME);
    let spare = *spare.expect("linkers write one");
    let (readable, executable) = (4_u64, 1_u64);
    let kind_and_flags = u64::from(LOAD) | (readable | executable) << 32;
    let segment = [kind_and_flags, 0, end, end, 0x1000, 0x1000, 0x1000];
    for (field, value) in segment.into_iter().enumerate() {
        bytes[spare + field * 8..][..8].copy_from_slice(&value.to_le_bytes());
    }
}

struct Host(u64);

impl Answer for Host {
    fn answer(&self, x: u64) -> u64 {
        x + self.0
    }
}

struct Times(u64);

impl Filter for Times {
    fn apply(&mut self, x: u64) -> u64 {
        x.wrapping_mul(self.0)
    }

    fn ask(&self, _: &dyn Answer, _: u64) -> u64 {
        0
    }
}

/// Whether an error is the right one.
type Right = fn(&PluginError) -> bool;

/// The host's call site.
fn apply(filter: &mut dyn Filter, x: u64) -> u64 {
    static_call!(filter.apply(x))
}

fn host_site() -> runtime::SiteReport {
    let mut sites = runtime::sites().into_iter();
    sites.find(|site| site.method == "apply").unwrap()
}

/// Passes until the host's site has a chain with a type of that name in it.
fn retarget_to(name: &str, mut calls: impl FnMut()) {
    for _ in 0..100 {
        calls();
        runtime::retarget().unwrap();
        let site = host_site();
        let mut in_chain = site.targets.iter().filter(|target| target.in_chain);
        if site.state == State::Patched && in_chain.any(|target| target.type_name.contains(name)) {
            return;
        }
    }
    panic!("{name} was never published:\n{}", runtime::report());
}

#[test]
fn plugins_are_loaded_retargeted_called_and_unloaded_1000_times_over() {
    let _alone = alone();
    // Short windows: the rounds count, not the calls in them.
    let config = Config::default().mode(Mode::Always).window(64).misses(64);
    runtime::configure(config).unwrap();
    let (good, other) = (copy_for("rounds", &GOOD), copy_for("rounds", &OTHER));
    let mut own: Box<dyn Filter> = Box::new(Times(3));
    let (mut ranges, mut reused) = ([const { 0..0 }; 2], 0);
    for round in 0..1000_u64 {
        // Two plugins in turn, so that addresses come back with other types.
        let (path, name) = if round % 2 == 0 {
            (&good, "Plus")
        } else {
            (&other, "Other")
        };
        let plugin = load(path).unwrap();
        let mut foreign: PluginBox<dyn Filter> = plugin.construct("filter", round).unwrap();
        // Whatever an older chain leads to at these addresses is the wrong type.
        let (this, that) = if round % 2 == 0 { (0, 1) } else { (1, 0) };
        ranges[this] = mapped(path);
        reused += u32::from(overlap(&ranges[this], &ranges[that]));
        let expected = |x: u64| if round % 2 == 0 { x + round } else { x ^ round };
        drop(plugin);
        retarget_to(name, || {
            for x in 0..80 {
                assert_eq!(apply(&mut *foreign, x), expected(x));
                assert_eq!(apply(&mut *own, x), x * 3);
            }
        });
        if round == 0 {
            // Only the host's own can be inlined there.
            let advice = runtime::advise();
            let mut listed = advice
                .iter()
                .filter(|one| one.kind() == AdviceKind::List && one.what() == "Filter::apply");
            let listed = listed.next().map(runtime::Suggestion::types);
            let is_own = |types: &[String]| types.len() == 1 && types[0].contains("Times");
            assert!(listed.is_some_and(is_own), "{advice}");
        }
        let misses = host_site().misses;
        for x in 0..100 {
            assert_eq!(apply(&mut *foreign, x), expected(x));
        }
        assert_eq!(host_site().misses, misses, "{}", runtime::report());
        assert!(is_mapped(path));
        drop(foreign);
        assert!(
            !is_mapped(path),
            "round {round}: the plugin was not unloaded"
        );
        let stale = host_site().targets;
        assert!(
            !stale.iter().any(|target| target.type_name.contains(name)),
            "{stale:?}"
        );
        for x in 0..50 {
            assert_eq!(apply(&mut *own, x), x * 3);
        }
    }
    // A sanitizer maps memory in between, so that every plugin lies somewhere else.
    assert!(
        reused > 0 || cfg!(sanitized),
        "no address was ever reused: {ranges:x?}"
    );
    let report = runtime::report();
    println!(
        "1000 rounds: {reused} times a type where the other was before; {} chains outside of \
         trampolines, {} bytes",
        report.chains, report.chain_bytes
    );
}

/// Where the file is mapped, from its first page to its last.
fn mapped(path: &Path) -> std::ops::Range<usize> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let of_file = maps
        .lines()
        .filter(|line| line.ends_with(path.to_str().unwrap()));
    let address = |digits| usize::from_str_radix(digits, 16).unwrap();
    let ranges = of_file.map(|line| line.split(' ').next().unwrap().split_once('-').unwrap());
    ranges
        .map(|(start, end)| address(start)..address(end))
        .reduce(|all, one| all.start.min(one.start)..all.end.max(one.end))
        .unwrap()
}

fn overlap(one: &std::ops::Range<usize>, other: &std::ops::Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

#[test]
fn a_plugins_own_call_sites_are_retargeted_by_the_host() {
    let _alone = alone();
    let plugin = load(&GOOD).unwrap();
    let filter: PluginBox<dyn Filter> = plugin.construct("filter", 1_u64).unwrap();
    let sum = |host: u64| (0..1500).map(|x| x + host).sum::<u64>();
    let plugins_site = || {
        let mut sites = runtime::sites().into_iter();
        sites
            .find(|site| site.plugin.is_some() && site.method == "answer")
            .unwrap()
    };
    // Opens the window.
    runtime::retarget().unwrap();
    assert_eq!(filter.ask(&Host(5), 1500), sum(5));
    runtime::retarget().unwrap();
    let site = plugins_site();
    assert_eq!(site.state, State::Patched, "{}", runtime::report());
    assert!(site.targets[0].type_name.ends_with("Host"));
    assert_eq!(filter.ask(&Host(7), 1500), sum(7));
    assert_eq!(plugins_site().misses, 0);
}

#[test]
fn rows_of_a_plugin_whose_calls_cannot_be_patched_as_the_hosts_are_say_so() {
    let _alone = alone();
    let unpatched = build("static-call-fixture-unpatched", "");
    let plugin = load(&unpatched).unwrap();
    let filter: PluginBox<dyn Filter> = plugin.construct("filter", 1_u64).unwrap();
    for round in 0..4 {
        assert_eq!(
            filter.ask(&Host(round), 10),
            (0..10).sum::<u64>() + 10 * round
        );
        runtime::retarget().unwrap();
    }
    let mut sites = runtime::sites().into_iter();
    let of_plugin = sites.find(|site| site.plugin.is_some() && site.method == "answer");
    let of_plugin = of_plugin.unwrap();
    assert_eq!(of_plugin.state, State::Plain);
    let words = "the plugin was built without `patching`, and this program with it";
    assert!(of_plugin.why.contains(words), "{}", runtime::report());
}

#[test]
fn a_plugins_copy_of_the_runtime_leaves_everything_to_the_hosts() {
    let _alone = alone();
    let plugin = load(&copy_for("copy", &GOOD)).unwrap();
    let filter: PluginBox<dyn Filter> = plugin.construct("filter", 1_u64).unwrap();
    let passes = runtime::report().passes;
    // Two engines that patched the same trampolines would undo each other's work.
    let sites = filter.ask(&Host(0), 0);
    assert_eq!(sites, runtime::sites().len() as u64);
    assert_eq!(runtime::report().passes, passes + 1);
}

#[test]
fn the_same_plugin_twice_is_one_plugin() {
    let _alone = alone();
    let path = copy_for("twice", &GOOD);
    let first = load(&path).unwrap();
    let sites = runtime::sites().len();
    let second = load(&path).unwrap();
    assert_eq!(runtime::sites().len(), sites);
    drop(first);
    assert!(is_mapped(&path));
    assert_eq!(
        second.constructors().take(2).collect::<Vec<_>>(),
        ["filter", "panics"]
    );
    drop(second);
    assert!(!is_mapped(&path));
}

/// Its call site goes through windows, whose profiles are the host's from the second on,
/// and is left with one open.
fn open_windows_at_the_plugins_site(filter: &dyn Filter) {
    for calls in [100, 100, 10] {
        for mode in [Mode::Off, Mode::Always] {
            let config = Config::default().mode(mode).window(64);
            runtime::configure(config).unwrap();
            runtime::retarget().unwrap();
        }
        let sum = (0..calls).map(|x| x + 5).sum::<u64>();
        assert_eq!(filter.ask(&Host(5), calls), sum);
        runtime::retarget().unwrap();
    }
}

#[test]
fn a_plugin_that_is_in_use_is_not_taken_for_damaged_when_it_is_loaded_again() {
    let _alone = alone();
    let path = copy_for("again", &GOOD);
    let first = load(&path).unwrap();
    let filter: PluginBox<dyn Filter> = first.construct("filter", 1_u64).unwrap();
    let sites = runtime::sites().len();
    for _ in 0..4 {
        open_windows_at_the_plugins_site(&*filter);
        let second = load(&path).expect("it is the same plugin");
        assert_eq!(runtime::sites().len(), sites);
        drop(second);
    }
    drop((first, filter));
    assert!(!is_mapped(&path));
}

#[test]
fn a_plugin_whose_library_somebody_else_keeps_is_loaded_again_as_if_it_were_new() {
    let _alone = alone();
    let path = copy_for("kept", &GOOD);
    // SAFETY: the fixture's initializers do nothing.
    let kept = unsafe { libloading::Library::new(&path) }.unwrap();
    let sites = runtime::sites().len();
    for round in 0..4_u64 {
        let plugin = load(&path).unwrap();
        let filter: PluginBox<dyn Filter> = plugin.construct("filter", round).unwrap();
        open_windows_at_the_plugins_site(&*filter);
        drop((plugin, filter));
        assert!(is_mapped(&path), "somebody else keeps it");
        assert_eq!(runtime::sites().len(), sites);
    }
    drop(kept);
    assert!(!is_mapped(&path));
}

#[test]
fn a_plugin_that_another_thread_is_letting_go_can_be_loaded_again() {
    let _alone = alone();
    let path = copy_for("letting-go", &GOOD);
    let sites = runtime::sites().len();
    let config = Config::default().mode(Mode::Always).window(64);
    runtime::configure(config).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                runtime::retarget().unwrap();
            }
        });
        let loaders = [0_u64, 1].map(|which| {
            let path = &path;
            scope.spawn(move || {
                for round in 0..200_u64 {
                    let plugin = load(path).map_err(|error| error.to_string())?;
                    let filter = plugin.construct::<dyn Filter, u64>("filter", round);
                    let filter = filter.map_err(|error| error.to_string())?;
                    assert_eq!(filter.ask(&Host(which), 100), 4950 + 100 * which);
                    // The object may be the last to go, or the plugin.
                    if round % 2 == 0 {
                        drop((plugin, filter));
                    } else {
                        drop((filter, plugin));
                    }
                }
                Ok::<_, String>(())
            })
        });
        let loaders = loaders.map(|one| one.join().unwrap());
        done.store(true, Ordering::Relaxed);
        assert_eq!(loaders, [Ok(()), Ok(())]);
    });
    assert!(!is_mapped(&path));
    assert_eq!(runtime::sites().len(), sites);
}

#[test]
fn each_misfit_is_refused_with_an_error_of_its_own_and_the_host_is_unharmed() {
    let _alone = alone();
    let replace = |from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        move |bytes: &mut Vec<u8>| {
            assert_eq!(from.len(), to.len());
            let header = find(bytes, b"static-call v1\r\n");
            let at = header + find(&bytes[header..], from.as_bytes());
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    };
    let missing = GOOD.with_file_name("missing.so");
    let changed = build("static-call-fixture-plugin", "changed");
    let bare = build("static-call-fixture-bare", "");
    let text = edited("text.so", |bytes| *bytes = b"not a library".to_vec());
    let rustc = edited("rustc.so", replace("rustc ", "ructs "));
    let version = edited("version.so", replace("0.1.0", "9.1.0"));
    let foreign = edited("foreign.so", |bytes| bytes[18] = 0xB7);
    let header_only = edited("header.so", |bytes| bytes.truncate(32));
    let program = std::env::current_exe().unwrap();

    let moved = edited("moved.so", |bytes| more_code(bytes));

    let cases: [(&Path, Right, &str); 9] = [
        (
            &moved,
            |e| matches!(e, PluginError::Load { .. }),
            "was moved after it was linked",
        ),
        (
            &missing,
            |e| matches!(e, PluginError::Open { .. }),
            "cannot read",
        ),
        (
            &text,
            |e| matches!(e, PluginError::NotALibrary { .. }),
            "not an ELF file",
        ),
        (
            &foreign,
            |e| matches!(e, PluginError::NotALibrary { .. }),
            "Aarch64",
        ),
        (
            &header_only,
            |e| matches!(e, PluginError::Truncated { .. }),
            "truncated",
        ),
        (
            &bare,
            |e| matches!(e, PluginError::NoManifest { .. }),
            "export_plugin!",
        ),
        (&rustc, |e| matches!(e, PluginError::Rustc { .. }), "ructs "),
        (
            &version,
            |e| matches!(e, PluginError::Version { .. }),
            "9.1.0",
        ),
        (
            &changed,
            |e| matches!(e, PluginError::Trait { .. }),
            "Filter` differs: `changed` is annotated in the plugin only; version",
        ),
    ];
    let sites = runtime::sites().len();
    for (path, right, word) in cases {
        let error = load(path).unwrap_err();
        let text = error.to_string();
        assert!(right(&error), "{}: {error:?}", path.display());
        assert!(text.contains(word), "{text}");
        assert!(text.contains(path.to_str().unwrap()), "{text}");
        assert!(!text.contains('\n'), "{text}");
        assert!(!is_mapped(path), "{text}");
    }
    assert!(matches!(
        load(&program).unwrap_err(),
        PluginError::NoManifest { .. } | PluginError::NotALibrary { .. }
    ));
    assert_eq!(runtime::sites().len(), sites);
    let mut own: Box<dyn Filter> = Box::new(Times(2));
    assert_eq!(apply(&mut *own, 21), 42);
}

#[test]
fn constructors_are_typed_and_their_panics_are_errors() {
    let _alone = alone();
    let plugin = load(&GOOD).unwrap();
    let unknown = plugin.construct::<dyn Filter, u64>("flter", 1).unwrap_err();
    assert!(
        unknown.to_string().contains("it has filter, panics"),
        "{unknown}"
    );
    let signature = plugin
        .construct::<dyn Filter, u32>("filter", 1)
        .unwrap_err();
    assert!(
        matches!(signature, PluginError::Signature { .. }),
        "{signature}"
    );
    let other = plugin
        .construct::<dyn Answer, u64>("filter", 1)
        .unwrap_err();
    assert!(matches!(other, PluginError::Signature { .. }), "{other}");
    let panicked = plugin
        .construct::<dyn Filter, ()>("panics", ())
        .unwrap_err();
    assert!(
        panicked.to_string().contains("no filter today"),
        "{panicked}"
    );
}

#[test]
fn the_file_that_was_checked_is_the_one_that_the_loader_is_given() {
    unsafe extern "C" fn note(
        info: *mut libc::dl_phdr_info,
        _: libc::size_t,
        names: *mut libc::c_void,
    ) -> libc::c_int {
        // SAFETY: the loader's list of objects, each with a name, and the vector below.
        unsafe {
            let name = std::ffi::CStr::from_ptr((*info).dlpi_name);
            let names = &mut *names.cast::<Vec<String>>();
            names.push(name.to_string_lossy().into_owned());
        }
        0
    }
    let _alone = alone();
    let path = copy_for("descriptor", &GOOD);
    let plugin = load(&path).unwrap();
    let mut names: Vec<String> = Vec::new();
    // SAFETY: `note` is such a function, and the vector is there.
    unsafe { libc::dl_iterate_phdr(Some(note), (&raw mut names).cast()) };
    let own = format!("/proc/{}/fd/", std::process::id());
    let found = names.iter().filter(|name| name.starts_with(&own));
    let found: Vec<_> = found
        .map(std::fs::canonicalize)
        .map(Result::unwrap)
        .collect();
    let wanted = std::fs::canonicalize(&path).unwrap();
    assert!(found.contains(&wanted), "{names:?}");
    // Where the system says what is mapped, it is the file.
    assert!(is_mapped(&path));
    assert_eq!(plugin.path(), path);
}

#[test]
fn lifetimes_that_names_do_not_show_are_no_way_around_a_constructors_types() {
    // Both are `fn(fn(&'_ str))`; the first may keep what it is called with.
    type Keeps = for<'a> fn(fn(&'a str));
    fn keeps<'a>(_: fn(&'a str)) {}
    type Takes = fn(for<'a> fn(&'a str));
    let _alone = alone();
    let plugin = load(&GOOD).unwrap();
    let mut filter = plugin
        .construct::<dyn Filter, &'static str>("length", "four")
        .unwrap();
    assert_eq!(filter.apply(1), 5);
    let names = [
        std::any::type_name::<Keeps>(),
        std::any::type_name::<Takes>(),
    ];
    assert_eq!(names[0], names[1]);
    let refused = plugin
        .construct::<dyn Filter, Keeps>("calls back", keeps)
        .unwrap_err();
    assert!(
        matches!(refused, PluginError::Signature { .. })
            && refused.to_string().contains("for any lifetime"),
        "{refused}"
    );
    let made = plugin.construct::<dyn Filter, Takes>("calls back", |_| {});
    assert_eq!(made.unwrap().apply(1), 1);
}

#[test]
fn a_plugin_whose_supertrait_has_another_method_is_refused_though_nobody_annotated_that() {
    let _alone = alone();
    let plugin = load(&GOOD).unwrap();
    let below: PluginBox<dyn Below> = plugin.construct("below", 7_u64).unwrap();
    assert_eq!((below.named(), below.below()), (7, 8));
    let too: PluginBox<dyn BelowToo<u64>> = plugin.construct("below too", 7_u64).unwrap();
    assert_eq!((too.named(), too.below(3)), (7, 10));
    drop((below, too, plugin));

    let other = build("static-call-fixture-plugin", "supertrait");
    let error = load(&other).unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(&error, PluginError::Trait { name, .. } if name.ends_with("::Below"))
            && text.contains("2 vtable entries of supertraits")
            && text.contains("1 vtable entry of supertraits"),
        "{text}"
    );
    assert!(!is_mapped(&other));

    // Of a generic trait, which has many object types, when one of them is made.
    let generic = load(&build("static-call-fixture-plugin", "generic")).unwrap();
    let error = generic
        .construct::<dyn BelowToo<u64>, u64>("below too", 7)
        .unwrap_err();
    assert!(
        matches!(&error, PluginError::Trait { name, .. } if name.contains("BelowToo<u64>")),
        "{error}"
    );
}

#[test]
fn a_plugin_whose_static_key_begins_otherwise_is_refused() {
    let _alone = alone();
    let error = load(&build("static-call-fixture-plugin", "key")).unwrap_err();
    let right = matches!(
        &error,
        PluginError::StaticKeyValue { name, plugin: true, .. } if name.ends_with("::NOISY")
    );
    assert!(right, "{error}");
}

#[test]
fn a_plugin_with_a_trait_whose_supertrait_cannot_be_compared_is_refused() {
    let _alone = alone();
    let plugin = build("static-call-fixture-plugin", "unsure");
    let error = load(&plugin).unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(
            &error,
            PluginError::Supertrait { name, supertrait, .. }
                if name == "static_call_fixture_unsure::Unsure" && supertrait == "Named"
        ) && text.contains("unsafe(same_supertraits)"),
        "{text}"
    );
    assert!(!is_mapped(&plugin));
}

#[test]
fn an_object_of_the_hosts_own_fits_into_a_plugin_box() {
    let mut own: PluginBox<dyn Filter> = (Box::new(Times(4)) as Box<dyn Filter>).into();
    assert!(!own.is_foreign());
    assert_eq!(own.apply(2), 8);
}

fn find(bytes: &[u8], text: &[u8]) -> usize {
    let mut windows = bytes.windows(text.len());
    windows.position(|window| window == text).unwrap()
}
