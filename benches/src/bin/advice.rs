//! What following an advice brings: each kind by a loop that the runtime advises on, as it is
//! and as it is advised. `cargo run --release -p static-call-benches --bin advice -- [SECONDS]`.
//!
//! Both loops of a case run in turns, with a worker, for so many seconds; the last third counts,
//! since by then the runtime has switched on what is listed. The last kind is timed in the mode that switches chains on
//! wherever they fit, since the default mode leaves them off on processors that predict calls.
//! The sentence below each row is what the runtime says of the loop as it is.

use std::hint::black_box;
use std::time::{Duration, Instant};

use static_call::runtime::{self, AdviceKind, Config, Mode, RetargetError};
use static_call::{specialize, static_call, static_dispatch};
use static_call_benches::stats::{Shuffle, Summary};

#[static_dispatch]
trait Rule {
    #[static_dispatch(targets = 2)]
    fn holds(&self, x: u64) -> bool;

    /// The loop that stands in the trait.
    fn count(&self, below: u64) -> usize {
        (0..below).filter(|x| self.holds(*x)).count()
    }
}

/// The same with room for fewer types, and for more.
#[static_dispatch]
trait Narrow {
    #[static_dispatch(targets = 1)]
    fn narrow(&self, x: u64) -> u64;
    #[static_dispatch(targets = 4)]
    fn wide(&self, x: u64) -> u64;
}

struct Ports(u64, u64);
struct Odd;
struct Mask(u64);
struct Kind<const N: u64>(u64);

impl Rule for Ports {
    fn holds(&self, x: u64) -> bool {
        self.0 <= x && x <= self.1
    }
}

impl Rule for Odd {
    fn holds(&self, x: u64) -> bool {
        x % 2 == 1
    }
}

impl Rule for Mask {
    fn holds(&self, x: u64) -> bool {
        x & self.0 != 0
    }
}

impl<const N: u64> Rule for Kind<N> {
    fn holds(&self, x: u64) -> bool {
        x.wrapping_mul(N) > self.0
    }
}

impl<const N: u64> Narrow for Kind<N> {
    fn narrow(&self, x: u64) -> u64 {
        x.wrapping_mul(N) ^ self.0
    }
    fn wide(&self, x: u64) -> u64 {
        x.wrapping_mul(N) ^ self.0
    }
}

type Rules = [Box<dyn Rule>];
type Run = Box<dyn Fn() -> usize>;

/// A loop as it is and as it is advised.
struct Case {
    kind: AdviceKind,
    name: &'static str,
    /// What stands behind the advised call in this file.
    mark: &'static str,
    before: Run,
    after: Run,
}

/// A pass over objects, written with this call.
macro_rules! pass {
    (|$rule:ident, $x:ident| $call:expr) => {{
        #[inline(never)]
        fn pass(rules: &Rules) -> usize {
            let mut held = 0;
            for ($x, $rule) in (0_u64..).zip(rules) {
                held += usize::from($call);
            }
            held
        }
        |rules: &'static Rules| -> Run { Box::new(move || pass(black_box(rules))) }
    }};
}

/// The README's mix: four in five of one type, in no order.
fn mostly_ports() -> Vec<Box<dyn Rule>> {
    let mut dice = Shuffle::new(7);
    let rules = (0..4096).map(|port| -> Box<dyn Rule> {
        match dice.below(10) {
            0..8 => Box::new(Ports(port, port + 99)),
            _ => Box::new(Odd),
        }
    });
    rules.collect()
}

fn even() -> Vec<Box<dyn Rule>> {
    let mut dice = Shuffle::new(8);
    let rules = (0..4096).map(|x| -> Box<dyn Rule> {
        match dice.below(8) {
            0 => Box::new(Kind::<3>(x)),
            1 => Box::new(Kind::<5>(x)),
            2 => Box::new(Kind::<7>(x)),
            3 => Box::new(Kind::<9>(x)),
            4 => Box::new(Kind::<11>(x)),
            5 => Box::new(Kind::<13>(x)),
            6 => Box::new(Mask(x)),
            _ => Box::new(Odd),
        }
    });
    rules.collect()
}

#[inline(never)]
fn one_by_one(rule: &dyn Rule) -> usize {
    (0..4096)
        .filter(|x| static_call!(rule.holds(*x))) // specialize
        .count()
}

#[inline(never)]
fn in_a_region(rule: &dyn Rule) -> usize {
    specialize!(rule: [Ports, Odd] in { (0..4096).filter(|x| rule.holds(*x)).count() })
}

#[inline(never)]
fn by_its_method(rule: &dyn Rule) -> usize {
    rule.count(4096)
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    let ports: &'static Rules = mostly_ports().leak();
    let mix: &'static Rules = even().leak();
    let listed = || pass!(|rule, x| static_call!(rule.holds(x), inline = [Ports, Odd]))(ports);
    let one: &'static dyn Rule = Box::leak(Box::new(Ports(100, 3000)));
    let row = |kind, name, mark, before, after| Case { kind, name, mark, before, after };
    vec![
        row(AdviceKind::List, "a list where there is none", "// list",
            pass!(|rule, x| static_call!(rule.holds(x)))(ports), // list
            listed()),
        row(AdviceKind::List, "the frequent type in place of rare ones", "// replace",
            pass!(|rule, x| static_call!(rule.holds(x), inline = [Mask, Kind<3>, Ports]))(ports), // replace
            listed()),
        row(AdviceKind::Unlist, "a third type off the list", "// unlist",
            pass!(|rule, x| static_call!(rule.holds(x), inline = [Ports, Odd, Mask]))(ports), // unlist
            listed()),
        row(AdviceKind::Specialize, "a region around the loop", "// specialize",
            Box::new(move || one_by_one(black_box(one))),
            Box::new(move || in_a_region(black_box(one)))),
        row(AdviceKind::Specialize, "the loop as a provided method", "// specialize",
            Box::new(move || one_by_one(black_box(one))),
            Box::new(move || by_its_method(black_box(one)))),
        row(AdviceKind::LeaveAlone, "the plain call on an even mix of eight", "// leave",
            pass!(|rule, x| static_call!(rule.holds(x)))(mix), // leave
            pass!(|rule, x| rule.holds(x))(mix)),
    ]
}

/// A pass over four types by chains, with room for one of them and for all.
fn chains() -> Case {
    #[inline(never)]
    fn narrow(objects: &[Box<dyn Narrow>]) -> usize {
        let each = objects.iter().zip(0_u64..);
        let sum = each.fold(0, |sum: u64, (one, x)| {
            sum ^ static_call!(one.narrow(x)) // targets
        });
        usize::from(sum == 1)
    }
    #[inline(never)]
    fn wide(objects: &[Box<dyn Narrow>]) -> usize {
        let each = objects.iter().zip(0_u64..);
        let sum = each.fold(0, |sum: u64, (one, x)| sum ^ static_call!(one.wide(x)));
        usize::from(sum == 1)
    }
    let mut dice = Shuffle::new(9);
    let objects = (0..4096).map(|x| -> Box<dyn Narrow> {
        match dice.below(10) {
            0..5 => Box::new(Kind::<3>(x)),
            5..7 => Box::new(Kind::<5>(x)),
            7 | 8 => Box::new(Kind::<7>(x)),
            _ => Box::new(Kind::<9>(x)),
        }
    });
    let objects: &'static [_] = objects.collect::<Vec<_>>().leak();
    Case {
        kind: AdviceKind::RaiseTargets,
        name: "chains with room for four types",
        mark: "// targets",
        before: Box::new(move || narrow(black_box(objects))),
        after: Box::new(move || wide(black_box(objects))),
    }
}

/// Nanoseconds that one run takes, of several.
fn time(run: &Run) -> f64 {
    const RUNS: u32 = 8;
    let start = Instant::now();
    for _ in 0..RUNS {
        black_box(run());
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(RUNS)
}

/// The sentence for the call behind which the mark stands, if there is one of that kind.
fn said(case: &Case) -> String {
    let source = include_str!("advice.rs").lines();
    let mut lines = (1..).zip(source);
    let line = lines.find(|(_, line)| line.ends_with(case.mark) && line.contains("static_call!"));
    let line = line.map(|(line, _)| line);
    let advice = runtime::advise();
    let mut here = advice
        .iter()
        .filter(|one| one.file().ends_with("bin/advice.rs") && Some(one.line()) == line);
    here.find(|one| one.kind() == case.kind)
        .map_or_else(|| "(no such advice here)".to_owned(), ToString::to_string)
}

/// Runs both loops of a case in turns for so long, and prints its row.
fn measure(case: &Case, seconds: f64) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let start = Instant::now();
    let mut dice = Shuffle::new(10);
    while start.elapsed().as_secs_f64() < seconds {
        if dice.below(2) == 0 {
            before.push(time(&case.before));
            after.push(time(&case.after));
        } else {
            after.push(time(&case.after));
            before.push(time(&case.before));
        }
    }
    // The last third: what runs by then is what the runtime has come to.
    let settled = before.len() * 2 / 3;
    let ratios = before[settled..].iter().zip(&after[settled..]);
    let ratios: Vec<_> = ratios.map(|(before, after)| after / before).collect();
    let ratio = Summary::of(&ratios).unwrap_or_default();
    let each = |times: &[f64]| Summary::of(&times[settled..]).unwrap_or_default().median / 4096.0;
    println!(
        "{:<42} {:>8.2} {:>8.2} {:>8.2}   {:.2} to {:.2}",
        case.name,
        each(&before),
        each(&after),
        ratio.median,
        ratio.p10,
        ratio.p90
    );
    println!("    {}", said(case));
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds = std::env::args().nth(1);
    let seconds: f64 = seconds.map_or(Ok(6.0), |seconds| seconds.parse())?;
    println!(
        "{:<42} {:>8} {:>8} {:>8}   (the middle 80 % of rounds)",
        "advice followed", "ns as is", "advised", "ratio"
    );
    let worker = runtime::retarget_every(Duration::from_millis(50))?;
    for case in &cases() {
        measure(case, seconds);
    }
    let report = runtime::report();
    drop(worker);
    runtime::configure(Config::default().mode(Mode::Always))?;
    let chains = chains();
    // One pass opens windows, the next ones read them.
    let passes = (0..4).map(|_| {
        black_box((chains.before)() + (chains.after)());
        runtime::retarget()
    });
    passes.collect::<Result<Vec<_>, RetargetError>>()?;
    measure(&chains, seconds);
    println!("\nThe report on what the default mode has made of it:\n{report}");
    Ok(())
}
