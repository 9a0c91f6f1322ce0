//! What a subscriber of `tracing` is told, and that it may do what it likes.
#![cfg(all(feature = "tracing", plugins))]

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError, mpsc};
use std::time::{Duration, Instant};

use static_call::runtime::{self, Backend, Config, Mode, Plugin};
use static_call::{binding, static_call, static_dispatch};
use static_call_fixture_api::Filter;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

#[path = "support/plugins.rs"]
mod plugins;

#[static_dispatch(targets = 2)]
trait Rule: Send + Sync {
    fn weigh(&self, x: u64) -> u64;
}

struct Double;
struct Half;

impl Rule for Double {
    fn weigh(&self, x: u64) -> u64 {
        x * 2
    }
}

impl Rule for Half {
    fn weigh(&self, x: u64) -> u64 {
        x / 2
    }
}

binding! {
    static RULE: dyn Rule = Double;
}

/// Keeps what it is told, and does in it what a subscriber may do.
struct Told;

static EVENTS: Mutex<Vec<(Level, String)>> = Mutex::new(Vec::new());
/// What was told before a test began.
static FIRST: Mutex<Vec<(Level, String)>> = Mutex::new(Vec::new());
static CALLS_BACK: AtomicBool = AtomicBool::new(false);
static CALLED_BACK: AtomicU64 = AtomicU64::new(0);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Told {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "static_call"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let level = *event.metadata().level();
        events().push((level, text.0));
        if CALLS_BACK.load(Ordering::SeqCst) {
            call_back();
            CALLED_BACK.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// All that takes a lock, and static calls.
fn call_back() {
    for x in 0..100 {
        assert_eq!(static_call!((&Double as &dyn Rule).weigh(x)), 2 * x);
        assert_eq!(RULE.weigh(0), 0);
    }
    runtime::retarget().unwrap();
    // Fails where a change of a binding is on its way, and waits for none of this thread.
    let _ = RULE.swap(&Half);
    let _ = RULE.swap(&Double);
    let _ = (runtime::report().to_string(), runtime::advise().len());
    runtime::configure(Config::default().mode(Mode::Always)).unwrap();
}

fn events() -> MutexGuard<'static, Vec<(Level, String)>> {
    EVENTS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn alone(mode: Mode) -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    static SUBSCRIBED: Once = Once::new();
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    SUBSCRIBED.call_once(|| tracing::subscriber::set_global_default(Told).unwrap());
    runtime::configure(Config::default().mode(mode)).unwrap();
    runtime::retarget().unwrap();
    let first = std::mem::take(&mut *events());
    FIRST.lock().unwrap().extend(first);
    guard
}

/// Events that say all of these, with their levels.
fn said(words: &[&str]) -> Vec<Level> {
    let events = events();
    let these = events
        .iter()
        .filter(|(_, text)| words.iter().all(|word| text.contains(word)));
    these.map(|(level, _)| *level).collect()
}

fn weigh(rule: &dyn Rule, x: u64) -> u64 {
    static_call!(rule.weigh(3 * x))
}

fn patchable() -> bool {
    runtime::backend() == Backend::Patching
}

#[test]
fn a_plan_that_is_applied_and_one_that_is_taken_off_are_one_event_each() {
    let _alone = alone(Mode::Always);
    if !patchable() {
        return;
    }
    (0..3000).for_each(|x| assert_eq!(weigh(&Double, x), 6 * x));
    runtime::retarget().unwrap();
    let applied = ["a plan is on", "patched", "Rule::weigh", "Double 100 %"];
    assert_eq!(said(&applied), [Level::DEBUG], "{:?}", events());
    runtime::retarget().unwrap();
    assert_eq!(said(&applied).len(), 1, "it is told once");
    runtime::configure(Config::default().mode(Mode::Off)).unwrap();
    runtime::retarget().unwrap();
    let off = ["a plan is off", "Rule::weigh", "switched off"];
    assert_eq!(said(&off), [Level::DEBUG], "{:?}", events());
    runtime::configure(Config::default().mode(Mode::Always)).unwrap();
    runtime::retarget().unwrap();
    let opened = said(&["windows are opened"]);
    assert!(
        opened.iter().all(|level| *level == Level::TRACE) && !opened.is_empty(),
        "{:?}",
        events()
    );
}

#[test]
fn calls_tell_nothing() {
    let _alone = alone(Mode::Always);
    runtime::retarget().unwrap();
    events().clear();
    (0..100_000).for_each(|x| assert_eq!(weigh(&Half, x), 3 * x / 2));
    assert_eq!(events().len(), 0, "{:?}", events());
}

#[test]
fn in_the_default_mode_a_call_that_is_left_plain_is_told_once_and_what_goes_on_and_off_in_turns() {
    fn plain(rule: &dyn Rule, x: u64) -> u64 {
        static_call!(rule.weigh(5 * x))
    }
    let _alone = alone(Mode::Auto);
    if !patchable() {
        return;
    }
    let line = include_str!("events.rs")
        .lines()
        .position(|line| line.contains("rule.weigh(5 * x)"));
    let place = format!("events.rs:{}:", line.unwrap() + 1);
    let words = ["is left plain", &place, "nothing is listed"];
    let start = Instant::now();
    while said(&words).is_empty() && start.elapsed() < Duration::from_secs(20) {
        (0..100_000).for_each(|x| assert_eq!(plain(&Double, x), 10 * x));
        runtime::retarget().unwrap();
    }
    for _ in 0..20 {
        (0..10_000).for_each(|x| assert_eq!(plain(&Double, x), 10 * x));
        runtime::retarget().unwrap();
    }
    assert_eq!(said(&words), [Level::DEBUG], "{:?}", events());
}

#[test]
fn plugins_are_told_of_when_they_come_and_when_they_are_gone() {
    let _alone = alone(Mode::Always);
    let path = plugins::copy_for("told", &plugins::build("static-call-fixture-plugin", ""));
    // SAFETY: the fixture shares its types with this file, and its initializers do nothing.
    let plugin = unsafe { Plugin::load(&path) }.unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert_eq!(
        said(&["a plugin is loaded", name]),
        [Level::INFO],
        "{:?}",
        events()
    );
    // SAFETY: as above.
    let again = unsafe { Plugin::load(&path) }.unwrap();
    assert_eq!(said(&["a plugin is loaded"]).len(), 1);
    drop((plugin, again));
    assert!(!plugins::is_mapped(&path));
    assert_eq!(
        said(&["a plugin is unloaded", name]),
        [Level::INFO],
        "{:?}",
        events()
    );
}

/// In a process of its own, as the environment is read once.
#[cfg(feature = "plan")]
#[test]
fn a_plan_that_the_environment_names_is_told_of_whether_it_decides_or_is_ignored() {
    let test = "a_plan_that_the_environment_names_is_told_of_whether_it_decides_or_is_ignored";
    let named = "STATIC_CALL_PLAN";
    if let Some(path) = std::env::var_os(named) {
        let _alone = alone(Mode::Auto);
        // `alone` has forgotten what was told while it made the first pass.
        let path = std::path::PathBuf::from(path);
        let told = FIRST.lock().unwrap();
        let of = |words: &[&str]| {
            let these = told
                .iter()
                .filter(|(_, text)| words.iter().all(|word| text.contains(word)));
            these.map(|(level, _)| *level).collect::<Vec<_>>()
        };
        let name = path.file_name().unwrap().to_str().unwrap();
        let decides = of(&["a measured plan decides", name, "entries=1"]);
        let ignored = of(&["`STATIC_CALL_PLAN` is ignored", name]);
        if name == "right.toml" {
            assert_eq!((decides, ignored), (vec![Level::INFO], vec![]), "{told:?}");
        } else {
            assert_eq!((decides, ignored), (vec![], vec![Level::WARN]), "{told:?}");
        }
        return;
    }
    let folder = std::env::temp_dir().join(format!("static-call-events-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let right = folder.join("right.toml");
    let sites = runtime::sites();
    let one = sites.iter().find(|one| one.location.starts_with(file!()));
    let mut place = one.unwrap().location.rsplitn(3, ':');
    let (column, line) = (place.next().unwrap(), place.next().unwrap());
    let entry = format!(
        "version = 1\nprogram = 'events'\n[[site]]\ncrate = 'events'\nfile = '{}'\n\
         line = {line}\ncolumn = {column}\ntrait = 'events::Rule'\nmethod = 'weigh'\n\
         plan = 'chain'\ncalls_per_second = 1000\nratio = 1.0\ninterval = [0.9, 1.1]\n\
         measured = '2026-11-30T09:30:00Z'\n\
         [[site.types]]\nname = 'events::Double'\nshare = 1.0\n",
        file!()
    );
    std::fs::write(&right, entry).unwrap();
    for path in [right, folder.join("missing.toml")] {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(named, path)
            .env_remove("STATIC_CALL")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_subscriber_may_make_static_calls_re_plan_swap_and_load() {
    let (done, finished) = mpsc::channel();
    let _alone = alone(Mode::Always);
    let path = plugins::build("static-call-fixture-plugin", "");
    CALLS_BACK.store(true, Ordering::SeqCst);
    std::thread::spawn(move || {
        for round in 0..20 {
            let mode = [Mode::Always, Mode::Auto, Mode::Off][round % 3];
            runtime::configure(Config::default().mode(mode)).unwrap();
            (0..3000).for_each(|x| assert_eq!(weigh(&Double, x), 6 * x));
            runtime::retarget().unwrap();
            RULE.swap(&Half).unwrap();
            RULE.swap(&Double).unwrap();
        }
        // SAFETY: the fixture shares its types with this file, and its initializers do
        // nothing.
        let plugin = unsafe { Plugin::load(&path) }.unwrap();
        let object = plugin.construct::<dyn Filter, u64>("times", 3);
        drop((object, plugin));
        done.send(()).unwrap();
    });
    // With a worker, whose thread tells as well.
    let worker = runtime::retarget_every(Duration::from_millis(1)).unwrap();
    let finished = finished.recv_timeout(Duration::from_secs(60));
    CALLS_BACK.store(false, Ordering::SeqCst);
    if finished.is_err() {
        // It may wait, too, and would be waited for.
        std::mem::forget(worker);
        panic!("a subscriber waits for its own thread");
    }
    drop(worker);
    assert!(CALLED_BACK.load(Ordering::SeqCst) > 0);
}
