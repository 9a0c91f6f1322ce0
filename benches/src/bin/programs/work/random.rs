//! Random generators, and digests of short keys.

use crate::program::{Program, Size, Work, mix};

pub(super) const PROGRAMS: [Program; 2] = [
    Program::new(
        "random",
        "throws of dice from a random generator behind `dyn`, one type",
        |size| Ok(Box::new(Dice::new(size))),
    )
    .with_regions(),
    Program::new(
        "hashing",
        "short keys, written field by field into a digest behind `dyn`, one type",
        |size| Ok(Box::new(Keys::new(size))),
    )
    .with_regions(),
];

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Random {
        fn next(&mut self) -> u64;
    }
}

struct XorShift(u64);

impl Random for XorShift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

struct SplitMix(u64);

impl Random for SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z ^ (z >> 27)
    }
}

#[inline(never)]
fn throw(random: &mut (dyn Random + 'static), throws: usize) -> [u32; 6] {
    mark!();
    region!(random, [XorShift, SplitMix], {
        let mut faces = [0; 6];
        for _ in 0..throws {
            let drawn = call!(random.next(), inline = [XorShift, SplitMix]) >> 32;
            faces[((drawn * 6) >> 32) as usize] += 1;
        }
        faces
    })
}

struct Dice {
    random: Box<dyn Random>,
    throws: usize,
}

impl Dice {
    fn new(size: Size) -> Self {
        Dice {
            random: if size == Size::Full {
                Box::new(XorShift(7))
            } else {
                Box::new(SplitMix(7))
            },
            throws: size.of(30_000),
        }
    }
}

impl Work for Dice {
    fn run(&mut self) -> u64 {
        let faces = throw(&mut *self.random, self.throws);
        faces.into_iter().map(u64::from).fold(0, mix)
    }
}

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Digest {
        fn write(&mut self, bytes: &[u8]);
        fn write_number(&mut self, number: u64);
        fn finish(&self) -> u64;
    }
}

struct Fnv(u64);

impl Digest for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
    fn write_number(&mut self, number: u64) {
        self.0 = mix(self.0, number);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

struct Key {
    tenant: u64,
    id: u64,
    name: [u8; 4],
}

#[inline(never)]
fn digest(keys: &[Key], digest: &mut (dyn Digest + 'static)) {
    mark!();
    region!(digest, [Fnv], {
        for key in keys {
            call!(digest.write_number(key.tenant), inline = [Fnv]);
            call!(digest.write_number(key.id), inline = [Fnv]);
            call!(digest.write(&key.name), inline = [Fnv]);
        }
    });
}

struct Keys {
    keys: Vec<Key>,
    digest: Box<dyn Digest>,
}

impl Keys {
    fn new(size: Size) -> Self {
        let keys = (0..size.of(5000) as u64).map(|id| Key {
            tenant: id % 7,
            id,
            name: (id as u32).to_le_bytes(),
        });
        Keys {
            keys: keys.collect(),
            digest: Box::new(Fnv(0xCBF2_9CE4_8422_2325)),
        }
    }
}

impl Work for Keys {
    fn run(&mut self) -> u64 {
        digest(&self.keys, &mut *self.digest);
        self.digest.finish()
    }
}
