//! Frames as they were captured, and what was read of them.

use static_call_example_packets::{Packet, Packets};

/// What a frame begins with, by its number in capture files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Ethernet,
    /// An IP header.
    Raw,
    /// What Linux writes for the device `any`.
    Cooked,
    /// The same, second version.
    Cooked2,
}

impl Link {
    pub(crate) fn of(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Ethernet),
            // The same under the numbers that some systems use for it, and IPv4 or IPv6 only.
            12 | 14 | 101 | 228 | 229 => Some(Self::Raw),
            113 => Some(Self::Cooked),
            276 => Some(Self::Cooked2),
            _ => None,
        }
    }

    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Ethernet => 1,
            Self::Raw => 101,
            Self::Cooked => 113,
            Self::Cooked2 => 276,
        }
    }
}

/// What a capture says of a frame besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) link: Link,
    /// In nanoseconds since 1970.
    pub(crate) time: u64,
    /// Bytes on the wire; fewer may have been captured.
    pub(crate) length: u32,
}

/// Some packets, side by side, with their frames.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// Of these, as many are in it as there are frames.
    pub(crate) packets: Box<Packets>,
    frames: Vec<(Frame, usize)>,
    bytes: Vec<u8>,
}

impl Batch {
    pub(crate) fn new() -> Self {
        Self {
            packets: Box::new(Packets::new()),
            frames: Vec::new(),
            bytes: Vec::new(),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.frames.len()
    }

    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        self.bytes.clear();
    }

    /// Appends a packet, for which there must be room.
    pub(crate) fn push(&mut self, packet: &Packet, frame: Frame, bytes: &[u8]) {
        let at = u8::try_from(self.frames.len()).expect("there is room");
        self.packets.set(at, packet);
        self.bytes.extend_from_slice(bytes);
        self.frames.push((frame, self.bytes.len()));
    }

    pub(crate) fn frame(&self, at: usize) -> (Frame, &[u8]) {
        let begin = at.checked_sub(1).map_or(0, |before| self.frames[before].1);
        let (frame, end) = self.frames[at];
        (frame, &self.bytes[begin..end])
    }
}
