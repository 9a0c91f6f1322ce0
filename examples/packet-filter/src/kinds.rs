//! The kinds of rules. Each is a few instructions, so that the call is most of what it costs.

use std::fmt::{self, Display, Formatter};
use std::net::Ipv6Addr;

use static_call::static_dispatch;

use crate::Rule;
use crate::packet::{Packets, Side, flags, protocol};
use crate::senders::Senders;

/// A range of ports, of one protocol or of any.
#[derive(Clone, Debug)]
pub struct Ports {
    /// Which port.
    pub side: Side,
    /// Numbers of the protocols: TCP and UDP, or one of them twice: an `Option` would be a branch
    /// for each packet.
    pub protocols: [u8; 2],
    /// The lowest port.
    pub low: u16,
    /// The highest port.
    pub high: u16,
}

#[static_dispatch]
impl Rule for Ports {
    #[inline]
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a branch that nobody can foresee costs more than a comparison"
    )]
    fn matches(&mut self, packets: &Packets, at: u8) -> bool {
        let at = usize::from(at);
        let port = packets.port[self.side as usize][at];
        let protocol = packets.protocol[at];
        let [one, other] = self.protocols;
        ((protocol == one) | (protocol == other)) & (self.low <= port) & (port <= self.high)
    }
}

impl Display for Ports {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "ports ")?;
        if let [one, other] = self.protocols
            && one == other
        {
            write!(formatter, "{} ", Named(one))?;
        }
        write!(formatter, "{} ", Way(self.side))?;
        range(formatter, &self.low, &self.high)
    }
}

/// Addresses that begin alike.
#[derive(Clone, Debug)]
pub struct Net {
    /// Which address.
    pub side: Side,
    /// The first address; of IPv4, in its place among IPv6 addresses.
    pub address: u128,
    /// How many bits of it count, of 128.
    pub bits: u8,
}

#[static_dispatch]
impl Rule for Net {
    #[inline]
    fn matches(&mut self, packets: &Packets, at: u8) -> bool {
        let at = usize::from(at);
        // As many leading bits as count.
        let mask = !u128::MAX.checked_shr(self.bits.into()).unwrap_or(0);
        (packets.address[self.side as usize][at] ^ self.address) & mask == 0
    }
}

impl Display for Net {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let address = Ipv6Addr::from(self.address);
        let side = Way(self.side);
        match address.to_ipv4_mapped() {
            Some(short) if self.bits >= 96 => {
                write!(formatter, "net {side} {short}/{}", self.bits - 96)
            }
            _ => write!(formatter, "net {side} {address}/{}", self.bits),
        }
    }
}

/// A protocol.
#[derive(Clone, Debug)]
pub struct Protocol(
    /// Its number.
    pub u8,
);

#[static_dispatch]
impl Rule for Protocol {
    #[inline]
    fn matches(&mut self, packets: &Packets, at: u8) -> bool {
        let at = usize::from(at);
        packets.protocol[at] == self.0
    }
}

impl Display for Protocol {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "protocol {}", Named(self.0))
    }
}

/// Bytes on the wire.
#[derive(Clone, Debug)]
pub struct Length {
    /// The least.
    pub low: u32,
    /// The most.
    pub high: u32,
}

#[static_dispatch]
impl Rule for Length {
    #[inline]
    fn matches(&mut self, packets: &Packets, at: u8) -> bool {
        let at = usize::from(at);
        (self.low..=self.high).contains(&packets.length[at])
    }
}

impl Display for Length {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "length ")?;
        range(formatter, &self.low, &self.high)
    }
}

/// TCP with these flags set and those not.
#[derive(Clone, Debug)]
pub struct Tcp {
    /// Flags that must be set.
    pub set: u8,
    /// Flags that must not.
    pub clear: u8,
}

#[static_dispatch]
impl Rule for Tcp {
    #[inline]
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a branch that nobody can foresee costs more than a comparison"
    )]
    fn matches(&mut self, packets: &Packets, at: u8) -> bool {
        let at = usize::from(at);
        let flags = packets.flags[at];
        (packets.protocol[at] == protocol::TCP) & (flags & (self.set | self.clear) == self.set)
    }
}

impl Tcp {
    /// The flags by their names.
    pub const NAMES: [(&'static str, u8); 6] = [
        ("fin", flags::FIN),
        ("syn", flags::SYN),
        ("rst", flags::RST),
        ("psh", flags::PSH),
        ("ack", flags::ACK),
        ("urg", flags::URG),
    ];
}

impl Display for Tcp {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "flags ")?;
        let mut comma = "";
        for (name, flag) in Self::NAMES {
            let sign = match (self.set & flag, self.clear & flag) {
                (0, 0) => continue,
                (0, _) => "!",
                _ => "",
            };
            write!(formatter, "{comma}{sign}{name}")?;
            comma = ",";
        }
        Ok(())
    }
}

/// A type of ICMP message, of either version.
#[derive(Clone, Debug)]
pub struct Icmp(
    /// Its number.
    pub u8,
);

#[static_dispatch]
impl Rule for Icmp {
    #[inline]
    fn matches(&mut self, packets: &Packets, at: u8) -> bool {
        let at = usize::from(at);
        (packets.protocol[at] == protocol::ICMP || packets.protocol[at] == protocol::ICMP6)
            && packets.icmp[at] == self.0
    }
}

impl Display for Icmp {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "icmp {}", self.0)
    }
}

/// Tagged with one of these VLANs.
#[derive(Clone, Debug)]
pub struct Vlan {
    /// The lowest number.
    pub low: u16,
    /// The highest number.
    pub high: u16,
}

#[static_dispatch]
impl Rule for Vlan {
    #[inline]
    fn matches(&mut self, packets: &Packets, at: u8) -> bool {
        let at = usize::from(at);
        packets.vlan[at] != 0 && (self.low..=self.high).contains(&packets.vlan[at])
    }
}

impl Display for Vlan {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "vlan ")?;
        range(formatter, &self.low, &self.high)
    }
}

/// Hops that are left: few are a trace of the route, or a loop.
#[derive(Clone, Debug)]
pub struct Lifetime {
    /// The fewest.
    pub low: u8,
    /// The most.
    pub high: u8,
}

#[static_dispatch]
impl Rule for Lifetime {
    #[inline]
    fn matches(&mut self, packets: &Packets, at: u8) -> bool {
        let at = usize::from(at);
        (self.low..=self.high).contains(&packets.lifetime[at])
    }
}

impl Display for Lifetime {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "ttl ")?;
        range(formatter, &self.low, &self.high)
    }
}

/// IPv4 or IPv6.
#[derive(Clone, Debug)]
pub struct Version(
    /// 4 or 6.
    pub u8,
);

#[static_dispatch]
impl Rule for Version {
    #[inline]
    fn matches(&mut self, packets: &Packets, at: u8) -> bool {
        let at = usize::from(at);
        packets.version[at] == self.0
    }
}

impl Display for Version {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "version {}", self.0)
    }
}

/// A part of a packet.
#[derive(Clone, Debug)]
pub struct Fragment;

#[static_dispatch]
impl Rule for Fragment {
    #[inline]
    fn matches(&mut self, packets: &Packets, at: u8) -> bool {
        let at = usize::from(at);
        packets.fragment[at]
    }
}

impl Display for Fragment {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("fragment")
    }
}

/// More packets of one sender than so many a second.
#[derive(Clone, Debug)]
pub struct Rate {
    most: u32,
    senders: Senders<Second>,
}

/// What came of one sender in the second that began then.
#[derive(Clone, Copy, Debug, Default)]
struct Second {
    began: u64,
    packets: u32,
}

impl Rate {
    /// More than `most` packets a second.
    #[must_use]
    pub fn new(most: u32) -> Self {
        Self {
            most,
            senders: Senders::new(),
        }
    }
}

#[static_dispatch]
impl Rule for Rate {
    fn matches(&mut self, packets: &Packets, at: u8) -> bool {
        let at = usize::from(at);
        let second = self.senders.of(packets.address[Side::From as usize][at]);
        if packets.time[at].saturating_sub(second.began) >= 1_000_000_000 {
            *second = Second {
                began: packets.time[at],
                packets: 0,
            };
        }
        second.packets = second.packets.saturating_add(1);
        second.packets > self.most
    }

    fn stateless(&self) -> bool {
        false
    }
}

impl Display for Rate {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "rate {}", self.most)
    }
}

fn range<N: Display + PartialEq>(formatter: &mut Formatter<'_>, low: &N, high: &N) -> fmt::Result {
    if low == high {
        write!(formatter, "{low}")
    } else {
        write!(formatter, "{low}-{high}")
    }
}

struct Way(Side);

impl Display for Way {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            Side::From => "from",
            Side::To => "to",
        })
    }
}

/// A protocol, by its name if it has one here.
struct Named(u8);

impl Display for Named {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            protocol::ICMP => formatter.write_str("icmp"),
            protocol::TCP => formatter.write_str("tcp"),
            protocol::UDP => formatter.write_str("udp"),
            protocol::ICMP6 => formatter.write_str("icmp6"),
            other => write!(formatter, "{other}"),
        }
    }
}
