//! Traffic that looks like a small company's, made from a seed: the same seed, the same bytes.

use etherparse::{PacketBuilder, TcpHeader, VlanId};

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
        self.write(bytes);
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

    fn write(&mut self, bytes: &mut Vec<u8>) {
        let random = &mut self.random;
        let mut at = random.below(MIX.iter().map(|(_, share)| share).sum());
        let class = MIX.iter().find(|(_, share)| {
            let hit = at < *share;
            at = at.wrapping_sub(*share);
            hit
        });
        let class = class.map_or(Class::Peers, |(class, _)| *class);
        if let Class::Resolution = class {
            bytes.extend_from_slice(&[0xff; 6]);
            bytes.extend_from_slice(&[2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
            bytes.resize(60, 0);
            return;
        }

        // Flows come and go; the house has two hundred hosts, of which few do the most.
        let inside = random.below(200).min(random.below(200));
        let outside = random.below(4096).min(random.below(4096));
        let (inside, outside) = match class {
            Class::Scan => (inside, 0xfffe),
            _ => (inside, outside),
        };
        let short = (low16(inside), low16(outside));
        let out = !matches!(class, Class::Scan | Class::Closed) && random.below(2) == 0;
        let high = 32_768 + low16(random.below(28_000));
        let (service, tcp) = match class {
            Class::Secure => (443, true),
            Class::Quic => (443, false),
            Class::Names => (53, false),
            Class::Web => (80, true),
            Class::Shell => (22, true),
            Class::Closed => (CLOSED[low16(random.below(8)) as usize], true),
            Class::Scan => {
                self.scanned = self.scanned % 10_000 + 1;
                (self.scanned, true)
            }
            Class::Peers | Class::Echo | Class::Resolution => {
                (10_000 + low16(random.below(50_000)), random.below(2) == 0)
            }
        };
        // Answers of a server come from its port.
        let to_service = match class {
            Class::Secure | Class::Quic | Class::Names | Class::Web => out,
            Class::Shell => !out,
            _ => true,
        };
        let (from, to) = if to_service {
            (high, service)
        } else {
            (service, high)
        };
        let begins = matches!(class, Class::Scan | Class::Closed) || random.below(20) == 0;
        let payload = match random.below(3) {
            _ if begins => 0,
            0 => 1400 - random.below(100),
            1 => 40 + random.below(400),
            _ => random.below(60),
        };
        let lifetime = if random.below(500) == 0 {
            1
        } else {
            64 - low8(random.below(20))
        };
        let tagged = random.below(5) == 0;
        let long = random.below(4) == 0;
        let tag = 100 + low16(random.below(8));

        let payload = &[0_u8; 1400][..usize::from(low16(payload))];
        let ethernet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        let ends = if out {
            (short.0, short.1, true)
        } else {
            (short.1, short.0, false)
        };
        let ip = |inside: bool, number: u16| {
            let [a, b] = number.to_be_bytes();
            if inside {
                [10, 1, a, b]
            } else {
                [185, 60 + (b & 3), a, b]
            }
        };
        let ip6 = |inside: bool, number: u16| {
            let [a, b] = number.to_be_bytes();
            let net = if inside { 0xaa } else { 0xbb };
            [0x20, 1, 0xd, 0xb8, net, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b]
        };
        let addressed = match (tagged, long) {
            (false, false) => ethernet.ipv4(ip(ends.2, ends.0), ip(!ends.2, ends.1), lifetime),
            (false, true) => ethernet.ipv6(ip6(ends.2, ends.0), ip6(!ends.2, ends.1), lifetime),
            (true, false) => ethernet
                .single_vlan(VlanId::try_new(tag).unwrap_or_default())
                .ipv4(ip(ends.2, ends.0), ip(!ends.2, ends.1), lifetime),
            (true, true) => ethernet
                .single_vlan(VlanId::try_new(tag).unwrap_or_default())
                .ipv6(ip6(ends.2, ends.0), ip6(!ends.2, ends.1), lifetime),
        };
        let written = if let Class::Echo = class {
            let (id, sequence) = (from, to);
            match (long, out) {
                (false, true) => addressed
                    .icmpv4_echo_request(id, sequence)
                    .write(bytes, payload),
                (false, false) => addressed
                    .icmpv4_echo_reply(id, sequence)
                    .write(bytes, payload),
                (true, true) => addressed
                    .icmpv6_echo_request(id, sequence)
                    .write(bytes, payload),
                (true, false) => addressed
                    .icmpv6_echo_reply(id, sequence)
                    .write(bytes, payload),
            }
        } else if tcp {
            let mut header = TcpHeader::new(from, to, 1, 64_000);
            header.syn = begins;
            header.ack = !begins;
            header.psh = !payload.is_empty();
            addressed.tcp_header(header).write(bytes, payload)
        } else {
            addressed.udp(from, to).write(bytes, payload)
        };
        written.expect("a vector takes everything, and no packet is too long");
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
