//! Where frames come from: a capture file, or traffic made on the spot. Both can be read
//! twice, with the same frames.

use std::fs::File;
use std::path::{Path, PathBuf};

use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{Block, PcapBlockOwned, PcapError, create_reader};

use crate::cli::Arguments;
use crate::error::Error;
use crate::frames::{Frame, Link};
use crate::traffic::Traffic;

pub(crate) enum Source {
    File(PathBuf),
    Traffic { seed: u64, packets: u64 },
}

impl Source {
    pub(crate) fn of(arguments: &Arguments) -> Self {
        match &arguments.input {
            Some(path) => Self::File(path.clone()),
            None => Self::Traffic {
                seed: arguments.seed,
                packets: arguments.packets,
            },
        }
    }

    /// From the first frame on.
    pub(crate) fn open(&self) -> Result<Frames, Error> {
        match self {
            Self::File(path) => Ok(Frames::File(Box::new(Capture::open(path)?))),
            &Self::Traffic { seed, packets } => {
                Ok(Frames::Traffic(Traffic::new(seed, packets), packets))
            }
        }
    }

    /// How long it is, in what [`Frames::position`] counts.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::File(path) => path.metadata().map_or(0, |metadata| metadata.len()),
            Self::Traffic { packets, .. } => *packets,
        }
    }

    /// Whether reading takes long enough for a progress bar.
    pub(crate) fn is_long(&self) -> bool {
        match self {
            Self::File(_) => self.size() >= 1 << 28,
            Self::Traffic { packets, .. } => *packets >= 1 << 21,
        }
    }
}

pub(crate) enum Frames {
    File(Box<Capture>),
    Traffic(Traffic, u64),
}

impl Frames {
    /// Puts the next frame's bytes into `bytes`.
    pub(crate) fn next(&mut self, bytes: &mut Vec<u8>) -> Result<Option<Frame>, Error> {
        match self {
            Self::File(capture) => capture.next(bytes),
            Self::Traffic(traffic, _) => Ok(traffic.next(bytes)),
        }
    }

    /// Bytes of the file, or packets.
    pub(crate) fn position(&self) -> u64 {
        match self {
            Self::File(capture) => capture.reader.consumed() as u64,
            Self::Traffic(traffic, all) => all - traffic.left(),
        }
    }

    /// Whether the file ended inside a packet.
    pub(crate) fn ended_early(&self) -> bool {
        matches!(self, Self::File(capture) if capture.ended_early)
    }
}

/// A capture file, and what has been read of it.
pub(crate) struct Capture {
    path: PathBuf,
    reader: Box<dyn PcapReaderIterator + Send>,
    capacity: usize,
    packets: u64,
    ended_early: bool,
    /// One in a pcap file; in a pcapng file, those of the section.
    interfaces: Vec<Interface>,
}

/// What packets of one interface have in common.
#[derive(Clone, Copy)]
struct Interface {
    /// The number of its link type, if that is one that can be read.
    link: Result<Link, i32>,
    /// Units of time in a second.
    units: u64,
    /// Seconds that are added.
    offset: i64,
    most: u32,
}

impl Capture {
    /// No packet is longer. What says so is damaged.
    const LONGEST: usize = 1 << 24;

    fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::OpenInput {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(failed(std::io::Error::other("it is no regular file")));
        }
        let capacity = 1 << 17;
        let reader = create_reader(capacity, file).map_err(|_| Error::NotCapture {
            path: path.to_owned(),
        })?;
        Ok(Self {
            path: path.to_owned(),
            reader,
            capacity,
            packets: 0,
            ended_early: false,
            interfaces: Vec::new(),
        })
    }

    fn next(&mut self, bytes: &mut Vec<u8>) -> Result<Option<Frame>, Error> {
        loop {
            let grow = match self.reader.next() {
                Ok((size, block)) => {
                    let found = block_of(&mut self.interfaces, &block, bytes);
                    self.reader.consume(size);
                    let found = found.map_err(|reason| self.damaged(reason))?;
                    let Some((interface, time, length)) = found else {
                        continue;
                    };
                    self.packets += 1;
                    let link = interface.link.map_err(|number| Error::LinkType {
                        path: self.path.clone(),
                        number,
                    })?;
                    return Ok(Some(Frame { link, time, length }));
                }
                Err(PcapError::Eof) => return Ok(None),
                Err(PcapError::UnexpectedEof) => {
                    self.ended_early = true;
                    return Ok(None);
                }
                Err(PcapError::Incomplete(_)) => false,
                Err(PcapError::BufferTooSmall) => true,
                Err(_) => return Err(self.damaged("this is no packet's header".into())),
            };
            if grow {
                self.capacity *= 2;
                if self.capacity > Self::LONGEST || !self.reader.grow(self.capacity) {
                    return Err(self.damaged("it says to be longer than any is".into()));
                }
            }
            if self.reader.refill().is_err() {
                return Err(Error::OpenInput {
                    path: self.path.clone(),
                    source: std::io::Error::other("reading failed"),
                });
            }
        }
    }

    fn damaged(&self, reason: String) -> Error {
        Error::Damaged {
            path: self.path.clone(),
            packet: self.packets + 1,
            reason,
        }
    }
}

/// The packet in a block, if it has one: its interface, its time and its length on the wire.
fn block_of(
    interfaces: &mut Vec<Interface>,
    block: &PcapBlockOwned<'_>,
    bytes: &mut Vec<u8>,
) -> Result<Option<(Interface, u64, u32)>, String> {
    let link = |number: i32| Link::of(number).ok_or(number);
    match block {
        PcapBlockOwned::LegacyHeader(header) => {
            interfaces.push(Interface {
                // The upper bits are about checksums.
                link: link(header.network.0 & 0x0fff_ffff),
                units: if header.is_nanosecond_precision() {
                    1_000_000_000
                } else {
                    1_000_000
                },
                offset: 0,
                most: header.snaplen,
            });
            Ok(None)
        }
        PcapBlockOwned::Legacy(packet) => {
            let interface = *interfaces.first().ok_or("a packet before the header")?;
            let fraction = u64::from(packet.ts_usec) * (1_000_000_000 / interface.units);
            let time = u64::from(packet.ts_sec) * 1_000_000_000 + fraction;
            bytes.clear();
            bytes.extend_from_slice(packet.data);
            Ok(Some((interface, time, packet.origlen)))
        }
        PcapBlockOwned::NG(Block::SectionHeader(_)) => {
            interfaces.clear();
            Ok(None)
        }
        PcapBlockOwned::NG(Block::InterfaceDescription(described)) => {
            interfaces.push(Interface {
                link: link(described.linktype.0),
                units: described
                    .ts_resolution()
                    .filter(|units| *units > 0)
                    .ok_or("an interface without a unit of time")?,
                offset: described.ts_offset(),
                most: described.snaplen,
            });
            Ok(None)
        }
        PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
            let interface = usize::try_from(packet.if_id)
                .ok()
                .and_then(|id| interfaces.get(id));
            let interface = *interface.ok_or("its interface is not described")?;
            let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
            let nanoseconds = u128::from(units) * 1_000_000_000 / u128::from(interface.units);
            let nanoseconds = i128::try_from(nanoseconds).unwrap_or(i128::MAX)
                + i128::from(interface.offset) * 1_000_000_000;
            let time = u64::try_from(nanoseconds.max(0)).unwrap_or(u64::MAX);
            bytes.clear();
            bytes.extend_from_slice(packet.packet_data());
            Ok(Some((interface, time, packet.origlen)))
        }
        PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
            let interface = *interfaces.first().ok_or("its interface is not described")?;
            let data = packet.packet_data();
            let most = match interface.most {
                0 => data.len(),
                most => data.len().min(usize::try_from(most).unwrap_or(usize::MAX)),
            };
            bytes.clear();
            bytes.extend_from_slice(&data[..most]);
            Ok(Some((interface, 0, packet.origlen)))
        }
        PcapBlockOwned::NG(_) => Ok(None),
    }
}
