//! Objects that borrow, and objects of many types, made in another crate than the one that
//! calls them: their vtables are other ones than those that the calling crate would name.
#![allow(missing_docs)]

use std::hint::black_box;

use static_call::static_dispatch;

#[static_dispatch]
pub trait Adapter<'a, T: 'a> {
    fn frames(&self) -> usize;
    fn channels(&self) -> usize;
    fn at(&self, channel: usize, frame: usize) -> T;
    fn read(&self, channel: usize, frame: usize) -> Option<T> {
        (channel < self.channels() && frame < self.frames()).then(|| self.at(channel, frame))
    }
}

pub struct Slice<'a, T> {
    data: &'a [T],
    channels: usize,
    frames: usize,
}

impl<'a, T> Slice<'a, T> {
    /// One channel.
    #[must_use]
    pub fn new(data: &'a [T]) -> Self {
        let (channels, frames) = (1, data.len());
        Slice {
            data,
            channels,
            frames,
        }
    }
}

impl<'a, T: Copy + 'a> Adapter<'a, T> for Slice<'a, T> {
    #[inline]
    fn frames(&self) -> usize {
        self.frames
    }
    #[inline]
    fn channels(&self) -> usize {
        self.channels
    }
    #[inline]
    fn at(&self, channel: usize, frame: usize) -> T {
        self.data[frame * self.channels + channel]
    }
}

/// Over anything that holds bytes; converts.
pub struct Wrapper<B>(pub B);

impl<B: AsRef<[u8]>> Adapter<'_, f32> for Wrapper<B> {
    #[inline]
    fn frames(&self) -> usize {
        self.0.as_ref().len()
    }
    #[inline]
    fn channels(&self) -> usize {
        1
    }
    #[inline]
    fn at(&self, _: usize, frame: usize) -> f32 {
        f32::from(self.0.as_ref()[frame])
    }
}

/// One of many small types.
pub struct Gain<const K: usize>(pub f32, pub f32);

impl<const K: usize> Adapter<'_, f32> for Gain<K> {
    #[inline]
    fn frames(&self) -> usize {
        K
    }
    #[inline]
    fn channels(&self) -> usize {
        1
    }
    #[inline]
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    fn at(&self, _: usize, frame: usize) -> f32 {
        // Bodies that differ, and that LLVM cannot make one of, with selects, which no
        // predictor can get wrong.
        let (a, b, x) = (self.0, self.1, frame as f32);
        black_box(match K {
            0 => a * x + b,
            1 => (x + b).sqrt(),
            2 => x / (a + 2.0) - b,
            3 => (0..3_u8).fold(b, |sum, one| sum * x + f32::from(one) + a),
            4 if x > a => x - b,
            4 => b * b - a,
            5 => f32::from_bits(x.to_bits() ^ 3).max(a) * 2.0,
            6 => (a * x - b) * (x - a) * 0.5,
            _ => (x * b).floor() + a,
        })
    }
}

#[inline(never)]
#[must_use]
pub fn slice<'a>(data: &'a [f32]) -> Box<dyn Adapter<'a, f32> + 'a> {
    Box::new(Slice::new(data))
}

#[inline(never)]
#[must_use]
pub fn bytes<'a>(data: &'a [u8]) -> Box<dyn Adapter<'a, f32> + 'a> {
    Box::new(Wrapper(data))
}

#[inline(never)]
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "small numbers")]
pub fn gain(k: usize) -> Box<dyn Adapter<'static, f32>> {
    let (a, b) = (k as f32, 0.5);
    match k {
        0 => Box::new(Gain::<0>(a, b)),
        1 => Box::new(Gain::<1>(a, b)),
        2 => Box::new(Gain::<2>(a, b)),
        3 => Box::new(Gain::<3>(a, b)),
        4 => Box::new(Gain::<4>(a, b)),
        5 => Box::new(Gain::<5>(a, b)),
        6 => Box::new(Gain::<6>(a, b)),
        _ => Box::new(Gain::<7>(a, b)),
    }
}
