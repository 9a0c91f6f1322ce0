//! A reader of messages, of a type that the list does not name.

use crate::program::{Program, Size, Work, mix};

pub(super) const PROGRAMS: [Program; 1] = [Program::new(
    "reader",
    "numbers of varying length read from one type, some 15 ns a call; another type is listed",
    |size| Ok(Box::new(Messages::new(size))),
)];

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Reader {
        fn number(&mut self) -> Option<u64>;
        fn rewind(&mut self);
    }
}

/// All in one piece.
struct Whole {
    bytes: Vec<u8>,
    at: usize,
}

impl Reader for Whole {
    fn number(&mut self) -> Option<u64> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(u64::from(byte))
    }
    fn rewind(&mut self) {
        self.at = 0;
    }
}

/// In pieces of 64 bytes, with seven bits of a number in each byte.
struct Pieces {
    all: Vec<[u8; 64]>,
    piece: usize,
    at: usize,
}

impl Pieces {
    fn byte(&mut self) -> Option<u8> {
        if self.at == 64 {
            self.piece += 1;
            self.at = 0;
        }
        let byte = self.all.get(self.piece)?[self.at];
        self.at += 1;
        Some(byte)
    }
}

impl Reader for Pieces {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        Some(number)
    }
    fn rewind(&mut self) {
        (self.piece, self.at) = (0, 0);
    }
}

#[inline(never)]
fn read(reader: &mut dyn Reader) -> u64 {
    mark!();
    let mut sum = 0_u64;
    while let Some(number) = call!(reader.number(), inline = [Whole]) {
        sum = sum.wrapping_add(number);
    }
    sum
}

struct Messages {
    readers: Vec<Box<dyn Reader>>,
}

impl Messages {
    fn new(size: Size) -> Self {
        let byte = |at: usize| {
            let drawn = mix(5, at as u64);
            (drawn >> 56) as u8 | if drawn.is_multiple_of(5) { 0 } else { 0x80 }
        };
        let pieces = (0..size.of(500)).map(|piece| std::array::from_fn(|at| byte(piece * 64 + at)));
        let mut readers: Vec<Box<dyn Reader>> = vec![Box::new(Pieces {
            all: pieces.collect(),
            piece: 0,
            at: 0,
        })];
        if size == Size::Tiny {
            let bytes = (0..50).collect();
            readers.push(Box::new(Whole { bytes, at: 0 }));
        }
        Messages { readers }
    }
}

impl Work for Messages {
    fn run(&mut self) -> u64 {
        let mut sum = 0;
        for reader in &mut self.readers {
            reader.rewind();
            sum = mix(sum, read(&mut **reader));
        }
        sum
    }
}
