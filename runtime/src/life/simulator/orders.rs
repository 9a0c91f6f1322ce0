//! Programs such as there are.

use super::{Clock, Passes, Row, Segment};
use crate::life::{MS, NS, Ps, SEC, US};
use crate::window::Block;

pub(super) const W: Passes = Passes::Worker(100 * MS);
pub(super) const P: Passes = Passes::Program;

pub(super) fn row(
    name: &str,
    list: usize,
    passes: Passes,
    time: Ps,
    order: impl FnMut(&[Block], Ps, f64) -> Segment + 'static,
) -> Row {
    Row {
        name: name.into(),
        list,
        chain: 0,
        sites: 1,
        sites_a_page: 8,
        work: 0,
        passes,
        clock: Clock::True,
        threads: 1,
        taken: 0.0,
        time,
        order: Box::new(order),
    }
}

pub(super) fn at(site: usize, kind: usize, calls: u64) -> Segment {
    Segment::Run {
        site,
        kind,
        calls,
        fresh: false,
    }
}

pub(super) fn one(kind: usize, calls: u64) -> Segment {
    at(0, kind, calls)
}

pub(super) fn batch(kind: usize, calls: u64) -> Segment {
    Segment::Run {
        site: 0,
        kind,
        calls,
        fresh: true,
    }
}

/// Plays segments over and over.
fn over(segments: Vec<Segment>) -> impl FnMut(&[Block], Ps, f64) -> Segment {
    let mut turn = 0;
    move |_, _, _| {
        turn += 1;
        segments[(turn - 1) % segments.len()].clone()
    }
}

fn mix(shares: &'static [f64]) -> impl FnMut(&[Block], Ps, f64) -> Segment {
    move |_, _, _| Segment::Mix {
        site: 0,
        shares,
        calls: 1 << 17,
    }
}

/// Four types, sorted; a frame is ten million calls, or one round through all.
fn batches(calls: u64, pass_per: &str) -> Vec<Segment> {
    let mut all = Vec::new();
    if pass_per == "frame" {
        all.push(Segment::Pass);
    }
    for _ in 0..(10_000_000 / (4 * calls)).max(1) {
        for kind in 0..4 {
            if pass_per == "batch" {
                all.push(Segment::Pass);
            }
            all.push(batch(kind, calls));
        }
    }
    all
}

/// A listed type, then an unlisted one, and so on.
fn phases(of: Ps) -> impl FnMut(&[Block], Ps, f64) -> Segment {
    let mut last = 0;
    move |_, now, _| {
        if now / of == last {
            one((last % 2) as usize, (of / NS / 50).min(20_000) as u64)
        } else {
            last = now / of;
            Segment::Phase
        }
    }
}

/// Every program with a name; with how many of them the figures are told.
pub(crate) fn all() -> Vec<Row> {
    let mut rows = steady();
    rows.extend(in_batches());
    rows.extend(in_phases());
    rows.extend(many_sites());
    rows.extend(super::spite::all());
    rows
}

fn busy(row: Row) -> Row {
    Row {
        work: 20 * NS,
        name: format!("{}, 20 ns of work between", row.name),
        ..row
    }
}

pub(super) fn single() -> impl FnMut(&[Block], Ps, f64) -> Segment {
    over(vec![one(0, 1 << 16)])
}

fn steady() -> Vec<Row> {
    let cycle = || {
        over(vec![Segment::Cycle {
            site: 0,
            kinds: 6,
            calls: 6_000,
        }])
    };
    let five = 5 * SEC;
    vec![
        row("one type", 1, W, five, single()),
        busy(row("one type", 1, W, five, single())),
        row("one unlisted type", 0, W, five, single()),
        row("80/20 random, both listed", 2, W, five, mix(&[0.8, 0.2])),
        row("80/20 random, one listed", 1, W, five, mix(&[0.8, 0.2])),
        row("even 4 random, all listed", 4, W, five, mix(&[0.25; 4])),
        row("even 8 random, all listed", 8, W, five, mix(&[0.125; 8])),
        row("even 8 random, 2 listed", 2, W, five, mix(&[0.125; 8])),
        row(
            "99.9/0.1 random, one listed",
            1,
            W,
            five,
            mix(&[0.999, 0.001]),
        ),
        row(
            "99.5/0.5 random, one listed",
            1,
            W,
            five,
            mix(&[0.995, 0.005]),
        ),
        row("99/1 random, one listed", 1, W, five, mix(&[0.99, 0.01])),
        row("95/5 random, one listed", 1, W, five, mix(&[0.95, 0.05])),
        row("90/10 random, one listed", 1, W, five, mix(&[0.9, 0.1])),
        busy(row(
            "99/1 random, one listed",
            1,
            W,
            five,
            mix(&[0.99, 0.01]),
        )),
        busy(row(
            "95/5 random, one listed",
            1,
            W,
            five,
            mix(&[0.95, 0.05]),
        )),
        busy(row(
            "90/10 random, one listed",
            1,
            W,
            five,
            mix(&[0.9, 0.1]),
        )),
        row("cycle of 6, all listed", 6, W, five, cycle()),
        row("cycle of 6, 2 listed", 2, W, five, cycle()),
    ]
}

fn in_batches() -> Vec<Row> {
    let mut rows = Vec::new();
    for calls in [500, 5_000, 20_000, 1_000_000] {
        for (per, passes) in [
            ("frame", P),
            ("batch", P),
            ("random", Passes::Random(10 * MS)),
            ("worker", W),
        ] {
            let name = format!("batches of {calls}, 1 of 4 listed, pass per {per}");
            rows.push(row(&name, 1, passes, 3 * SEC, over(batches(calls, per))));
        }
    }
    for (name, list) in [("two", 2), ("one", 1)] {
        let round = vec![Segment::Pass, batch(0, 4096), batch(1, 4096)];
        let name = format!("{name} of two listed, runs of 4,096, pass per round");
        rows.push(row(&name, list, P, 3 * SEC, over(round)));
    }
    rows
}

fn in_phases() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, of) in [
        ("1 ms", MS),
        ("10 ms", 10 * MS),
        ("50 ms", 50 * MS),
        ("200 ms", 200 * MS),
        ("1 s", SEC),
        ("10 s", 10 * SEC),
    ] {
        let time = (of * 20).clamp(5 * SEC, 60 * SEC);
        let name = format!("phases of {name}, 1 of 2 listed");
        rows.push(row(&name, 1, W, time, phases(of)));
    }
    let exact = Passes::Exact(100 * MS);
    let name = "phases of 50 ms, 1 of 2 listed, passes every 100 ms";
    rows.push(row(name, 1, exact, 5 * SEC, phases(50 * MS)));
    let mut kind = 0;
    rows.push(row(
        "flood of new types, 5,000 calls each",
        1,
        W,
        3 * SEC,
        move |_, _, _| {
            kind += 1;
            batch(kind, 5_000)
        },
    ));
    let plugin = |_: &[Block], now, _| {
        let unlisted = now / (10 * MS) % 10 == 9;
        one(usize::from(unlisted), 10_000)
    };
    let name = "listed, and a plugin of 10 ms every 100 ms";
    rows.push(row(name, 1, W, 10 * SEC, plugin));
    let name = "listed, and a plugin of 10 ms every 100 ms, passes every 100 ms";
    rows.push(row(name, 1, exact, 10 * SEC, plugin));
    let burst = |kind| [Segment::Idle(SEC), one(kind, 700_000)];
    let name = "26 ms of listed calls, 174 ms of sleep";
    let turn = vec![one(0, 18_000_000), Segment::Idle(174 * MS)];
    rows.push(row(name, 1, W, 20 * SEC, over(turn.clone())));
    let name = "26 ms of listed calls, 174 ms of sleep, passes every 100 ms";
    rows.push(row(name, 1, exact, 20 * SEC, over(turn)));
    let name = "5 ms of listed calls, 95 ms of sleep";
    let turn = vec![one(0, 3_500_000), Segment::Idle(95 * MS)];
    rows.push(row(name, 1, W, 20 * SEC, over(turn)));
    let name = "1 ms of listed calls after 1 s of silence";
    rows.push(row(name, 1, W, 60 * SEC, over(burst(0).into())));
    let name = "1 ms of listed, 1 ms of unlisted, 1 s of silence before each";
    rows.push(row(
        name,
        1,
        W,
        60 * SEC,
        over([burst(0), burst(1)].concat()),
    ));
    let kinds = |_: &[Block], now, _| {
        if now < SEC {
            Segment::Mix {
                site: 0,
                shares: &[0.25; 4],
                calls: 10_000,
            }
        } else {
            one(3, 10_000)
        }
    };
    let name = "one type for 1 s, then 90/10 with another, both listed";
    let both = |_: &[Block], now, _| {
        if now < SEC {
            one(0, 10_000)
        } else {
            Segment::Mix {
                site: 0,
                shares: &[0.9, 0.1],
                calls: 10_000,
            }
        }
    };
    rows.push(busy(row(name, 2, W, 5 * SEC, both)));
    let name = "even 4 random for 1 s, then one type, all listed";
    rows.push(row(name, 4, W, 5 * SEC, kinds));
    rows
}

fn many_sites() -> Vec<Row> {
    let turns = |calls, ends: Ps| {
        let mut turn = 0;
        move |_: &[Block], now, _| {
            turn += 1;
            at(turn % 1000, usize::from(now > ends), calls)
        }
    };
    let many = |row: Row| Row { sites: 1000, ..row };
    let mut step = 0;
    let hot = move |_: &[Block], _, dice: f64| {
        step += 1;
        if step % 2 == 0 {
            one(0, 100_000)
        } else {
            at((dice * 1000.0) as usize, 0, 1)
        }
    };
    let name = "1,000 sites in turn, 64 calls each";
    let mut rows = vec![
        many(row(name, 1, W, 10 * SEC, turns(64, Ps::MAX))),
        many(row(
            "the same, all unlisted after 9 s",
            1,
            W,
            10 * SEC,
            turns(64, 9 * SEC),
        )),
        many(row("one hot among 1,000 cold", 1, W, 5 * SEC, hot)),
    ];
    // Each burst is longer than a window, and so is the time between two.
    let bursts = vec![
        Segment::Mix {
            site: 1_500,
            shares: &[0.8, 0.2],
            calls: 50_000,
        },
        Segment::Work(800 * US),
    ];
    rows.push(Row {
        sites: 2_100,
        sites_a_page: 35,
        ..row(
            "one in bursts among 2,100 that nobody calls",
            2,
            Passes::Worker(10 * MS),
            3 * SEC,
            over(bursts),
        )
    });
    let name = "1,000 sites in turn, 10 us of work between";
    rows.push(Row {
        work: 10 * US,
        ..many(row(name, 1, W, 60 * SEC, turns(1, Ps::MAX)))
    });
    rows
}
