//! The bound on every order, and the parts by themselves.

use super::simulator::{Machine, Outcome, Row, World, all, random};
use super::{
    By, Evidence, Life, MS, NS, Now, Offer, Prices, Ps, Rules, SEC, Sites, State, US, Window,
};
use crate::window::{Block, GRACE, LEASE};

mod choice;

/// The most that any order may take above 1.02 of the plain program's time: nothing, since
/// the purse starts empty and no more is spent than it held.
const CONSTANT: Ps = 0;

fn run(row: Row, machine: Machine) -> Outcome {
    run_with(row, machine, 0)
}

/// The same with other dice.
fn run_with(row: Row, machine: Machine, dice: u64) -> Outcome {
    let name = row.name.clone();
    let out = World::with_dice(row, Rules::STANDARD, machine, dice).run();
    let over = out.constant as f64 / US as f64;
    assert!(
        out.constant <= CONSTANT,
        "{name}: {over} us over 1.02 of plain, {machine:?}"
    );
    out
}

/// What is simulated is less without optimization, which makes it tens of times slower.
const SLOW: bool = cfg!(debug_assertions);

/// Long enough for a machine with fewer scruples to lose, and no longer.
fn short(row: Row) -> Row {
    let most = if row.name.contains("between work") {
        SEC
    } else {
        SEC / 12
    };
    Row {
        time: row.time.min(most),
        ..row
    }
}

#[test]
fn no_order_takes_more_than_1_02_of_plain() {
    for row in all() {
        run(short(row), Machine::STANDARD);
    }
}

#[test]
fn neither_does_any_behind_retpolines_with_chains() {
    for row in all().into_iter().step_by(4) {
        let row = Row { chain: 2, ..row };
        run(short(row), Machine::RETPOLINES);
    }
}

#[test]
fn neither_do_thousands_of_orders_at_random() {
    for number in 0..if SLOW { 1_000 } else { 2_000 } {
        run(random(number, 40 * MS), Machine::STANDARD);
    }
}

#[test]
fn neither_do_any_at_random_at_whatever_prices() {
    let mut seed = 1_u64;
    let mut draw = |least: Ps, most: Ps| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        least + (seed >> 33) as Ps % (most - least)
    };
    for number in 0..300 {
        let plain = draw(1_000, 20_000);
        let hit = draw(300, plain);
        let machine = Machine {
            prices: Prices {
                plain,
                gain: plain - hit,
                book: draw(500, 20_000),
                record: draw(5, 200) * NS,
                skip: draw(200, 3_000),
                clock: draw(5, 500) * NS,
                page: draw(2, 100) * US,
                key: draw(0, 3_000) * NS,
                pass: draw(0, 20) * US,
            },
            mispredicted: draw(0, 20_000),
            hit,
            compare: draw(0, 500),
            miss: draw(100, 3_000),
        };
        let row = random(10_000 + number, 40 * MS);
        run(Row { chain: 1, ..row }, machine);
    }
}

/// A plan that is given is entered for nothing, once: the way in and out, and a lease.
fn once(row: &Row, machine: &Machine) -> Ps {
    let p = &machine.prices;
    // A miss by a long list, and the compares that a hit of the last type takes.
    let miss = p.book + machine.miss + 8 * machine.compare + p.skip;
    let each = 3 * (p.page + p.key) + p.clock + Ps::from(GRACE) * p.skip;
    row.sites as Ps * row.threads.max(1) * (each + Ps::from(LEASE) * miss)
}

#[test]
fn given_plans_take_no_more_than_1_02_of_plain_and_a_constant_for_each_site() {
    let step = if SLOW { 5 } else { 1 };
    let mut rows: Vec<Row> = all().into_iter().map(short).step_by(step).collect();
    rows.extend((0..if SLOW { 60 } else { 1_000 }).map(|number| random(number, 40 * MS)));
    for row in rows {
        let (name, constant) = (row.name.clone(), once(&row, &Machine::STANDARD));
        let world = World::new(row, Rules::STANDARD, Machine::STANDARD);
        let out = world.given().run();
        let over = out.constant as f64 / US as f64;
        let most = constant as f64 / US as f64;
        assert!(out.constant <= constant, "{name}: {over} us of {most}");
    }
}

#[test]
fn given_plans_gain_from_the_first_calls_on() {
    for name in ["one type", "cycle of 6, all listed"] {
        let row = all()
            .into_iter()
            .find(|row| row.name == name)
            .expect("an order");
        let time = if SLOW { 60 * MS } else { 200 * MS };
        let row = Row { time, ..row };
        let world = World::new(row, Rules::STANDARD, Machine::STANDARD);
        let share = world.given().run().share().expect("there is a gain");
        assert!(share >= 0.94, "{name}: {share}");
    }
}

/// The share of the gain that is had in so many seconds.
fn share(name: &str, time: Ps) -> f64 {
    share_with(name, time, 0)
}

fn share_with(name: &str, time: Ps, dice: u64) -> f64 {
    let row = all().into_iter().find(|row| row.name == name);
    let row = row.unwrap_or_else(|| panic!("no order is called {name}"));
    let out = run_with(Row { time, ..row }, Machine::STANDARD, dice);
    out.share().expect("there is a gain")
}

/// What the middle one of some runs with other dice gains: where phases are short, much hangs
/// on when the first windows come.
fn usual_share(name: &str, time: Ps) -> f64 {
    let mut shares: Vec<_> = (0..21).map(|dice| share_with(name, time, dice)).collect();
    shares.sort_by(f64::total_cmp);
    println!("{name}: {shares:.2?}");
    shares[shares.len() / 2]
}

#[test]
fn steady_orders_gain_nine_tenths_within_a_second() {
    let names = [
        "one type",
        "one type, 20 ns of work between",
        "cycle of 6, all listed",
        "99.9/0.1 random, one listed",
        "80/20 random, both listed",
        "even 4 random, all listed",
    ];
    for name in &names[..if SLOW { 3 } else { names.len() }] {
        // All of the second counts, from the first call on.
        let share = share(name, SEC);
        assert!(share >= 0.9, "{name}: {share}");
    }
}

#[test]
fn the_one_in_use_is_found_among_thousands() {
    let name = "one in bursts among 2,100 that nobody calls";
    let dice = if SLOW { 1 } else { 9 };
    let mut shares: Vec<_> = (0..dice)
        .map(|dice| share_with(name, 2 * SEC, dice))
        .collect();
    shares.sort_by(f64::total_cmp);
    println!("{shares:.2?}");
    assert!(shares[0] >= 0.25, "{shares:.2?}");
}

#[test]
fn misses_that_the_purse_can_pay_for_do_not_keep_a_site_off() {
    let rows = [
        ("99/1 random, one listed, 20 ns of work between", 0.8),
        ("95/5 random, one listed, 20 ns of work between", 0.6),
        ("90/10 random, one listed, 20 ns of work between", 0.4),
    ];
    for (name, least) in rows.into_iter().take(if SLOW { 1 } else { rows.len() }) {
        let share = share(name, SEC / 2);
        assert!(share >= least, "{name}: {share}");
    }
    if !SLOW {
        let tight = share("99/1 random, one listed", SEC / 2);
        assert!(tight >= 0.3, "{tight}");
    }
}

#[test]
fn phases_far_below_half_a_second_gain() {
    for (name, least) in [
        ("phases of 50 ms, 1 of 2 listed", 0.7),
        ("phases of 200 ms, 1 of 2 listed", 0.9),
        ("listed, and a plugin of 10 ms every 100 ms", 0.95),
    ] {
        let share = usual_share(name, 2 * SEC);
        assert!(share >= least, "{name}: {share}");
    }
}

/// Windows and passes are paid by the program's time, of which there is little.
#[test]
fn a_program_that_sleeps_most_of_the_time_gains() {
    let costly = Machine {
        prices: Prices {
            book: 20 * NS,
            record: 120 * NS,
            skip: 15 * NS,
            clock: US,
            page: 60 * US,
            pass: 20 * US,
            ..Machine::STANDARD.prices
        },
        ..Machine::STANDARD
    };
    for name in [
        "26 ms of listed calls, 174 ms of sleep",
        "26 ms of listed calls, 174 ms of sleep, passes every 100 ms",
        "5 ms of listed calls, 95 ms of sleep",
    ] {
        let row = all().into_iter().find(|row| row.name == name);
        let row = row.expect("it is one of them");
        let out = run(row, costly);
        let share = out.share().expect("there is a gain");
        println!("{name}: {share}");
        assert!(share >= 0.8, "{name}: {share}");
    }
}

#[test]
fn what_misses_a_plan_may_be_added_to_it_while_it_is_on() {
    let name = "one type for 1 s, then 90/10 with another, both listed, 20 ns of work between";
    let share = share(name, 4 * SEC);
    assert!(share >= 0.9, "{share}");
}

/// A site that windows find good and no plan is entered for: its publication is not
/// affordable.
struct Good;

impl super::Sites for Good {
    fn swap(&mut self, _: usize, to: super::Block) -> super::Block {
        to
    }

    fn recorded(&mut self, _: usize) -> super::Window {
        let mut window = super::Window::default();
        window.note(1, 128);
        window
    }

    fn offer(&mut self, _: usize, _: &super::Evidence) -> Option<super::Offer> {
        Some(super::Offer {
            plan: 1,
            hits: 1.0,
            gain: 900,
            miss: 0,
            publish: SEC,
        })
    }

    fn hits(&self, _: usize, _: &super::Evidence) -> f64 {
        1.0
    }
}

#[test]
fn a_site_that_was_good_hundreds_of_times_is_still_good() {
    let mut life = super::Life::new(Rules::STANDARD, Machine::STANDARD.prices, 7);
    let site = life.add(0);
    let (mut windows, mut time) = (0, 0);
    while windows < 600 {
        time += SEC;
        let now = super::Now {
            wall: time,
            cpu: time,
        };
        life.pass(super::By::Program, now, &mut Good);
        life.flipped(now, &mut Good);
        if life.state(site) == (super::State::Open { full: false }) {
            windows += 1;
            let answer = life.emptied(site, now, &mut Good);
            assert_eq!(answer.wake, windows >= 2, "after {windows} windows");
            life.flipped(now, &mut Good);
        }
        assert!(time < 100_000 * SEC, "{windows} windows");
    }
}

#[test]
fn what_was_counted_for_long_is_counted_without_an_overflow() {
    use super::Window;
    use crate::window::{BURST, Block, Script, Way};
    let opened = Block::window(16, 100, 1);
    let late = Block {
        left: i32::MIN,
        ..opened
    };
    let (recorded, _) = late.since(opened, false);
    assert_eq!(recorded, i64::from(BURST) - i64::from(i32::MIN));
    // Another's block, as after a site was started anew: numbers, and no panic.
    let other = Block {
        script: Script {
            bursts: 200,
            gaps: 300,
            ..opened.script
        },
        ..opened
    };
    assert!(other.since(opened, false).0 < 0);
    assert_eq!(
        Block::simple(Way::Burst, 0).retry().script.bursts,
        0,
        "there are no more"
    );
    let mut window = Window::default();
    window.note(1, u32::MAX);
    window.note(1, 1);
    window.note(2, 5);
    assert_eq!(window.samples(), u32::MAX);
}

#[test]
fn a_site_that_is_forgotten_starts_anew_and_one_that_is_gone_makes_room() {
    let mut life = super::Life::new(Rules::STANDARD, Machine::STANDARD.prices, 7);
    let (first, second) = (life.add(0), life.add(3));
    life.reset(first);
    assert_eq!(life.state(first), super::State::Off);
    life.remove(second);
    assert_eq!(life.state(second), super::State::Gone);
    assert_eq!(life.add(1), second);
    assert_eq!(life.state(second), super::State::Off);
}

/// A site that nobody calls.
struct Silence(Block);

impl Sites for Silence {
    fn swap(&mut self, _: usize, to: Block) -> Block {
        std::mem::replace(&mut self.0, to)
    }

    fn recorded(&mut self, _: usize) -> Window {
        Window::default()
    }

    fn offer(&mut self, _: usize, _: &Evidence) -> Option<Offer> {
        None
    }

    fn hits(&self, _: usize, _: &Evidence) -> f64 {
        0.0
    }
}

/// Or others would never have one, which is opened when none is open.
#[test]
fn a_window_that_nobody_calls_through_is_closed_however_often_passes_come() {
    let mut life = Life::new(Rules::STANDARD, Machine::STANDARD.prices, 7);
    let site = life.add(0);
    let mut calls = Silence(Block::PLAIN);
    let (mut opened, mut closed) = (0, 0);
    let mut before = life.state(site);
    for pass in 0..1_000 {
        let at = pass * MS;
        let now = Now { wall: at, cpu: at };
        life.pass(By::Program, now, &mut calls);
        life.flipped(now, &mut calls);
        let is_open = |state| matches!(state, State::Open { .. });
        let state = life.state(site);
        opened += u32::from(!is_open(before) && is_open(state));
        closed += u32::from(is_open(before) && !is_open(state));
        before = state;
    }
    assert!(opened > 1 && closed > 0, "{opened} and {closed}");
}

#[test]
fn the_rate_of_a_site_is_told_where_its_calls_come_evenly() {
    let mut life = Life::new(Rules::STANDARD, Machine::STANDARD.prices, 1);
    life.add(0);
    let every = |life: &mut Life, empty: Ps| {
        let site = &mut life.sites[0];
        (site.watched, site.called, site.empty) = (super::site::BELIEVED, 1000, empty);
        life.every(0)
    };
    let even = every(&mut life, 0).unwrap();
    assert_eq!(every(&mut life, 7 * even), Some(even));
    // In a window without a call there would have been eight.
    assert_eq!(every(&mut life, 8 * even), None);
}
