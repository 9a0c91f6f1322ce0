//! Vtables in a library that somebody else loads and unloads.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use libloading::Library;
use static_call::runtime::{self, Config, Mode, State};
use static_call::static_call;
use static_call_fixture_api::{Answer, Filter, Fixed, GAUGE, Gauge};

use crate::fixture::build;

/// The fixture, built once.
pub(crate) static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins");
    let mut cargo = Command::new(env!("CARGO"));
    let package = "static-call-fixture-stranger";
    cargo
        .args(["build", "--quiet", "--package", package, "--target-dir"])
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        // As the plugins' tests do, so that what they built can be used.
        .env("CARGO_PROFILE_DEV_STRIP", "debuginfo")
        .env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo");
    let folder = build::like_this_test(&mut cargo);
    assert!(
        cargo.status().unwrap().success(),
        "the fixture does not build"
    );
    target
        .join(folder)
        .join("libstatic_call_fixture_stranger.so")
});

type Make = unsafe extern "C" fn(*mut *mut dyn Filter, u64);
type Unmake = unsafe extern "C" fn(*const *mut dyn Filter);

/// A library that the runtime does not know of.
pub(crate) struct Stranger {
    path: PathBuf,
    library: Option<Library>,
    filter: *mut dyn Filter,
}

impl Stranger {
    /// Loads a copy of the fixture under a name of its own.
    pub(crate) fn load(name: &str, factor: u64) -> Self {
        let path = BUILT.with_file_name(format!("{name}-{}.so", std::process::id()));
        fs::copy(&*BUILT, &path).unwrap();
        // SAFETY: the fixture's initializers do nothing here, and its functions have
        // these types.
        let (library, filter) = unsafe {
            let library = Library::new(&path).unwrap();
            let make = library.get::<Make>(b"static_call_test_stranger").unwrap();
            let mut filter: *mut dyn Filter = std::ptr::NonNull::<Own>::dangling().as_ptr();
            make(&raw mut filter, factor);
            (library, filter)
        };
        Stranger {
            path,
            library: Some(library),
            filter,
        }
    }

    pub(crate) fn filter(&mut self) -> &mut dyn Filter {
        // SAFETY: the library is loaded as long as `self` lives.
        unsafe { &mut *self.filter }
    }

    fn vtable(&self) -> usize {
        // SAFETY: a pointer to a trait object is two words, the vtable's the second.
        unsafe { std::mem::transmute::<*mut dyn Filter, [usize; 2]>(self.filter)[1] }
    }

    /// Unloads it and returns whether its memory is gone.
    pub(crate) fn unload(mut self) -> bool {
        let library = self.library.take().unwrap();
        // SAFETY: `filter` is not used from here on.
        unsafe {
            let unmake = library
                .get::<Unmake>(b"static_call_test_drop_stranger")
                .unwrap();
            unmake(&raw const self.filter);
        }
        library.close().unwrap();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let gone = !maps.contains(self.path.to_str().unwrap());
        fs::remove_file(&self.path).unwrap();
        gone
    }
}

/// The host's own.
struct Own;

impl Filter for Own {
    fn apply(&mut self, x: u64) -> u64 {
        x + 1
    }

    fn ask(&self, _: &dyn Answer, _: u64) -> u64 {
        0
    }
}

/// The one site of `Filter::apply` in this program.
pub(crate) fn call(filter: &mut dyn Filter, x: u64) -> u64 {
    static_call!(filter.apply(x))
}

fn learned() -> bool {
    let targets = crate::site("Filter", "apply").targets;
    targets
        .iter()
        .any(|target| target.type_name.contains("Stranger"))
}

/// Opens a window at the site, whatever it did before.
fn learn_anew() {
    for _ in 0..100 {
        for x in 0..70 {
            assert_eq!(call(&mut Own, x), x + 1);
        }
        runtime::retarget().unwrap();
        if crate::site("Filter", "apply").state == State::Patched {
            break;
        }
    }
    assert!(!learned(), "left over from another test");
}

/// In this order: the last library stays.
#[test]
fn a_library_that_goes_is_not_learned_and_one_that_is_learned_stays() {
    let _alone = crate::alone();
    if !crate::patching() {
        return;
    }
    // 1. Gone by the time that the window is read.
    let mut stranger = Stranger::load("gone", 3);
    for x in 0..100 {
        assert_eq!(call(stranger.filter(), x), x * 3);
    }
    assert!(stranger.unload(), "glibc keeps the fixture loaded");
    runtime::retarget().unwrap();
    assert!(!learned());
    learn_anew();

    // 2. Gone, and the same library is there again, where the window says.
    let mut reused = 0;
    for round in 0..5 {
        let mut stranger = Stranger::load("before", 3);
        // Off and on again: a new window.
        runtime::configure(Config::default().mode(Mode::Off)).unwrap();
        runtime::retarget().unwrap();
        crate::configure();
        runtime::retarget().unwrap();
        assert_eq!(crate::site("Filter", "apply").state, State::Learning);
        (0..100).for_each(|x| assert_eq!(call(stranger.filter(), x), x * 3));
        let address = stranger.vtable();
        assert!(stranger.unload());
        let mut after = Stranger::load("after", 7);
        reused += u32::from(after.vtable() == address);
        runtime::retarget().unwrap();
        assert!(
            !learned(),
            "round {round}: learned from a library that is gone"
        );
        (0..100).for_each(|x| assert_eq!(call(after.filter(), x), x * 7));
        assert!(after.unload());
        learn_anew();
    }
    println!("an address was reused {reused} times of 5");

    // 3. Still there: it is pinned before it is learned, and outlives its user.
    let mut stranger = Stranger::load("stays", 5);
    for _ in 0..50 {
        (0..100).for_each(|x| assert_eq!(call(stranger.filter(), x), x * 5));
        runtime::retarget().unwrap();
        if learned() {
            break;
        }
    }
    assert!(learned(), "{}", runtime::report());
    (0..100).for_each(|x| assert_eq!(call(stranger.filter(), x), x * 5));
    assert!(
        !stranger.unload(),
        "a chain leads into a library that is gone"
    );
    for x in 0..1000 {
        assert_eq!(call(&mut Own, x), x + 1);
    }
    runtime::retarget().unwrap();
}

#[test]
fn what_is_registered_or_bound_of_a_library_keeps_it_loaded() {
    crate::in_a_process("unload::registers_and_binds_and_unloads", &[]);
}

#[test]
#[ignore = "ends the process if it fails; run by the test above"]
fn registers_and_binds_and_unloads() {
    type MakeGauge = unsafe extern "C" fn(*mut *mut dyn Gauge, u64);
    static HOSTS: Fixed = Fixed(2);
    let _alone = crate::alone();
    let mut stranger = Stranger::load("registered", 3);
    runtime::register(stranger.filter());
    (0..100).for_each(|x| assert_eq!(call(&mut Own, x), x + 1));
    assert!(!stranger.unload(), "what is registered is looked at later");
    for _ in 0..3 {
        runtime::retarget().unwrap();
        (0..100).for_each(|x| assert_eq!(call(&mut Own, x), x + 1));
    }

    let stranger = Stranger::load("bound", 3);
    let gauge = {
        let mut gauge: *mut dyn Gauge = std::ptr::NonNull::<Fixed>::dangling().as_ptr();
        let library = stranger.library.as_ref().unwrap();
        // SAFETY: the library's function has this type, and its box is this allocator's.
        unsafe {
            let make = library.get::<MakeGauge>(b"static_call_test_strange_gauge");
            make.unwrap()(&raw mut gauge, 9);
            Box::from_raw(gauge)
        }
    };
    GAUGE.swap_boxed(gauge).unwrap();
    GAUGE.swap(&HOSTS).unwrap();
    assert!(!stranger.unload(), "the binding has its box");
    assert_eq!(GAUGE.read(), 2);
    // SAFETY: nobody is inside, and nothing was borrowed.
    assert_eq!(unsafe { GAUGE.reclaim() }.unwrap(), 1);
}
