//! What a program is told that has not started the runtime, has started it and waits, and has
//! a worker: in a process of its own, since that can only be seen once.

use std::hint::black_box;
use std::time::{Duration, Instant};

use static_call::runtime::{self, Backend, Config, Mode};
use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 2)]
trait Rule {
    fn weigh(&self, x: u64) -> u64;
}

struct Double;

impl Rule for Double {
    fn weigh(&self, x: u64) -> u64 {
        x * 2
    }
}

fn weigh(rule: &dyn Rule, x: u64) -> u64 {
    static_call!(rule.weigh(x))
}

/// The report's last line.
fn next() -> String {
    let report = runtime::report();
    let printed = report.to_string();
    let last = printed.lines().last().unwrap();
    assert_eq!(last, format!("next: {}", report.next));
    report.next
}

#[test]
fn who_has_not_started_the_runtime_is_told_to_and_who_has_is_told_to_go_on() {
    if std::env::var_os("STATIC_CALL").is_some() {
        return;
    }
    assert_eq!(weigh(black_box(&Double), 1), 2);
    if runtime::backend() != Backend::Patching {
        return;
    }
    assert!(next().starts_with("start the runtime"), "{}", next());
    runtime::configure(Config::default().mode(Mode::Always)).unwrap();
    let outcome = runtime::retarget().unwrap();
    assert_eq!((outcome.learning, outcome.waiting), (1, 0), "{outcome}");
    let said = outcome.to_string();
    assert!(
        said.ends_with(". Next: 1 site learning; call again"),
        "{said}"
    );
    assert!(next().starts_with("1 window waits for `retarget()`"));
    (0..3000).for_each(|x| assert_eq!(weigh(black_box(&Double), x), 2 * x));
    let outcome = runtime::retarget().unwrap().to_string();
    assert!(outcome.contains("nothing waits"), "{outcome}");
    // In the default mode passes go on opening windows.
    runtime::configure(Config::default()).unwrap();
    let outcome = runtime::retarget().unwrap();
    assert_eq!(outcome.learning + outcome.waiting, 1, "{outcome}");
    let worker = runtime::retarget_every(Duration::from_millis(1)).unwrap();
    let start = Instant::now();
    while runtime::report().workers == 0 && start.elapsed() < Duration::from_secs(20) {
        std::thread::yield_now();
    }
    assert_eq!(runtime::report().workers, 1);
    assert!(!next().contains("retarget"), "{}", next());
    drop(worker);
    assert_eq!(runtime::report().workers, 0);
}
