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

impl Packet {
    /// The port at that side.
    #[inline]
    #[must_use]
    pub fn port(&self, side: Side) -> u16 {
        match side {
            Side::From => self.source_port,
            Side::To => self.destination_port,
        }
    }

    /// The address at that side.
    #[inline]
    #[must_use]
    pub fn address(&self, side: Side) -> u128 {
        match side {
            Side::From => self.source,
            Side::To => self.destination,
        }
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
