//! What the report says, printed and serialized, and the worker that keeps it moving.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use static_call::runtime::{self, Backend, Config, ConfigError, Mode, State};
use static_call::{specialize, static_call, static_dispatch};

#[static_dispatch(targets = 2)]
trait Rule {
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

fn alone(mode: Mode) -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let guard = ONE_AT_A_TIME.lock();
    runtime::configure(Config::default().mode(mode)).unwrap();
    // Nothing is recorded before.
    runtime::retarget().unwrap();
    guard.unwrap_or_else(PoisonError::into_inner)
}

// A call site of its own for each test that looks at one.

fn weigh(rule: &dyn Rule, x: u64) -> u64 {
    static_call!(rule.weigh(x))
}

fn toggled(rule: &dyn Rule, x: u64) -> u64 {
    static_call!(rule.weigh(2 * x))
}

fn worked_on(rule: &dyn Rule) -> u64 {
    static_call!(rule.weigh(1))
}

fn weighed_up(rule: &dyn Rule, x: u64) -> u64 {
    static_call!(rule.weigh(3 * x))
}

fn listed(rule: &dyn Rule, x: u64) -> u64 {
    static_call!(rule.weigh(9 * x), inline = [Half, Double])
}

#[allow(dead_code, reason = "a site that is in no program")]
fn nowhere(rule: &dyn Rule) -> u64 {
    static_call!(rule.weigh(0))
}

fn never(rule: &dyn Rule) -> u64 {
    static_call!(rule.weigh(8))
}

fn in_a_region(rule: &dyn Rule, x: u64) -> u64 {
    specialize!(rule: [Double] in { rule.weigh(4 * x) })
}

fn in_a_region_of_others(rule: &dyn Rule, x: u64) -> u64 {
    specialize!(rule: [Double] in { rule.weigh(5 * x) })
}

#[allow(dead_code, reason = "a region that is never entered")]
fn never_in_a_region(rule: &dyn Rule) -> u64 {
    specialize!(rule: [Double] in { rule.weigh(6) })
}

#[test]
fn regions_have_rows_with_what_was_met() {
    let _alone = alone(Mode::Auto);
    let source = include_str!("report.rs");
    let row = |text: &str| {
        let line = source.lines().position(|line| line.contains(text)).unwrap() + 1;
        let regions = runtime::report().regions.into_iter();
        let found = regions
            .filter(|one| one.location.contains(&format!("report.rs:{line}:")))
            .collect::<Vec<_>>();
        let [row] = &found[..] else {
            panic!("{} rows", found.len());
        };
        row.clone()
    };
    assert_eq!(in_a_region(&Double, 1) + in_a_region(&Half, 1), 8 + 2);
    assert_eq!(in_a_region_of_others(&Half, 2), 5);
    let met = row("rule.weigh(4 * x)");
    assert_eq!(
        (met.state, &met.types[..]),
        (State::Inlined, &[("Double".to_owned(), 1)][..])
    );
    assert_eq!((met.others, met.more_others), (1, false));
    let others = row("rule.weigh(5 * x)");
    assert_eq!((others.state, others.types[0].1), (State::Plain, 0));
    assert!(others.why.contains("list those that do"), "{}", others.why);
    assert_eq!(row("rule.weigh(6)").state, State::Idle);
    let printed = runtime::report().to_string();
    assert!(
        printed.contains("one test for the whole region"),
        "{printed}"
    );
}

#[test]
fn a_region_that_meets_many_other_types_stops_telling_them_apart() {
    fn weigh_many(rule: &dyn Rule) -> u64 {
        specialize!(rule: [Double] in { rule.weigh(7) })
    }
    struct One<const N: usize>;
    impl<const N: usize> Rule for One<N> {
        fn weigh(&self, x: u64) -> u64 {
            x + N as u64
        }
    }
    let rules: [&dyn Rule; 8] = [
        &Double, &Half, &One::<0>, &One::<1>, &One::<2>, &One::<3>, &One::<4>, &One::<5>,
    ];
    let sum = || rules.iter().map(|rule| weigh_many(*rule)).sum::<u64>();
    let expected: u64 = rules.iter().map(|rule| rule.weigh(7)).sum();
    let row = || {
        let regions = runtime::report().regions.into_iter();
        let line = include_str!("report.rs").lines();
        let line = line
            .take_while(|line| !line.contains("rule.weigh(7)"))
            .count()
            + 1;
        let mut found = regions.filter(|one| one.location.contains(&format!("report.rs:{line}:")));
        found.next().unwrap()
    };
    assert_eq!(sum(), expected);
    assert!(!row().more_others);
    for _ in 0..5000 {
        assert_eq!(sum(), expected);
    }
    assert!(row().more_others);
    assert_eq!((row().state, row().types[0].1), (State::Inlined, 1));
}

fn site(line_of: &str) -> runtime::SiteReport {
    let source = include_str!("report.rs");
    let line = source
        .lines()
        .position(|line| line.contains(line_of))
        .unwrap();
    // The first match is the call; those who ask for it come later.
    let place = format!("report.rs:{}:", line + 1);
    let mut sites = runtime::sites().into_iter();
    sites.find(|site| site.location.contains(&place)).unwrap()
}

fn patchable() -> bool {
    runtime::backend() == Backend::Patching
}

#[test]
fn the_report_names_location_method_state_targets_and_shares() {
    let _alone = alone(Mode::Always);
    for x in 0..2000 {
        let rule: &dyn Rule = if x % 4 == 0 { &Half } else { &Double };
        weigh(rule, x);
    }
    let outcome = runtime::retarget().unwrap();
    assert_eq!(outcome.sites, runtime::sites().len());
    assert_eq!(
        outcome.sites,
        outcome.changed + outcome.unchanged + outcome.skipped.total()
    );
    if !patchable() {
        return;
    }
    let site = site("static_call!(rule.weigh(x))");
    assert_eq!(site.state, State::Patched);
    assert_eq!(site.trait_name.as_deref(), Some("Rule"));
    let shares: Vec<_> = site
        .targets
        .iter()
        .map(|target| {
            (
                target.type_name.rsplit("::").next().unwrap(),
                target.share.unwrap(),
            )
        })
        .collect();
    assert_eq!(shares, [("Double", 0.75), ("Half", 0.25)]);
    let table = runtime::report().to_string();
    let row = table
        .lines()
        .find(|line| line.contains(&site.location))
        .unwrap();
    for part in [
        "Rule::weigh",
        "patched",
        "patching",
        "Double 75 %, Half 25 %",
    ] {
        assert!(row.contains(part), "{part} is not in:\n{table}");
    }
    // Aligned: every row has its columns where the headings are.
    let heading = table
        .lines()
        .find(|line| line.starts_with("call site"))
        .unwrap();
    let state = heading.find("state").unwrap();
    assert_eq!(&row[state..state + 7], "patched", "{table}");
}

#[test]
fn a_pass_with_nothing_to_do_changes_nothing() {
    let _alone = alone(Mode::Always);
    runtime::retarget().unwrap();
    let outcome = runtime::retarget().unwrap();
    assert_eq!(outcome.published, 0, "{outcome}");
}

#[test]
fn a_site_that_is_never_called_is_reported_as_idle() {
    let _alone = alone(Mode::Always);
    if std::hint::black_box(false) {
        never(&Double);
    }
    runtime::retarget().unwrap();
    let says = |call| {
        let site = site(call);
        (site.state, site.why)
    };
    let nowhere = says("static_call!(rule.weigh(0))");
    let never = says("static_call!(rule.weigh(8))");
    if patchable() {
        assert_eq!(never, (State::Idle, "never called".to_owned()));
        let absent = "never called here: the compiler has left its code out".to_owned();
        assert_eq!(nowhere, (State::Idle, absent));
    } else {
        assert_ne!(never.0, State::Learning, "{never:?}");
    }
}

#[test]
fn in_auto_guards_and_chains_are_measured_where_there_can_be_any() {
    let _alone = alone(Mode::Auto);
    runtime::retarget().unwrap();
    let report = runtime::report();
    let calibration = report.calibration.expect("measured on first use");
    assert_eq!(calibration.chain.is_some(), patchable());
    let ratios = [
        calibration.guard,
        calibration.behind,
        calibration.chain,
        calibration.chain_mixed,
    ];
    for figure in ratios.into_iter().flatten().chain([calibration.plain]) {
        assert!(figure.is_finite() && figure > 0.0, "{calibration:?}");
    }
    let table = report.to_string();
    let figures = table.lines().filter(|line| line.contains("calibration: "));
    assert_eq!(figures.count(), 1, "{table}");
    let measured = !table.contains("a chain not measured");
    assert_eq!(measured, patchable(), "{table}");
}

/// Calls and passes until the row says so, or for too long.
fn until(says: &str, call: impl Fn()) -> runtime::SiteReport {
    let mut row = site(says_of(says));
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(60) {
        (0..2000).for_each(|_| call());
        runtime::retarget().unwrap();
        row = site(says_of(says));
        if row.why.contains(says) {
            break;
        }
    }
    row
}

/// The call that is expected to say it.
fn says_of(says: &str) -> &'static str {
    if says.starts_with("inlines") {
        "static_call!(rule.weigh(9 * x), inline"
    } else {
        "static_call!(rule.weigh(3 * x))"
    }
}

#[test]
fn in_auto_a_site_without_a_list_is_plain_and_says_what_may_gain() {
    let _alone = alone(Mode::Auto);
    let says = "and nothing is listed";
    let row = until(says, || {
        weighed_up(&Double, 1);
    });
    let chain = runtime::report().calibration.unwrap().chain;
    if patchable() && chain.is_some_and(|chain| chain > 0.6) {
        assert_eq!(row.state, State::Plain, "{row:?}");
        assert!(row.why.contains(says), "{row:?}");
        assert_eq!(row.targets[0].share, Some(1.0), "{row:?}");
    }
}

#[test]
fn in_auto_listed_types_are_inlined_where_that_was_measured_to_pay() {
    let _alone = alone(Mode::Auto);
    runtime::retarget().unwrap();
    let guard = runtime::report().calibration.unwrap().guard;
    if !patchable() || guard.is_none_or(|guard| guard > 0.85) {
        return;
    }
    let row = until("inlines 100 %", || {
        listed(&Double, 1);
    });
    assert_eq!(row.state, State::Inlined, "{}", runtime::report());
    assert!(row.targets[0].inlined, "{row:?}");
}

#[test]
fn a_worker_retargets_until_it_is_dropped() {
    let _alone = alone(Mode::Always);
    let worker = runtime::retarget_every(Duration::from_millis(1)).unwrap();
    for _ in 0..10_000 {
        for _ in 0..1000 {
            assert_eq!(worked_on(&Double), 2);
        }
        if site("static_call!(rule.weigh(1))").state != State::Learning {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    if patchable() {
        assert_eq!(site("static_call!(rule.weigh(1))").state, State::Patched);
    }
    drop(worker);
    let passes = runtime::report().passes;
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(runtime::report().passes, passes);
}

#[test]
fn off_makes_every_call_plain_and_on_again_learns_anew() {
    let _alone = alone(Mode::Always);
    let calls = || (0..2000).for_each(|x| assert_eq!(toggled(&Double, x), x * 4));
    calls();
    runtime::retarget().unwrap();
    runtime::configure(Config::default().mode(Mode::Off)).unwrap();
    runtime::retarget().unwrap();
    assert_eq!(site("static_call!(rule.weigh(2 * x))").state, State::Plain);
    calls();
    runtime::configure(Config::default().mode(Mode::Always)).unwrap();
    runtime::retarget().unwrap();
    calls();
    runtime::retarget().unwrap();
    if patchable() {
        assert_eq!(
            site("static_call!(rule.weigh(2 * x))").state,
            State::Patched
        );
    }
}

#[test]
fn bad_configuration_is_refused_in_one_sentence_and_changes_nothing() {
    let _alone = alone(Mode::Always);
    let window = runtime::configure(Config::default().mode(Mode::Off).window(0));
    assert!(matches!(
        window,
        Err(ConfigError::OutOfRange {
            option: "window",
            ..
        })
    ));
    let share = runtime::configure(Config::default().minimum_coverage(f32::NAN));
    assert!(matches!(share, Err(ConfigError::NotAShare { .. })));
    assert_eq!(runtime::report().mode, Mode::Always);
    assert!(!window.unwrap_err().to_string().contains('\n'));
    assert_eq!(
        "on".parse::<Mode>().unwrap_err().to_string(),
        "`on` is not a mode; set STATIC_CALL to `auto`, `always` or `off`"
    );
}

#[cfg(feature = "serde")]
#[test]
fn the_report_serializes() {
    let _alone = alone(Mode::Always);
    toggled(&Half, 1);
    let json = serde_json::to_value(runtime::report()).unwrap();
    assert_eq!(json["mode"], "always");
    let sites = json["sites"].as_array().unwrap();
    assert!(sites.iter().any(|site| site["method"] == "weigh"));
}
