//! A profiler's timer interrupts calls wherever they are, and unwinds from there.
//!
//! What a profiler sees is counted by where it interrupted: in a trampoline, in a
//! chain inside the program or a plugin, in a chain elsewhere, in the rest. Only from a
//! chain elsewhere may it lose its way, see the soundness file.
#![cfg(all(patched, plugins))]

use std::process::Command;

use static_call::runtime::{self, Backend, Config, Mode, Plugin};
use static_call::{binding, static_call, static_dispatch};
use static_call_fixture_api::{Answer, Filter};

#[path = "../fixture/mod.rs"]
mod fixture;
mod sample;

use sample::{Inside, Place, Plan, Timer, print_and_check, samples, step_by_step};

#[static_dispatch]
trait Kind: Sync {
    #[static_dispatch(targets = 2)]
    fn short(&self, x: u64) -> u64;
    #[static_dispatch(targets = 8)]
    fn long(&self, x: u64) -> u64;
}

struct Times<const N: u64>;

impl<const N: u64> Kind for Times<N> {
    fn short(&self, x: u64) -> u64 {
        x.wrapping_mul(N)
    }
    fn long(&self, x: u64) -> u64 {
        x.wrapping_mul(N) + 1
    }
}

impl<const N: u64> Answer for Times<N> {
    fn answer(&self, x: u64) -> u64 {
        x.wrapping_mul(N)
    }
}

/// One more than a chain of eight knows: the last one is a miss. A static, since a
/// constant would be copied by a call through rust-lld's PLT, which no table covers.
static KINDS: [&dyn Kind; 9] = [
    &Times::<1>,
    &Times::<2>,
    &Times::<3>,
    &Times::<4>,
    &Times::<5>,
    &Times::<6>,
    &Times::<7>,
    &Times::<8>,
    &Times::<9>,
];

#[static_dispatch]
trait Number: Send + Sync {
    #[static_dispatch]
    fn number(&self) -> u64;
}

struct Is(u64);

impl Number for Is {
    fn number(&self) -> u64 {
        self.0
    }
}

binding! { static NUMBER: dyn Number = Is(0); }

/// The function that every unwinding must reach. Both call sites are in it, and the call
/// of a binding.
#[inline(never)]
fn caller(kind: usize, x: u64) -> u64 {
    let _inside = Inside::enter();
    let (short, long) = (KINDS[kind % 2], KINDS[kind]);
    let factor = kind as u64;
    assert_eq!(static_call!(short.short(x)), x.wrapping_mul(factor % 2 + 1));
    assert_eq!(static_call!(long.long(x)), x.wrapping_mul(factor + 1) + 1);
    NUMBER.number()
}

/// The same, where the call site is a plugin's.
#[inline(never)]
fn caller_of_plugin(plugins: &dyn Filter, answer: &dyn Answer, times: u64) {
    let _inside = Inside::enter();
    // For x of 0 and 1.
    assert_eq!(plugins.ask(answer, 2), times);
}

/// Off and on again, which opens new windows; then calls; then a pass, which publishes
/// what was called.
fn publish(calls: impl FnOnce()) {
    for mode in [Mode::Off, Mode::Always] {
        runtime::configure(Config::default().mode(mode).window(144)).unwrap();
        runtime::retarget().unwrap();
    }
    calls();
    runtime::retarget().unwrap();
}

/// Publishes the kinds in that order: most calls are of those that come first.
fn publish_in(order: [usize; 8]) {
    publish(|| {
        // 144 calls: four rounds of eight for the first, seven for the next, and so on.
        for round in 0..4 {
            for (rank, kind) in order.into_iter().enumerate() {
                for x in 0..8 - rank as u64 {
                    caller(kind, x + round);
                }
            }
        }
    });
}

/// The `n`th of the orders of eight kinds, by Lehmer's code.
fn order(mut n: usize) -> [usize; 8] {
    let mut left: Vec<usize> = (0..8).collect();
    std::array::from_fn(|_| {
        let choices = left.len();
        let chosen = left.remove(n % choices);
        n /= choices;
        chosen
    })
}

/// So many of them, and some objects bound, fit into a room.
const PLANS: usize = 60;

/// Has the samples of this program counted by place, if anything is patched here.
fn start() -> Option<Plan> {
    sample::must_reach(caller as fn(usize, u64) -> u64 as usize);
    // Twice: the first window is longer than those that are configured.
    (0..2).for_each(|_| publish_in(order(0)));
    if runtime::backend() != Backend::Patching {
        println!("nothing is patched here: {}", runtime::backend());
        return None;
    }
    let plan = Plan::of_program();
    plan.follow();
    sample::handle(libc::SIGTRAP);
    sample::handle(libc::SIGPROF);
    Some(plan)
}

#[test]
fn a_profiler_finds_the_caller_from_trampolines_chains_and_shims() {
    let Some(mut plan) = start() else { return };

    // From every instruction of a call, hits and misses.
    let every_instruction = || {
        for kind in 0..9 {
            step_by_step(|| {
                caller(kind, 5);
            });
        }
    };
    every_instruction();
    let places = [Place::Trampoline, Place::Shim, Place::Chain];
    assert!(places.into_iter().all(|place| samples(place) > 0));
    print_and_check("from every instruction");

    // More plans, and objects bound, all in the program's room.
    for n in 1..=PLANS {
        publish_in(order(n * 97));
    }
    for n in 1..=4 {
        NUMBER.swap_boxed(Box::new(Is(n))).unwrap();
        let before = samples(Place::Chain);
        step_by_step(|| assert_eq!(caller(0, 5), n));
        assert!(samples(Place::Chain) > before);
    }
    every_instruction();
    print_and_check("from every instruction, after more plans");
    let elsewhere = plan.look_elsewhere();
    assert!(
        elsewhere.is_empty(),
        "outside of the program: {elsewhere:x?}"
    );

    // At any time, also while chains are published.
    let timer = Timer::every_microseconds(100);
    for n in (0..PLANS).chain(0..PLANS) {
        publish_in(order(n * 97));
    }
    let mut calls: u64 = 0;
    while sample::all_samples() < 30_000 {
        for x in 0..9000 {
            caller(x % 9, x as u64);
        }
        calls += 18_000;
    }
    drop(timer);
    print_and_check(&format!("from a timer, {calls} calls, and passes"));

    in_plugins(&mut plan);
    println!("{}", runtime::report());
}

/// The chains of plugins' sites lie in the plugins, each time that one is loaded.
fn in_plugins(plan: &mut Plan) {
    let path = fixture::library("static-call-fixture-plugin", &[], "profiler");
    for life in 0..3 {
        // SAFETY: the fixture shares its types with this file.
        let plugin = unsafe { Plugin::load(&path) }.unwrap();
        let filter = plugin.construct::<dyn Filter, u64>("filter", 5).unwrap();
        plan.add_plugin(&path);
        let answers: [(&dyn Answer, u64); 4] = [
            (&Times::<1>, 1),
            (&Times::<2>, 2),
            (&Times::<3>, 3),
            (&Times::<4>, 4),
        ];
        // The first plan is in the trampoline's body, if no life before has filled it.
        for (often, seldom) in [(0, 1), (1, 2), (3, 0), (2, 3)] {
            publish(|| {
                for x in 0..144 {
                    let (answer, times) = answers[if x % 3 == 0 { seldom } else { often }];
                    caller_of_plugin(&*filter, answer, times);
                }
            });
        }
        let elsewhere = plan.look_elsewhere();
        assert!(
            elsewhere.is_empty(),
            "outside of all objects: {elsewhere:x?}"
        );
        plan.follow();
        sample::must_reach(caller_of_plugin as fn(&dyn Filter, &dyn Answer, u64) as usize);
        for (answer, times) in answers {
            step_by_step(|| caller_of_plugin(&*filter, answer, times));
        }
        sample::must_reach(caller as fn(usize, u64) -> u64 as usize);
        assert!(samples(Place::ChainInPlugin) > 0);
        print_and_check(&format!("from every instruction, a plugin's {life}th life"));
        plan.rooms_of_plugins.clear();
    }
}

/// Binds objects until chains lie outside of the program; returns how many.
fn fill_the_room(plan: &mut Plan) -> u64 {
    let mut bound = 0;
    while plan.look_elsewhere().is_empty() {
        for _ in 0..16 {
            bound += 1;
            NUMBER.swap_boxed(Box::new(Is(bound))).unwrap();
        }
        assert!(bound < 1 << 12, "the room is never full");
    }
    bound
}

/// What is not covered, in figures.
#[test]
#[ignore = "runs in a process of its own"]
fn a_program_with_more_chains() {
    let Some(mut plan) = start() else { return };
    let bound = fill_the_room(&mut plan);
    println!("{bound} objects bound");
    // Of 64 bytes each, and some chains besides.
    assert!(bound > 32 * 1024 / 64 - 64);
    plan.follow();
    for n in 0..10 {
        publish_in(order(n * 97));
    }
    for kind in 0..9 {
        step_by_step(|| assert_eq!(caller(kind, 5), bound));
    }
    assert!(samples(Place::ChainElsewhere) > 0);
    print_and_check("from every instruction, in a program with more chains");
}

#[test]
fn a_room_of_chains_is_where_a_profiler_finds_its_way() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_program_with_more_chains", "--ignored"])
        .arg("--nocapture")
        .env_remove("STATIC_CALL")
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

#[test]
#[ignore = "runs in a process of its own"]
fn a_program_that_names_its_chains() {
    let Some(mut plan) = start() else {
        return println!("named");
    };
    fill_the_room(&mut plan);
    publish_in(order(97));
    let name = format!("/tmp/perf-{}.map", std::process::id());
    let map = std::fs::read_to_string(&name).unwrap();
    std::fs::remove_file(name).unwrap();
    let of = " static_call::chain of Kind::long";
    let lines: Vec<_> = map
        .lines()
        .filter_map(|line| line.strip_suffix(of))
        .collect();
    assert!(!lines.is_empty(), "{map}");
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let number = |text: &str| usize::from_str_radix(text, 16).unwrap();
    for line in lines {
        let (start, length) = line.split_once(' ').unwrap();
        let code = number(start)..number(start) + number(length);
        // `perf` reads names for memory that is no file's.
        let within = maps.lines().any(|line| {
            let words: Vec<_> = line.split_ascii_whitespace().collect();
            let (from, to) = words[0].split_once('-').unwrap();
            (number(from)..number(to)).contains(&code.start)
                && number(to) >= code.end
                && (words[1], words.get(5)) == ("r-xp", None)
        });
        assert!(within && !code.is_empty(), "{line}: {maps}");
    }
    assert_eq!(runtime::report().naming_error, None);
    println!("named");
}

#[test]
fn chains_have_names_for_perf_where_that_is_asked_for() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_program_that_names_its_chains", "--ignored"])
        .arg("--nocapture")
        .env_remove("STATIC_CALL")
        .env("STATIC_CALL_PERF", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("named"),
        "{said}{complaints}"
    );
}
