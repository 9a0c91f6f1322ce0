//! What rules see of a packet.

/// A packet's headers, as far as rules ask about them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packet {
    /// When it was captured, in nanoseconds since 1970.
    pub time: u64,
    /// Address of the sender; an IPv4 address in its place among IPv6 addresses.
    pub source: u128,
    /// Address of the receiver.
    pub destination: u128,
    /// Bytes on the wire.
    pub length: u32,
    /// Port of the sender; 0 where there are no ports.
    pub source_port: u16,
    /// Port of the receiver; 0 where there are no ports.
    pub destination_port: u16,
    /// The outermost VLAN; 0 without a tag.
    pub vlan: u16,
    /// 4 or 6.
    pub version: u8,
    /// Number of the protocol above IP.
    pub protocol: u8,
    /// Flags of TCP; 0 for others.
    pub flags: u8,
    /// Type of an ICMP message; 0 for others.
    pub icmp: u8,
    /// Hops that are left.
    pub lifetime: u8,
    /// Whether it is a part of a packet.
    pub fragment: bool,
}

/// How many packets are decided about together; their headers fit into the first cache.
pub const BATCH: usize = 256;

/// The headers of some packets, column by column: what a rule asks about lies side by side.
#[derive(Clone, Debug)]
pub struct Packets {
    /// See [`Packet`], also for the others.
    pub time: [u64; BATCH],
    /// By [`Side`].
    pub address: [[u128; BATCH]; 2],
    #[expect(missing_docs, reason = "as in `Packet`")]
    pub length: [u32; BATCH],
    /// By [`Side`].
    pub port: [[u16; BATCH]; 2],
    #[expect(missing_docs, reason = "as in `Packet`")]
    pub vlan: [u16; BATCH],
    #[expect(missing_docs, reason = "as in `Packet`")]
    pub version: [u8; BATCH],
    #[expect(missing_docs, reason = "as in `Packet`")]
    pub protocol: [u8; BATCH],
    #[expect(missing_docs, reason = "as in `Packet`")]
    pub flags: [u8; BATCH],
    #[expect(missing_docs, reason = "as in `Packet`")]
    pub icmp: [u8; BATCH],
    #[expect(missing_docs, reason = "as in `Packet`")]
    pub lifetime: [u8; BATCH],
    #[expect(missing_docs, reason = "as in `Packet`")]
    pub fragment: [bool; BATCH],
}

impl Packets {
    /// Room for packets.
    #[must_use]
    pub fn new() -> Self {
        Self {
            time: [0; BATCH],
            address: [[0; BATCH]; 2],
            length: [0; BATCH],
            port: [[0; BATCH]; 2],
            vlan: [0; BATCH],
            version: [0; BATCH],
            protocol: [0; BATCH],
            flags: [0; BATCH],
            icmp: [0; BATCH],
            lifetime: [0; BATCH],
            fragment: [false; BATCH],
        }
    }

    /// Puts a packet at a place.
    pub fn set(&mut self, at: u8, packet: &Packet) {
        let at = usize::from(at);
        self.time[at] = packet.time;
        self.address[Side::From as usize][at] = packet.source;
        self.address[Side::To as usize][at] = packet.destination;
        self.length[at] = packet.length;
        self.port[Side::From as usize][at] = packet.source_port;
        self.port[Side::To as usize][at] = packet.destination_port;
        self.vlan[at] = packet.vlan;
        self.version[at] = packet.version;
        self.protocol[at] = packet.protocol;
        self.flags[at] = packet.flags;
        self.icmp[at] = packet.icmp;
        self.lifetime[at] = packet.lifetime;
        self.fragment[at] = packet.fragment;
    }
}

impl Default for Packets {
    fn default() -> Self {
        Self::new()
    }
}

/// Which end of a packet's way a rule asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The sender.
    From,
    /// The receiver.
    To,
}

/// Numbers of protocols.
pub mod protocol {
    /// ICMP.
    pub const ICMP: u8 = 1;
    /// TCP.
    pub const TCP: u8 = 6;
    /// UDP.
    pub const UDP: u8 = 17;
    /// ICMP for IPv6.
    pub const ICMP6: u8 = 58;
}

/// Flags of TCP.
pub mod flags {
    /// No more data from here.
    pub const FIN: u8 = 1;
    /// A connection begins.
    pub const SYN: u8 = 2;
    /// A connection is refused.
    pub const RST: u8 = 4;
    /// Hand the data on at once.
    pub const PSH: u8 = 8;
    /// Data was received.
    pub const ACK: u8 = 16;
    /// There is urgent data.
    pub const URG: u8 = 32;
}
