//! Programs that were made to hurt, and any number at random.

use super::orders::{P, W, at, batch, one, row, single};
use super::{Clock, Passes, Row, Segment, is_on};
use crate::life::{MS, NS, Ps, SEC, US};
use crate::window::{Block, Way};

/// All that have names.
pub(super) fn all() -> Vec<Row> {
    let mut rows = against();
    rows.extend(clocks());
    rows.extend(odd());
    rows
}

/// Listed types while off; when on, misses, and between them as much work as would do for
/// hits, so that all that the purse holds is spent.
fn drains(sites: usize) -> impl FnMut(&[Block], Ps, f64) -> Segment {
    let (mut step, mut lately) = (0, 0);
    move |blocks, _, _| {
        step += 1;
        let on = blocks.iter().position(|block| block.way == Way::On);
        // Where a lock was taken, calls are plain for a while, and then not.
        lately = if on.is_some() {
            200
        } else {
            (lately - 1).max(0)
        };
        let calls = if lately > 0 { 64 } else { 2_000 };
        match (on, step % 4) {
            (_, 0) => Segment::Pass,
            (Some(_), 1 | 3) => Segment::Work(NS * 700),
            (Some(site), _) => at(site, 1, 64),
            (None, _) => at(step / 4 % sites, 0, calls),
        }
    }
}

/// Listed types while off or watched, unlisted ones when on; with a pass at each step
/// while `pass` says so.
fn adversary(pass: fn(bool) -> bool) -> impl FnMut(&[Block], Ps, f64) -> Segment {
    let mut step = 0;
    move |sites, _, _| {
        step += 1;
        let on = is_on(sites, 0);
        if step % 2 == 0 && pass(on) {
            Segment::Pass
        } else {
            one(usize::from(on), 200)
        }
    }
}

fn against() -> Vec<Row> {
    let mut rows = Vec::new();
    let name = "adversary: misses when on, listed when not";
    rows.push(row(name, 1, W, 5 * SEC, adversary(|_| false)));
    rows.push(row(
        "adversary, a pass at each step",
        1,
        P,
        5 * SEC,
        adversary(|_| true),
    ));
    rows.push(row(
        "adversary, no pass unless off",
        1,
        P,
        5 * SEC,
        adversary(|on| !on),
    ));
    let mut step = 0;
    let many = move |sites: &[Block], _, dice: f64| {
        step += 1;
        if step % 100 == 0 {
            return Segment::Pass;
        }
        let on = sites.iter().position(|site| site.way == Way::On);
        let any = if step % 4 == 0 {
            (dice * 1000.0) as usize
        } else {
            step / 1000 % 1000
        };
        at(on.unwrap_or(any), usize::from(on.is_some()), 2_000)
    };
    let many = row("adversary at 1,000 sites", 1, P, 5 * SEC, many);
    rows.push(Row {
        sites: 1000,
        ..many
    });
    let mut was = false;
    let name = "adversary, silent for 1 s when on, then misses";
    rows.push(row(name, 1, W, 60 * SEC, move |sites, _, _| {
        let (on, before) = (is_on(sites, 0), was);
        was = on;
        if on && !before {
            Segment::Idle(SEC)
        } else {
            one(usize::from(on), 200)
        }
    }));
    // Just as many misses as look worth it.
    for (name, hits) in [("19 of 20", 19), ("9 of 10", 9), ("5 of 6", 5)] {
        let mut step = 0;
        let name = format!("adversary, {name} are hits while off, half of them when on");
        rows.push(row(&name, 1, W, 5 * SEC, move |sites, _, _| {
            step += 1;
            let hits = if is_on(sites, 0) { 1 } else { hits };
            let misses = step % 2 == 0;
            one(usize::from(misses), if misses { 10 } else { 10 * hits })
        }));
    }
    // What looks like time for hits, between misses that empty the purse.
    for (sites, passes, taken) in [(1, W, 0.0), (1, P, 0.0), (1, W, 0.9), (40, W, 0.0)] {
        let by = if passes == P {
            "passes of its own"
        } else {
            "a worker"
        };
        let name =
            format!("adversary, misses between work, {sites} sites, {by}, locks taken {taken}");
        rows.push(Row {
            sites,
            taken,
            ..row(&name, 1, passes, 5 * SEC, drains(sites))
        });
    }
    let mut adversary = row(
        "adversary, locks taken",
        1,
        W,
        5 * SEC,
        adversary(|_| false),
    );
    adversary.taken = 0.5;
    rows.push(adversary);
    rows
}

fn clocks() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, clock) in [
        ("stops after 1 s", Clock::Stops(SEC)),
        ("jumps 10 s every 50 ms", Clock::Jumps(50 * MS)),
        ("jumps 10 s every 5 ms", Clock::Jumps(5 * MS)),
        ("swings by 1 s", Clock::Swings),
    ] {
        let name = format!("one type, clock {name}");
        rows.push(Row {
            clock,
            ..row(&name, 1, W, 3 * SEC, single())
        });
        let name = name.replace("one type", "adversary");
        rows.push(Row {
            clock,
            ..row(&name, 1, P, 3 * SEC, adversary(|_| true))
        });
    }
    rows
}

fn odd() -> Vec<Row> {
    let mut rows = Vec::new();
    for list in [1, 0] {
        let mut done = false;
        let name = format!("one type, {list} listed, retarget called once");
        rows.push(row(&name, list, P, 5 * SEC, move |_, now, _| {
            if now > SEC && !done {
                done = true;
                Segment::Pass
            } else {
                one(0, 50_000)
            }
        }));
    }
    let (mut step, mut kind) = (0, 0);
    let name = "retarget for 1 s, then never; unlisted after 2 s";
    rows.push(row(name, 1, P, 5 * SEC, move |_, now, _| {
        step += 1;
        if step % 2 == 0 {
            one(usize::from(now > 2 * SEC), 20_000)
        } else if now < SEC {
            Segment::Pass
        } else {
            Segment::Phase
        }
    }));
    let name = "two threads, a listed type and an unlisted";
    let two = row(name, 1, W, 5 * SEC, move |sites, _, _| {
        kind += 1;
        let calls = if sites[0].way == Way::Plain { 512 } else { 16 };
        one(kind % 2, calls)
    });
    rows.push(Row { threads: 2, ..two });
    let locked = row(
        "one type, locks taken nine times in ten",
        1,
        W,
        5 * SEC,
        single(),
    );
    rows.push(Row {
        taken: 0.9,
        ..locked
    });
    rows
}

/// A program drawn at random: any number of sites and types, with and without work, phases,
/// silence and passes, in part by what the machine is doing.
pub(crate) fn random(number: u64, time: Ps) -> Row {
    let mut seed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 24) % below
    };
    let sites = [1, 1, 2, 5, 40][draw(5) as usize];
    let list = draw(4) as usize;
    let passes = match draw(5) {
        0 => Passes::Program,
        1 => Passes::Exact((1 + draw(30) as Ps) * MS),
        2 => Passes::Random((1 + draw(30) as Ps) * MS),
        _ => W,
    };
    let work = [0, 0, 2 * NS, 20 * NS, 500 * NS][draw(5) as usize];
    let spite = draw(3);
    let taken = [0.0, 0.0, 0.3, 0.9][draw(4) as usize];
    let threads = [1, 1, 1, 3][draw(4) as usize];
    let sites_a_page = [1, 8, 100][draw(3) as usize];
    let longest = [50, 2_000, 60_000][draw(3) as usize];
    let mixes: [&[f64]; 4] = [
        &[0.99, 0.01],
        &[0.9, 0.1],
        &[0.5, 0.3, 0.2],
        &[0.999, 0.001],
    ];
    let mut kind = 0;
    let order = move |blocks: &[Block], _: Ps, _: f64| {
        let any = draw(sites) as usize;
        let calls = 1 + draw(longest);
        if draw(3) == 0 {
            kind = draw(5) as usize;
        }
        match draw(40) {
            0 => Segment::Idle(draw(3_000) as Ps * US),
            1..=3 if passes == Passes::Program => Segment::Pass,
            4 => Segment::Mix {
                site: any,
                shares: mixes[draw(4) as usize],
                calls,
            },
            5 => Segment::Cycle {
                site: any,
                kinds: 2 + draw(5) as usize,
                calls: calls.min(500),
            },
            6 => batch(draw(1_000) as usize, calls),
            // Misses where they hurt, and otherwise what makes the machine hope.
            _ if spite > 0 => {
                let on = blocks.iter().position(|block| block.way == Way::On);
                match on {
                    Some(on) if spite == 1 || draw(2) == 0 => at(on, list, calls.min(300)),
                    _ => at(any, 0, calls),
                }
            }
            _ => at(any, kind, calls),
        }
    };
    Row {
        sites: sites as usize,
        sites_a_page,
        work,
        threads,
        taken,
        ..row(&format!("random {number}"), list, passes, time, order)
    }
}
