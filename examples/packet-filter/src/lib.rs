//! What the packet filter and its plugins share: a packet's headers, the trait of rules, and
//! the kinds of rules that the filter itself has.

mod kinds;
mod packet;
mod senders;

use std::fmt;

use static_call::static_dispatch;

pub use kinds::{Fragment, Icmp, Length, Lifetime, Net, Ports, Protocol, Rate, Tcp, Version, Vlan};
pub use packet::{BATCH, Packet, Packets, Side, flags, protocol};
pub use senders::Senders;

/// What a packet must be like.
///
/// `Box<dyn FastRule>` is what `Box<dyn Rule>` is, with calls that are dispatched: of the kinds
/// that the list names, the bodies are inlined where `matches` is called.
#[static_dispatch(object = FastRule)]
pub trait Rule: Send + fmt::Display {
    /// Whether the packet at that place is like that. Rules that count see each packet once, in
    /// order.
    #[static_dispatch(inline = [Ports, Net])]
    fn matches(&mut self, packets: &Packets, at: u8) -> bool;

    /// Whether the answer depends on nothing but the packet. If so, the filter may ask about
    /// packets in any order, and about none.
    fn stateless(&self) -> bool {
        true
    }
}
