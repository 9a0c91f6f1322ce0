//! Plan files in this process: what is named is inlined at its first calls, without windows.
#![cfg(plugins)]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use static_call::runtime::{
    self, ApplyError, Backend, Config, FollowedPlan, Plan, Plugin, SiteReport, State,
};
use static_call::{static_call, static_dispatch};
use static_call_fixture_api::Filter;

#[allow(dead_code, reason = "not all of it is for this file")]
#[path = "support/plugins.rs"]
mod plugins;

#[static_dispatch]
trait Shape {
    #[static_dispatch(targets = 2)]
    fn area(&self, by: u64) -> u64;
}

struct Square(u64);
struct Circle(u64);
struct Other;

impl Shape for Square {
    fn area(&self, by: u64) -> u64 {
        self.0 * self.0 * by
    }
}

impl Shape for Circle {
    fn area(&self, by: u64) -> u64 {
        self.0 * 3 * by
    }
}

impl Shape for Other {
    fn area(&self, by: u64) -> u64 {
        by
    }
}

#[inline(never)]
fn listed(shape: &dyn Shape, by: u64) -> u64 {
    static_call!(shape.area(by), inline = [Square, Circle])
}

#[inline(never)]
fn unlisted(shape: &dyn Shape, by: u64) -> u64 {
    static_call!(shape.area(by))
}

#[inline(never)]
fn apply(filter: &mut dyn Filter, x: u64) -> u64 {
    static_call!(filter.apply(x))
}

const SQUARE: &str = "plan::Square";
const CIRCLE: &str = "plan::Circle";

/// The runtime is shared by all tests.
fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    runtime::configure(Config::default()).expect("the default is in range");
    runtime::forget_plan().expect("nothing is refused");
    guard
}

/// The row of the site in this line of the source, counted from the first.
fn row(nth: usize) -> SiteReport {
    let mut sites = runtime::sites();
    sites.retain(|site| site.plugin.is_none() && site.location.starts_with(file!()));
    sites.sort_by_key(line_of);
    sites.swap_remove(nth)
}

fn line_of(site: &SiteReport) -> u32 {
    place(site).1
}

/// File, line and column.
fn place(site: &SiteReport) -> (String, u32, u32) {
    let mut parts = site.location.rsplitn(3, ':');
    let mut number = || {
        parts
            .next()
            .and_then(|one| one.parse().ok())
            .expect("a number")
    };
    let (column, line) = (number(), number());
    (parts.next().expect("a file").to_owned(), line, column)
}

const LISTED: usize = 0;
const UNLISTED: usize = 1;
const FILTER: usize = 2;

/// An entry for a site of this file.
fn entry(nth: usize, plan: &str, types: &[(&str, f64)]) -> String {
    let site = row(nth);
    let (file, line, column) = place(&site);
    entry_at(&file, line, column, &site.method, plan, types)
}

fn entry_at(
    file: &str,
    line: u32,
    column: u32,
    method: &str,
    plan: &str,
    types: &[(&str, f64)],
) -> String {
    let mut text = format!(
        "[[site]]\ncrate = 'plan'\nfile = '{file}'\nline = {line}\ncolumn = {column}\n\
         trait = 'plan::Shape'\nmethod = '{method}'\nplan = '{plan}'\n\
         calls_per_second = 100_000_000\nratio = 0.5\ninterval = [0.4, 0.6]\n\
         measured = '2026-11-30T09:30:00Z'\n"
    );
    for (name, share) in types {
        writeln!(text, "[[site.types]]\nname = '{name}'\nshare = {share}").expect("a text");
    }
    text
}

/// A file with these entries, which goes with the test.
struct File(PathBuf);

impl File {
    fn new(entries: &str) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("static-call-plan-{}-{number}.toml", std::process::id());
        let path = std::env::temp_dir().join(name);
        let text = format!("version = 1\nprogram = 'elsewhere'\n{entries}");
        std::fs::write(&path, text).expect("a file");
        File(path)
    }

    fn apply(&self) -> Result<FollowedPlan, ApplyError> {
        Plan::load(&self.0).expect("a plan").apply()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn followed() -> FollowedPlan {
    runtime::report().plan.expect("a plan decides")
}

fn inlined(site: &SiteReport) -> Vec<&str> {
    let inlined = site.targets.iter().filter(|one| one.inlined);
    inlined.map(|one| one.type_name.as_str()).collect()
}

#[test]
fn named_types_are_inlined_within_a_few_calls_and_without_windows() {
    let _alone = alone();
    let windows = row(LISTED).windows;
    let file = File::new(&entry(LISTED, "inline", &[(SQUARE, 0.8), (CIRCLE, 0.2)]));
    let first = file.apply().expect("it fits");
    assert_eq!((first.entries, first.misfits.len()), (1, 0));
    assert_eq!(first.waiting.len(), 2, "{first}");
    assert_eq!(row(LISTED).state, State::Plain, "nothing was met yet");
    let mut calls = 0;
    for by in 0..1000 {
        for shape in [&Square(2) as &dyn Shape, &Circle(2)] {
            let expected = shape.area(by);
            assert_eq!(listed(shape, by), expected);
            calls += 1;
        }
        // No pass has come by.
        if inlined(&row(LISTED)).len() == 2 {
            break;
        }
    }
    println!("both types inlined after {calls} calls");
    assert!(calls <= 8, "{calls}: {}", runtime::report());
    let site = row(LISTED);
    assert_eq!(site.state, State::Inlined, "{site:?}");
    assert_eq!(site.windows, windows, "{site:?}");
    assert_eq!(followed().waiting, []);
    // From here on nothing misses.
    let misses = row(LISTED).misses;
    for by in 0..10_000 {
        assert_eq!(listed(&Square(3), by), 9 * by);
        assert_eq!(listed(&Circle(3), by), 9 * by);
    }
    assert_eq!(row(LISTED).misses, misses);
    let text = runtime::report().to_string();
    let path = file.0.display().to_string();
    assert!(text.contains(&format!("plan: {path}: 1 site")), "{text}");
}

#[test]
fn a_chain_is_there_after_the_next_pass() {
    let _alone = alone();
    let file = File::new(&entry(UNLISTED, "chain", &[(SQUARE, 0.8), (CIRCLE, 0.2)]));
    file.apply().expect("it fits");
    assert_eq!(unlisted(&Circle(2), 1), 6);
    assert_eq!(unlisted(&Square(2), 1), 4);
    for by in 0..8 {
        assert_eq!(unlisted(&Square(2), by), 4 * by);
    }
    runtime::retarget().expect("nothing is refused");
    let site = row(UNLISTED);
    if runtime::backend() == Backend::Patching {
        assert_eq!(site.state, State::Patched, "{site:?}");
        let chain = site.targets.iter().filter(|one| one.in_chain);
        let chain: Vec<_> = chain.map(|one| one.type_name.as_str()).collect();
        assert_eq!(chain, [SQUARE, CIRCLE], "in the order of the file");
    }
    for by in 0..1000 {
        assert_eq!(unlisted(&Square(2), by), 4 * by);
        assert_eq!(unlisted(&Circle(2), by), 6 * by);
        assert_eq!(unlisted(&Other, by), by);
    }
}

#[test]
fn types_that_never_come_are_said_and_what_misses_is_left_for_a_while() {
    let _alone = alone();
    let never = "plan::Never";
    let file = File::new(&entry(LISTED, "inline", &[(never, 0.9), (SQUARE, 0.1)]));
    file.apply().expect("it fits");
    // All miss: far more than the purse ever holds pays for.
    for by in 0..3_000_000 {
        assert_eq!(listed(&Other, by), by);
        if by % 50_000 == 0 && row(LISTED).why.contains("left for") {
            break;
        }
    }
    let site = row(LISTED);
    assert_eq!(site.state, State::Plain, "{site:?}");
    assert!(site.why.contains("left for its misses"), "{site:?}");
    let followed = followed();
    let waiting: Vec<_> = followed
        .waiting
        .iter()
        .map(|(_, name)| name.as_str())
        .collect();
    assert_eq!(waiting, [never, SQUARE]);
    let text = followed.to_string();
    assert!(text.contains("not met yet: plan::Never at "), "{text}");
}

#[test]
fn a_type_that_the_source_does_not_list_any_more_is_said() {
    let _alone = alone();
    let file = File::new(&entry(
        LISTED,
        "inline",
        &[("plan::Other", 0.9), (SQUARE, 0.1)],
    ));
    file.apply().expect("it fits");
    for by in 0..8 {
        listed(&Other, by);
        listed(&Square(1), by);
    }
    let site = row(LISTED);
    assert_eq!(inlined(&site), [SQUARE], "{site:?}");
    let said = followed().unlisted;
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0].1, "plan::Other");
}

#[test]
fn entries_that_fit_no_site_are_said_and_the_others_applied() {
    let _alone = alone();
    let good = entry(LISTED, "inline", &[(SQUARE, 1.0)]);
    let (file, line, column) = place(&row(LISTED));
    let moved = entry_at(&file, line + 1, column, "area", "inline", &[(SQUARE, 1.0)]);
    let renamed = entry_at(&file, line, column, "surface", "inline", &[(SQUARE, 1.0)]);
    let plan = File::new(&format!("{moved}{good}{renamed}"));
    let followed = plan.apply().expect("one fits");
    assert_eq!(followed.entries, 3);
    let said = [
        format!("{file}:{}:{column} area", line + 1),
        format!("{file}:{line}:{column} surface"),
    ];
    assert_eq!(followed.misfits, said);
    listed(&Square(1), 1);
    assert_eq!(inlined(&row(LISTED)), [SQUARE]);
}

#[test]
fn another_program_s_plan_is_an_error_that_names_it_and_changes_nothing() {
    let _alone = alone();
    let good = File::new(&entry(LISTED, "inline", &[(SQUARE, 1.0)]));
    let before = good.apply().expect("it fits");
    let others = entry_at("src/main.rs", 1, 1, "area", "inline", &[(SQUARE, 1.0)]);
    let error = File::new(&others).apply().expect_err("nothing fits");
    assert!(
        matches!(&error, ApplyError::NothingFits { program, entries: 1 } if program == "elsewhere"),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("measured in `elsewhere`"),
        "{error}"
    );
    assert_eq!(
        followed().source,
        before.source,
        "the first one still decides"
    );
}

#[test]
fn ten_thousand_entries_are_applied_and_those_that_fit_are_found() {
    let _alone = alone();
    let mut entries = String::new();
    for line in 0..9_999 {
        let types = [("a::B", 0.5), ("a::C", 0.5)];
        entries += &entry_at("src/generated.rs", line, 5, "area", "inline", &types);
    }
    entries += &entry(LISTED, "inline", &[(SQUARE, 1.0)]);
    let file = File::new(&entries);
    let followed = file.apply().expect("one fits");
    assert_eq!((followed.entries, followed.misfits.len()), (10_000, 9_999));
    listed(&Square(1), 1);
    assert_eq!(inlined(&row(LISTED)), [SQUARE]);
    let text = runtime::report().to_string();
    assert!(text.contains("and 9995 more"), "said in one line");
}

#[test]
fn types_of_a_plugin_that_is_loaded_later_are_met_then() {
    let _alone = alone();
    let library = plugins::build("static-call-fixture-plugin", "");
    let plus = "static_call_fixture_plugin::Plus";
    let file = File::new(&entry(FILTER, "chain", &[(plus, 1.0)]));
    file.apply().expect("it fits");
    assert_eq!(followed().waiting.len(), 1);
    // SAFETY: the fixtures share their types with this file, and their initializers do
    // nothing.
    let plugin = unsafe { Plugin::load(&library) }.expect("a plugin");
    let mut filter = plugin
        .construct::<dyn Filter, u64>("filter", 5)
        .expect("it has one");
    runtime::retarget().expect("nothing is refused");
    assert_eq!(apply(&mut *filter, 1), 6);
    runtime::retarget().expect("nothing is refused");
    assert_eq!(followed().waiting, [], "{}", runtime::report());
    let site = row(FILTER);
    if runtime::backend() == Backend::Patching {
        assert_eq!(site.state, State::Patched, "{site:?}");
    }
    for x in 0..1000 {
        assert_eq!(apply(&mut *filter, x), x + 5);
    }
    // It goes, and with it what leads there; and may come again.
    drop(filter);
    drop(plugin);
    runtime::retarget().expect("nothing is refused");
    assert_eq!(followed().waiting.len(), 1, "{}", runtime::report());
    // SAFETY: as above.
    let plugin = unsafe { Plugin::load(&library) }.expect("a plugin");
    let mut filter = plugin
        .construct::<dyn Filter, u64>("filter", 7)
        .expect("it has one");
    for x in 0..100 {
        assert_eq!(apply(&mut *filter, x), x + 7);
        runtime::retarget().expect("nothing is refused");
    }
    assert_eq!(followed().waiting, [], "{}", runtime::report());
}

/// In a process of its own, as the environment is read once.
fn child(test: &str, plan: &std::path::Path) {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", test, "--nocapture"])
        .env("STATIC_CALL_PLAN", plan)
        .env_remove("STATIC_CALL")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{wrong}");
    print!("{said}");
}

#[test]
fn the_environment_names_a_plan_that_many_processes_follow_from_their_first_pass() {
    let test = "the_environment_names_a_plan_that_many_processes_follow_from_their_first_pass";
    if std::env::var_os("STATIC_CALL_PLAN").is_none() {
        let entries = {
            let _alone = alone();
            let guards = entry(LISTED, "inline", &[(SQUARE, 0.5), (CIRCLE, 0.5)]);
            guards + &entry(UNLISTED, "chain", &[(SQUARE, 1.0)])
        };
        let file = File::new(&entries);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| child(test, &file.0));
            }
        });
        return;
    }
    runtime::retarget().expect("nothing is refused");
    let mut calls = 0;
    while calls < 1000 && followed().waiting.len() > 1 {
        listed(&Square(1), calls);
        listed(&Circle(1), calls);
        calls += 2;
    }
    println!("steady after {calls} calls");
    assert!(calls < 1000);
    assert_eq!(inlined(&row(LISTED)).len(), 2, "{}", runtime::report());
    let report = runtime::report();
    assert_eq!((report.plan_error, report.calibration), (None, None));
}

#[test]
fn what_is_wrong_with_the_environment_s_plan_is_in_the_report_and_windows_decide() {
    let test = "what_is_wrong_with_the_environment_s_plan_is_in_the_report_and_windows_decide";
    if std::env::var_os("STATIC_CALL_PLAN").is_none() {
        let file = File::new("[[site]]\nnothing = 'right'\n");
        child(test, &file.0);
        child(test, std::path::Path::new("/nowhere/plan.toml"));
        let others = entry_at("src/main.rs", 1, 1, "area", "inline", &[(SQUARE, 1.0)]);
        child(test, &File::new(&others).0);
        return;
    }
    runtime::retarget().expect("nothing is refused");
    let report = runtime::report();
    assert_eq!(report.plan, None);
    let error = report.plan_error.as_ref().expect("it is wrong");
    let known = [
        "is no plan",
        "/nowhere/plan.toml",
        "measured in `elsewhere`",
    ];
    assert!(known.iter().any(|one| error.contains(one)), "{error}");
    let shown = report.to_string();
    let said = format!("STATIC_CALL_PLAN is ignored: {error}");
    assert_eq!(shown.matches(&said).count(), 1, "{shown}");
    assert_ne!(row(LISTED).why, "not in the plan");
}
