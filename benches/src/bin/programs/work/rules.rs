//! A packet filter: 40 rules, four in five of one type, the first that matches decides.
//! Three lists, of one type, of two and of three.

use std::ops::Range;

use static_call_benches::stats::Shuffle;

use crate::program::{Program, Size, Work, mix};

pub(super) const PROGRAMS: [Program; 3] = [
    Program::new(
        "rules-list-of-1",
        "40 packet rules, four in five of one type; one type listed",
        |size| Ok(Box::new(Filter::new(size, first_of_1))),
    ),
    Program::new(
        "rules-list-of-2",
        "the same rules, two types listed",
        |size| Ok(Box::new(Filter::new(size, first_of_2))),
    ),
    Program::new(
        "rules-list-of-3",
        "the same rules, three types listed",
        |size| Ok(Box::new(Filter::new(size, first_of_3))),
    ),
];

struct Packet {
    from: u32,
    port: u16,
    length: u16,
    flags: u8,
}

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Rule {
        fn matches(&self, packet: &Packet) -> bool;
    }
}

struct Network {
    address: u32,
    mask: u32,
}

impl Rule for Network {
    fn matches(&self, packet: &Packet) -> bool {
        packet.from & self.mask == self.address
    }
}

struct Ports {
    low: u16,
    high: u16,
}

impl Rule for Ports {
    fn matches(&self, packet: &Packet) -> bool {
        (self.low..=self.high).contains(&packet.port)
    }
}

struct Long {
    least: u16,
}

impl Rule for Long {
    fn matches(&self, packet: &Packet) -> bool {
        packet.length >= self.least
    }
}

struct Flags {
    all_of: u8,
}

impl Rule for Flags {
    fn matches(&self, packet: &Packet) -> bool {
        packet.flags & self.all_of == self.all_of
    }
}

/// The rule that decides, by its number.
type First = fn(&[Box<dyn Rule>], &Packet) -> usize;

macro_rules! first {
    ($name:ident, $call:expr, $rule:ident, $packet:ident) => {
        #[inline(never)]
        fn $name(rules: &[Box<dyn Rule>], $packet: &Packet) -> usize {
            mark!();
            for (number, $rule) in rules.iter().enumerate() {
                if $call {
                    return number;
                }
            }
            rules.len()
        }
    };
}

first!(
    first_of_1,
    call!(rule.matches(packet), inline = [Network]),
    rule,
    packet
);
first!(
    first_of_2,
    call!(rule.matches(packet), inline = [Network, Ports]),
    rule,
    packet
);
first!(
    first_of_3,
    call!(rule.matches(packet), inline = [Network, Ports, Long]),
    rule,
    packet
);

/// After which the same packets come again.
const ROUNDS: usize = 40;

struct Filter {
    rules: Vec<Box<dyn Rule>>,
    /// More than a branch predictor remembers; each round takes the next few.
    packets: Vec<Packet>,
    now: Range<usize>,
    first: First,
}

impl Filter {
    fn new(size: Size, first: First) -> Self {
        let mut shuffle = Shuffle::new(10);
        let rules = (0..40_u32).map(|number| -> Box<dyn Rule> {
            match number {
                4 | 19 | 33 => Box::new(Ports {
                    low: 60_000,
                    high: 60_100,
                }),
                9 | 26 | 37 => Box::new(Long { least: 1400 }),
                14 | 30 => Box::new(Flags { all_of: 0x77 }),
                _ => Box::new(Network {
                    address: number << 24,
                    mask: 0xFF00_0000,
                }),
            }
        });
        let rules = rules.collect();
        let packets = (0..ROUNDS * size.of(800)).map(|_| Packet {
            from: shuffle.below(1 << 32) as u32,
            port: shuffle.below(1 << 16) as u16,
            length: shuffle.below(1420) as u16,
            flags: shuffle.below(256) as u8,
        });
        Filter {
            rules,
            packets: packets.collect(),
            now: 0..0,
            first,
        }
    }
}

impl Work for Filter {
    fn prepare(&mut self, round: usize) {
        let count = self.packets.len() / ROUNDS;
        let from = round % ROUNDS * count;
        self.now = from..from + count;
    }

    fn run(&mut self) -> u64 {
        let decided = self.packets[self.now.clone()]
            .iter()
            .map(|packet| (self.first)(&self.rules, packet));
        decided.fold(0, |sum, number| mix(sum, number as u64))
    }
}
