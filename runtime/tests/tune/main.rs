//! Tuning workloads in this process. What is found is a matter of the machine; what is asked
//! here is what holds whatever that is.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use static_call::runtime::{
    self, ApplyError, Backend, Clock, Config, Mode, PlanKind, SiteReport, State, Tune, TuneError,
    Tuned, Verdict,
};
use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Rule: Sync {
    #[static_dispatch(targets = 2)]
    fn matches(&self, port: u64) -> bool;
}

struct Ports(u64, u64);
struct Odd;
struct Any;

impl Rule for Ports {
    fn matches(&self, port: u64) -> bool {
        self.0 <= port && port <= self.1
    }
}

impl Rule for Odd {
    fn matches(&self, port: u64) -> bool {
        port == 70_000
    }
}

impl Rule for Any {
    fn matches(&self, _: u64) -> bool {
        false
    }
}

/// The site that is tuned.
fn listed(rule: &dyn Rule, port: u64) -> bool {
    static_call!(rule.matches(port), inline = [Ports, Odd])
}

/// One without a list.
fn unlisted(rule: &dyn Rule, port: u64) -> bool {
    static_call!(rule.matches(port))
}

fn rules() -> Vec<Box<dyn Rule>> {
    let mut rules: Vec<Box<dyn Rule>> = Vec::new();
    for at in 0..100 {
        rules.push(match at % 5 {
            4 => Box::new(Odd),
            _ => Box::new(Ports(at * 100, at * 100 + 50)),
        });
    }
    rules
}

fn count(rules: &[Box<dyn Rule>], call: fn(&dyn Rule, u64) -> bool) -> usize {
    let mut found = 0;
    for port in 0..20 {
        let port = port * 131 + 60;
        let rules = black_box(rules).iter();
        found += rules.filter(|rule| call(&***rule, port)).count();
    }
    found
}

/// The runtime is shared by all tests.
fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    runtime::configure(Config::default()).expect("the default is in range");
    runtime::forget_plan().expect("nothing is refused");
    guard
}

fn short() -> Tune {
    Tune::default()
        .budget(Duration::from_millis(400))
        .clock(Clock::Processor)
        .seed(3)
}

/// With more time where the machine takes it away.
fn tune(mut work: impl FnMut()) -> Tuned {
    for seconds in [1, 5, 20] {
        let tune = short().budget(Duration::from_secs(seconds));
        match tune.work(&mut work) {
            Ok(tuned) if tuned.pairs >= 16 || tuned.tried.iter().all(|one| one.kind.is_none()) => {
                return tuned;
            }
            Ok(_) | Err(TuneError::TooShort { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("there is no time");
}

/// The row of a site with or without a list.
fn row(has_list: bool) -> SiteReport {
    let mut sites = runtime::sites();
    sites.sort_by_key(|site| {
        let mut parts = site.location.rsplit(':').skip(1);
        parts.next().and_then(|line| line.parse::<u32>().ok())
    });
    sites.swap_remove(usize::from(!has_list))
}

#[test]
fn what_is_kept_is_on_and_what_is_not_is_plain() {
    let _alone = alone();
    let rules = rules();
    let expected = count(&rules, listed);
    let tuned = tune(|| assert_eq!(count(&rules, listed), expected));
    let text = tuned.to_string();
    println!("{text}");
    let of: Vec<_> = tuned.tried.iter().map(|one| &one.types[0].0).collect();
    assert_eq!(of.len(), 2, "each listed type that is met: {text}");
    assert!(of[0].ends_with("Ports") && of[1].ends_with("Odd"), "{text}");
    assert!((0.7..0.9).contains(&tuned.tried[0].types[0].1), "{text}");
    assert!(
        tuned
            .tried
            .iter()
            .all(|one| one.kind == Some(PlanKind::Inline))
    );
    assert!(tuned.pairs >= 16 && tuned.took > Duration::from_millis(100));
    let kept = tuned
        .tried
        .iter()
        .filter(|one| one.verdict == Verdict::Kept);
    let kept: Vec<_> = kept.collect();
    for one in &kept {
        let (_, _, high) = one.ratio.expect("kept by its interval");
        assert!(high < 1.0, "{text}");
    }
    assert_eq!(tuned.keeps_anything(), !kept.is_empty());
    assert_eq!(tuned.plan().entries().len(), usize::from(!kept.is_empty()));
    if !kept.is_empty() {
        let (_, _, high) = tuned.together.expect("confirmed");
        assert!(high < 1.0, "{text}");
    }
    // What was recorded before is known by name, and a call tells where it is.
    assert_eq!(count(&rules, listed), expected);
    let site = row(true);
    let inlined = site.targets.iter().filter(|one| one.inlined).count();
    assert_eq!(inlined, kept.len(), "{site:?}");
    assert_eq!(site.state == State::Inlined, !kept.is_empty(), "{site:?}");
    // What was not called is not in it.
    assert!(!text.contains(&row(false).location), "{text}");
}

#[test]
fn a_site_without_a_list_has_a_chain_tried_and_a_site_of_many_types_nothing() {
    let _alone = alone();
    let rules = rules();
    let tuned = tune(|| {
        black_box(count(&rules, unlisted));
    });
    let one = &tuned.tried[0];
    assert_eq!(tuned.tried.len(), 1, "{tuned}");
    if runtime::backend() == Backend::Patching {
        assert_eq!(one.kind, Some(PlanKind::Chain), "{tuned}");
        assert!(
            one.types.len() == 2 && one.types[0].0.ends_with("Ports"),
            "{tuned}"
        );
    } else {
        assert_eq!(one.verdict, Verdict::Portable, "{tuned}");
    }
    let others: Vec<Box<dyn Rule>> = (0..40).map(|_| Box::new(Any) as _).collect();
    let tuned = tune(|| {
        black_box(count(&others, listed));
    });
    // No listed type is met; the one that is gets a chain.
    assert!(tuned.tried[0].types[0].0.ends_with("Any"), "{tuned}");
    assert_ne!(tuned.tried[0].kind, Some(PlanKind::Inline), "{tuned}");
}

#[test]
fn a_workload_without_calls_has_an_empty_plan_and_says_why() {
    let _alone = alone();
    let tuned = short().work(|| {
        black_box((0..1000_u64).map(black_box).sum::<u64>());
    });
    let tuned = tuned.expect("it is no error");
    assert!(!tuned.keeps_anything() && tuned.tried.is_empty() && tuned.together.is_none());
    assert!(
        tuned.to_string().contains("no call site was called"),
        "{tuned}"
    );
}

#[test]
fn what_is_seldom_called_is_not_tried() {
    let _alone = alone();
    let tuned = short().work(|| {
        black_box(listed(black_box(&Ports(1, 2)), 1));
        black_box((0..100_000_u64).map(black_box).sum::<u64>());
    });
    let tuned = tuned.expect("it is no error");
    assert_eq!(tuned.tried[0].verdict, Verdict::Seldom, "{tuned}");
    assert!(!tuned.keeps_anything(), "{tuned}");
}

/// Goes on with what was on: here, all that fits.
fn with_all_on(rules: &[Box<dyn Rule>]) {
    let always = Config::default().mode(Mode::Always);
    runtime::configure(always).expect("in range");
    for _ in 0..200 {
        runtime::retarget().expect("nothing is refused");
        count(rules, listed);
        if row(true).state == State::Inlined {
            return;
        }
    }
    panic!("{}", runtime::report());
}

fn is_on(rules: &[Box<dyn Rule>]) -> bool {
    let before = row(true).misses;
    count(rules, listed);
    let site = row(true);
    let inlined = site.targets.iter().filter(|one| one.inlined).count();
    site.state == State::Inlined && inlined == 2 && site.misses == before
}

#[test]
fn a_workload_that_panics_leaves_the_plans_from_before() {
    let _alone = alone();
    let rules = rules();
    with_all_on(&rules);
    for at in [0, 3, 50, 400] {
        let runs = AtomicU64::new(0);
        let work = AssertUnwindSafe(|| {
            short().work(|| {
                count(&rules, listed);
                assert!(runs.fetch_add(1, Ordering::Relaxed) < at, "on purpose");
            })
        });
        let panicked = catch_unwind(work).expect_err("it panics");
        assert_eq!(panicked.downcast_ref::<&str>(), Some(&"on purpose"));
        assert!(is_on(&rules), "after {at} runs: {}", runtime::report());
        runtime::retarget().expect("passes decide again");
    }
}

#[test]
fn too_little_time_is_an_error_that_says_how_much_it_takes() {
    let _alone = alone();
    let rules = rules();
    with_all_on(&rules);
    let tune = Tune::default().budget(Duration::from_millis(50));
    let result = tune.work(|| {
        for _ in 0..50 {
            count(&rules, listed);
        }
        std::thread::sleep(Duration::from_millis(4));
        for _ in 0..50 {
            count(&rules, listed);
        }
    });
    match result {
        Err(TuneError::TooShort { wanted }) => assert!(wanted > Duration::from_millis(100)),
        // On a machine where these calls take no time beside the sleep.
        Ok(tuned) => assert_eq!(tuned.tried[0].verdict, Verdict::Seldom, "{tuned}"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_plans_from_before_are_there_after_an_error() {
    let _alone = alone();
    let rules = rules();
    with_all_on(&rules);
    // Somebody calls while nothing is counted as done.
    let stop = AtomicBool::new(false);
    let begun = Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            begun.wait();
            while !stop.load(Ordering::Relaxed) {
                count(&rules, listed);
            }
        });
        begun.wait();
        let result = short().while_running(|| 7);
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(result, Err(TuneError::NoProgress)), "{result:?}");
    });
    assert!(is_on(&rules), "{}", runtime::report());
}

#[test]
fn a_program_that_runs_by_itself_is_tuned_by_its_progress() {
    let _alone = alone();
    let rules = rules();
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let tuned = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                count(&rules, listed);
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
        let progress = || done.load(Ordering::Relaxed);
        while progress() == 0 {
            std::thread::yield_now();
        }
        let tuned = [1, 5, 20].into_iter().find_map(|seconds| {
            let tuned = runtime::tune_while(progress, Duration::from_secs(seconds));
            // Where the machine takes the time away.
            (!matches!(tuned, Err(TuneError::TooShort { .. }))).then_some(tuned)
        });
        stop.store(true, Ordering::Relaxed);
        tuned
    });
    let tuned = tuned.expect("there is time").expect("it makes progress");
    println!("{tuned}");
    assert_eq!(tuned.tried.len(), 2, "{tuned}");
    assert!(tuned.pairs > 0, "{tuned}");
}

#[test]
fn one_is_tuned_at_a_time_and_passes_decide_nothing_meanwhile() {
    let _alone = alone();
    let rules = rules();
    let mut seen = None;
    tune(|| {
        count(&rules, listed);
        if seen.is_none() {
            let nested = short().work(|| ()).map(|_| ());
            let pass = runtime::retarget().expect("nothing is refused");
            let applied = tuned_plan().apply().map(|_| ());
            seen = Some((nested, pass, applied));
        }
    });
    let (nested, pass, applied) = seen.expect("it was run");
    assert!(matches!(nested, Err(TuneError::Busy)), "{nested:?}");
    assert!(matches!(applied, Err(ApplyError::Tuning)), "{applied:?}");
    assert_eq!((pass.changed, pass.unchanged), (0, pass.sites));
}

/// Of a workload that calls nothing, and so an empty one.
fn tuned_plan() -> runtime::Plan {
    runtime::Plan::default()
}

#[test]
fn an_empty_plan_leaves_all_sites_plain_and_opens_no_windows() {
    let _alone = alone();
    let rules = rules();
    with_all_on(&rules);
    let followed = tuned_plan().apply().expect("there is nothing to misfit");
    assert_eq!((followed.entries, followed.misfits.len()), (0, 0));
    for _ in 0..50 {
        runtime::retarget().expect("nothing is refused");
        count(&rules, listed);
        let site = row(true);
        assert_eq!(site.state, State::Plain, "{site:?}");
        assert_eq!(site.why, "not in the plan");
    }
    runtime::forget_plan().expect("nothing is refused");
    assert_ne!(row(true).why, "not in the plan", "windows decide again");
}

#[test]
fn a_child_of_fork_goes_on_without_the_run() {
    let _alone = alone();
    let rules = rules();
    let mut child = None;
    tune(|| {
        count(&rules, listed);
        if child.is_none() {
            // SAFETY: the child calls and leaves at once; what it calls may be called there.
            let pid = unsafe { libc_fork() };
            if pid == 0 {
                let pass = runtime::retarget();
                count(&rules, listed);
                let again = short().work(|| ()).is_ok();
                let is_right = pass.is_ok() && again;
                std::process::exit(i32::from(!is_right));
            }
            child = Some(pid);
        }
    });
    let mut status = 0;
    // SAFETY: a child of this process.
    let waited = unsafe { waitpid(child.expect("forked"), &raw mut status, 0) };
    assert!(waited > 0 && status == 0, "{status:#x}");
}

unsafe extern "C" {
    #[link_name = "fork"]
    fn libc_fork() -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
}

#[test]
fn where_code_is_switched_off_nothing_is_tuned_or_applied() {
    if std::env::var_os("STATIC_CALL").is_some() {
        let tuned: Result<Tuned, _> = runtime::tune(|| ());
        assert!(matches!(tuned, Err(TuneError::Off)), "{tuned:?}");
        let applied = tuned_plan().apply();
        assert!(matches!(applied, Err(ApplyError::Off)), "{applied:?}");
        return;
    }
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            "where_code_is_switched_off_nothing_is_tuned_or_applied",
        ])
        .env("STATIC_CALL", "off")
        .status()
        .expect("it starts");
    assert!(child.success());
}
