//! A plugin for the `packet-filter` example: a rule that notices who tries one port after
//! the other.
//!
//! The filter does not know the type. It asks for it by name once it has loaded this library.

use std::fmt;

use static_call::static_dispatch;
use static_call_example_packets::{FastRule, Packets, Rule, Senders, Side, flags, protocol};

static_call::export_plugin! {
    "scan" => fn(ports: u32) -> Box<dyn Rule> { Box::new(Scan::new(ports)) },
    // The same, as an object with calls that are dispatched.
    "fast scan" => fn(ports: u32) -> Box<dyn FastRule> { Box::new(Scan::new(ports)) },
}

/// A sender that has begun connections to more than so many ports.
struct Scan {
    most: u32,
    senders: Senders<Tried>,
}

/// The ports that one sender has tried, each by a bit: 64 groups of them.
#[derive(Clone, Copy, Default)]
struct Tried(u64);

impl Scan {
    fn new(most: u32) -> Self {
        Self {
            most,
            senders: Senders::new(),
        }
    }
}

#[static_dispatch]
impl Rule for Scan {
    fn matches(&mut self, packets: &Packets, at: u8) -> bool {
        let at = usize::from(at);
        let begins = packets.protocol[at] == protocol::TCP
            && packets.flags[at] & (flags::SYN | flags::ACK) == flags::SYN;
        if !begins {
            return false;
        }
        let tried = self.senders.of(packets.address[Side::From as usize][at]);
        tried.0 |= 1 << (packets.port[Side::To as usize][at] % 64);
        tried.0.count_ones() > self.most
    }

    fn stateless(&self) -> bool {
        false
    }
}

impl fmt::Display for Scan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "scan {}", self.most)
    }
}
