//! From a frame's bytes to what rules see.

use std::net::Ipv4Addr;

use etherparse::err::packet::SliceError;
use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};
use static_call_example_packets::Packet;

use crate::frames::{Frame, Link};

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Packet(Packet),
    /// The capture ends inside the headers.
    Truncated,
    /// Address resolution and the like, or headers that contradict themselves.
    NotIp,
}

pub(crate) fn read(frame: Frame, bytes: &[u8]) -> Reading {
    let Some(sliced) = slice(frame.link, bytes) else {
        return Reading::Truncated;
    };
    let cut = matches!(sliced.stop_err, Some((SliceError::Len(_), _)));
    let otherwise = if cut {
        Reading::Truncated
    } else {
        Reading::NotIp
    };
    let mut packet = Packet {
        time: frame.time,
        length: frame.length,
        vlan: sliced.vlan_ids().first().map_or(0, |id| id.value()),
        ..Packet::default()
    };
    let payload = match &sliced.net {
        Some(LaxNetSlice::Ipv4(slice)) => {
            let header = slice.header();
            packet.version = 4;
            packet.source = mapped(header.source_addr());
            packet.destination = mapped(header.destination_addr());
            packet.lifetime = header.ttl();
            slice.payload()
        }
        Some(LaxNetSlice::Ipv6(slice)) => {
            let header = slice.header();
            packet.version = 6;
            packet.source = header.source_addr().into();
            packet.destination = header.destination_addr().into();
            packet.lifetime = header.hop_limit();
            slice.payload()
        }
        Some(LaxNetSlice::Arp(_)) | None => return otherwise,
    };
    packet.protocol = payload.ip_number.0;
    packet.fragment = payload.fragmented;
    match &sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => {
            packet.source_port = tcp.source_port();
            packet.destination_port = tcp.destination_port();
            // The byte of flags; etherparse has them one by one.
            packet.flags = tcp.slice()[13] & 0x3f;
        }
        Some(TransportSlice::Udp(udp)) => {
            packet.source_port = udp.source_port();
            packet.destination_port = udp.destination_port();
        }
        Some(TransportSlice::Icmpv4(icmp)) => packet.icmp = icmp.type_u8(),
        Some(TransportSlice::Icmpv6(icmp)) => packet.icmp = icmp.type_u8(),
        None if cut => return Reading::Truncated,
        Some(TransportSlice::Igmp(_)) | None => {}
    }
    Reading::Packet(packet)
}

/// None where the bytes end in the first header.
fn slice(link: Link, bytes: &[u8]) -> Option<LaxSlicedPacket<'_>> {
    let (header, ether_type) = match link {
        Link::Ethernet => return LaxSlicedPacket::from_ethernet(bytes).ok(),
        Link::Raw => {
            let version = bytes.first()? >> 4;
            let ether_type = match version {
                4 => EtherType::IPV4,
                6 => EtherType::IPV6,
                _ => EtherType(0),
            };
            return Some(LaxSlicedPacket::from_ether_type(ether_type, bytes));
        }
        Link::Cooked => (16, bytes.get(14..16)?),
        Link::Cooked2 => (20, bytes.get(..2)?),
    };
    let ether_type = EtherType(u16::from_be_bytes([ether_type[0], ether_type[1]]));
    Some(LaxSlicedPacket::from_ether_type(
        ether_type,
        bytes.get(header..)?,
    ))
}

fn mapped(address: Ipv4Addr) -> u128 {
    address.to_ipv6_mapped().into()
}
