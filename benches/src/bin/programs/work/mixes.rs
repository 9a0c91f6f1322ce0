//! Handlers of events: many small types, in every order in which types come by.

use static_call_benches::order::Mix;
use static_call_benches::stats::Shuffle;

use crate::program::{Program, Size, Work};

pub(super) const PROGRAMS: [Program; 8] = [
    Program::new(
        "skewed",
        "handlers of events, 80/20 of two types, in an order that nobody foresees",
        |size| {
            Ok(Box::new(Events::new(
                size,
                Order::Steady(Mix::Skewed { of: 2 }),
            )))
        },
    ),
    Program::new(
        "skewed-of-8",
        "handlers of events, 80/20 of eight types",
        |size| {
            Ok(Box::new(Events::new(
                size,
                Order::Steady(Mix::Skewed { of: 8 }),
            )))
        },
    ),
    Program::new(
        "even",
        "handlers of events, eight types, all equally often",
        |size| {
            Ok(Box::new(Events::new(
                size,
                Order::Steady(Mix::Uniform { of: 8 }),
            )))
        },
    ),
    Program::new("cyclic", "handlers of events, six types in turn", |size| {
        Ok(Box::new(Events::new(
            size,
            Order::Steady(Mix::Cycle { of: 6 }),
        )))
    }),
    Program::new(
        "bursty",
        "handlers of events, eight types in runs of 200, a round of many calls and three of few",
        |size| Ok(Box::new(Events::new(size, Order::Bursts))),
    ),
    Program::new(
        "phased",
        "handlers of events, one type and 5 % of another, and a third in place of the first after 512 rounds",
        |size| Ok(Box::new(Events::new(size, Order::Phases { rounds: 512 }))),
    ),
    Program::new(
        "turns-of-two",
        "handlers of events, two types, a round of 4,096 calls of one, then of the other",
        |size| Ok(Box::new(Events::new(size, Order::Turns))),
    ),
    Program::new(
        "two-thirds-unlisted",
        "handlers of events, three types in turn, of which only the first is listed",
        |size| Ok(Box::new(Unlisted::new(size))),
    ),
];

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Handler {
        fn handle(&self, event: u64) -> u64;
    }
}

/// One of eight types.
struct Step<const N: u64> {
    factor: u64,
}

impl<const N: u64> Handler for Step<N> {
    fn handle(&self, event: u64) -> u64 {
        match N % 4 {
            0 => event.wrapping_mul(self.factor),
            1 => event.wrapping_add(self.factor) ^ (event >> 7),
            2 => (event ^ self.factor).rotate_left(11),
            _ => event.wrapping_mul(self.factor) ^ N,
        }
    }
}

static HANDLERS: [&(dyn Handler + Sync); 8] = [
    &Step::<0> { factor: 3 },
    &Step::<1> { factor: 5 },
    &Step::<2> { factor: 7 },
    &Step::<3> { factor: 9 },
    &Step::<4> { factor: 11 },
    &Step::<5> { factor: 13 },
    &Step::<6> { factor: 15 },
    &Step::<7> { factor: 17 },
];

type Handlers = Vec<&'static (dyn Handler + Sync)>;

#[inline(never)]
fn handle(handlers: &Handlers, mut event: u64) -> u64 {
    mark!();
    for handler in handlers {
        event = call!(handler.handle(event), inline = [Step<0>, Step<1>]);
    }
    event
}

#[derive(Clone, Copy)]
enum Order {
    /// The same in every round, and too long to be remembered.
    Steady(Mix),
    /// Runs of 200, and three rounds with a tenth of the calls after each with all.
    Bursts,
    /// 95 in 100 of a type, which changes.
    Phases { rounds: usize },
    /// One type a round.
    Turns,
}

impl Order {
    /// The orders of rounds, of so many blocks of 1,024 calls each.
    fn rounds(self, blocks: usize) -> Vec<Handlers> {
        let mut shuffle = Shuffle::new(2);
        let mut seldom = move |often: usize| if shuffle.below(20) == 0 { 2 } else { often };
        match self {
            Order::Steady(mix) => vec![drawn(mix, blocks)],
            Order::Bursts => {
                let runs = drawn(Mix::Runs { of: 8, length: 200 }, blocks);
                let rest = vec![HANDLERS[0]; blocks * 100];
                vec![runs, rest.clone(), rest.clone(), rest]
            }
            Order::Phases { .. } => (0..2)
                .map(|often| {
                    (0..blocks * 1024)
                        .map(|_| HANDLERS[seldom(often)])
                        .collect()
                })
                .collect(),
            Order::Turns => (0..2).map(|kind| vec![HANDLERS[kind]; 4096]).collect(),
        }
    }
}

fn drawn(mix: Mix, blocks: usize) -> Handlers {
    let mut shuffle = Shuffle::new(1);
    let blocks = (0..blocks).flat_map(|_| mix.kinds(&mut shuffle));
    blocks.map(|kind| HANDLERS[kind]).collect()
}

struct Events {
    order: Order,
    rounds: Vec<Handlers>,
    now: usize,
}

impl Events {
    fn new(size: Size, order: Order) -> Self {
        Events {
            order,
            rounds: order.rounds(size.of(20)),
            now: 0,
        }
    }
}

impl Work for Events {
    fn prepare(&mut self, round: usize) {
        let index = match self.order {
            Order::Phases { rounds } => round / rounds,
            _ => round,
        };
        self.now = index % self.rounds.len();
    }

    fn run(&mut self) -> u64 {
        handle(&self.rounds[self.now], 1)
    }
}

#[inline(never)]
fn handle_first(handlers: &Handlers, mut event: u64) -> u64 {
    mark!();
    for handler in handlers {
        event = call!(handler.handle(event), inline = [Step<0>]);
    }
    event
}

struct Unlisted {
    handlers: Handlers,
}

impl Unlisted {
    fn new(size: Size) -> Self {
        let handlers = (0..size.of(20_000)).map(|index| HANDLERS[index % 3]);
        Unlisted {
            handlers: handlers.collect(),
        }
    }
}

impl Work for Unlisted {
    fn run(&mut self) -> u64 {
        handle_first(&self.handlers, 1)
    }
}
