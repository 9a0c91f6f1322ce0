//! Traffic that looks like a small company's, made from a seed: the same seed, the same bytes.

use etherparse::{IpHeaders, PacketBuilder, PacketBuilderStep, TcpHeader, VlanId};

use crate::frames::{Frame, Link};

/// Frames, one after the other.
pub(crate) struct Traffic {
    random: Random,
    left: u64,
    time: u64,
    /// The port that the scanner tries next.
    scanned: u16,
}

/// What a packet belongs to, and how many of a thousand do.
const MIX: [(Class, u64); 10] = [
    (Class::Secure, 380),
    (Class::Quic, 140),
    (Class::Names, 90),
    (Class::Web, 60),
    (Class::Shell, 30),
    (Class::Echo, 20),
    (Class::Closed, 60),
    (Class::Peers, 190),
    (Class::Scan, 20),
    (Class::Resolution, 10),
];

#[derive(Clone, Copy)]
enum Class {
    /// HTTPS.
    Secure,
    /// HTTP over QUIC.
    Quic,
    /// DNS.
    Names,
    /// HTTP.
    Web,
    /// SSH.
    Shell,
    /// Ping.
    Echo,
    /// Somebody tries a service that is not offered.
    Closed,
    /// Games, calls, downloads: any port to any port.
    Peers,
    /// One host tries one port after the other.
    Scan,
    /// ARP.
    Resolution,
}

/// Services that the built-in rules close.
const CLOSED: [u16; 8] = [23, 111, 139, 445, 1433, 3306, 3389, 6379];

impl Traffic {
    /// Bytes that are captured of a frame.
    const CAPTURED: usize = 96;

    pub(crate) fn new(seed: u64, packets: u64) -> Self {
        Self {
            random: Random(seed),
            left: packets,
            time: 1_700_000_000_000_000_000,
            scanned: 1,
        }
    }

    /// Frames that are left.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Puts the next frame's bytes into `bytes`.
    pub(crate) fn next(&mut self, bytes: &mut Vec<u8>) -> Option<Frame> {
        self.left = self.left.checked_sub(1)?;
        self.time += self.random.below(20_000);
        bytes.clear();
        self.plan().write(bytes);
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let captured = match self.random.below(1000) {
            // Now and then a capture ends too early.
            0 => 38,
            _ => Self::CAPTURED,
        };
        bytes.truncate(captured);
        Some(Frame {
            link: Link::Ethernet,
            time: self.time,
            length,
        })
    }

    /// What the next packet is.
    fn plan(&mut self) -> Plan {
        let random = &mut self.random;
        let class = class(random.below(MIX.iter().map(|(_, share)| share).sum()));
        // The house has two hundred hosts, and the world some thousands; few do the most.
        let inside = low16(random.below(200).min(random.below(200)));
        let outside = match class {
            Class::Scan => 0xfffe,
            _ => low16(random.below(4096).min(random.below(4096))),
        };
        let outwards = !matches!(class, Class::Scan | Class::Closed) && random.below(2) == 0;
        let high = 32_768 + low16(random.below(28_000));
        let (service, tcp) = match class {
            Class::Secure => (443, true),
            Class::Quic => (443, false),
            Class::Names => (53, false),
            Class::Web => (80, true),
            Class::Shell => (22, true),
            Class::Closed => (CLOSED[usize::from(low16(random.below(8)))], true),
            Class::Scan => {
                self.scanned = self.scanned % 10_000 + 1;
                (self.scanned, true)
            }
            Class::Peers | Class::Echo | Class::Resolution => {
                (10_000 + low16(random.below(50_000)), random.below(2) == 0)
            }
        };
        // Answers of a server come from its port.
        let is_asked = match class {
            Class::Secure | Class::Quic | Class::Names | Class::Web => outwards,
            Class::Shell => !outwards,
            _ => true,
        };
        let ports = if is_asked {
            [high, service]
        } else {
            [service, high]
        };
        let begins = matches!(class, Class::Scan | Class::Closed) || random.below(20) == 0;
        let payload = match random.below(3) {
            _ if begins => 0,
            0 => 1400 - random.below(100),
            1 => 40 + random.below(400),
            _ => random.below(60),
        };
        let lifetime = match random.below(500) {
            0 => 1,
            _ => 64 - low8(random.below(20)),
        };
        Plan {
            class,
            inside,
            outside,
            outwards,
            ports,
            tcp,
            begins,
            payload: usize::from(low16(payload)),
            lifetime,
            vlan: (random.below(5) == 0).then(|| 100 + low16(random.below(8))),
            version: if random.below(4) == 0 { 6 } else { 4 },
        }
    }
}

/// The class at this place of the mix.
fn class(at: u64) -> Class {
    let mut end = 0;
    let found = MIX.iter().find(|(_, share)| {
        end += share;
        at < end
    });
    found.map_or(Class::Peers, |(class, _)| *class)
}

/// A packet that is to be written.
struct Plan {
    class: Class,
    /// The number of a host of the house.
    inside: u16,
    /// The number of another host.
    outside: u16,
    outwards: bool,
    /// Of the sender, and of the receiver.
    ports: [u16; 2],
    tcp: bool,
    begins: bool,
    payload: usize,
    lifetime: u8,
    vlan: Option<u16>,
    /// 4 or 6.
    version: u8,
}

impl Plan {
    /// Appends the whole frame.
    fn write(&self, bytes: &mut Vec<u8>) {
        if let Class::Resolution = self.class {
            bytes.extend_from_slice(&[0xff; 6]);
            bytes.extend_from_slice(&[2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
            bytes.resize(60, 0);
            return;
        }
        let ip = self.addressed();
        let payload = &[0_u8; 1400][..self.payload];
        let [from, to] = self.ports;
        let written = match (self.class, self.version, self.outwards) {
            (Class::Echo, 4, true) => ip.icmpv4_echo_request(from, to).write(bytes, payload),
            (Class::Echo, 4, false) => ip.icmpv4_echo_reply(from, to).write(bytes, payload),
            (Class::Echo, _, true) => ip.icmpv6_echo_request(from, to).write(bytes, payload),
            (Class::Echo, _, false) => ip.icmpv6_echo_reply(from, to).write(bytes, payload),
            _ if self.tcp => {
                let mut header = TcpHeader::new(from, to, 1, 64_000);
                header.syn = self.begins;
                header.ack = !self.begins;
                header.psh = !payload.is_empty();
                ip.tcp_header(header).write(bytes, payload)
            }
            _ => ip.udp(from, to).write(bytes, payload),
        };
        written.expect("a vector takes everything, and no packet is too long");
    }

    /// The frame up to its addresses.
    fn addressed(&self) -> PacketBuilderStep<IpHeaders> {
        let [[a, b], [c, d]] = [self.inside.to_be_bytes(), self.outside.to_be_bytes()];
        let mut short = [[10, 1, a, b], [185, 60 + (d & 3), c, d]];
        let mut long = [
            [0x20, 1, 0xd, 0xb8, 0xaa, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b],
            [0x20, 1, 0xd, 0xb8, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0, c, d],
        ];
        if !self.outwards {
            short.reverse();
            long.reverse();
        }
        let frame = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        let tag = self.vlan.and_then(|vlan| VlanId::try_new(vlan).ok());
        match (tag, self.version) {
            (None, 4) => frame.ipv4(short[0], short[1], self.lifetime),
            (None, _) => frame.ipv6(long[0], long[1], self.lifetime),
            (Some(tag), 4) => frame
                .single_vlan(tag)
                .ipv4(short[0], short[1], self.lifetime),
            (Some(tag), _) => frame.single_vlan(tag).ipv6(long[0], long[1], self.lifetime),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "callers have bounded it")]
fn low16(bounded: u64) -> u16 {
    bounded as u16
}

#[expect(clippy::cast_possible_truncation, reason = "callers have bounded it")]
fn low8(bounded: u64) -> u8 {
    bounded as u8
}

/// `SplitMix64`, by Guy Steele, Doug Lea and Christine Flood.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Less than `limit`, which is far below 2^32.
    fn below(&mut self, limit: u64) -> u64 {
        ((self.next() >> 32) * limit) >> 32
    }
}
