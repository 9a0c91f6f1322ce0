//! The set for every processor, and what the others do with what is left at the end of a
//! slice.

use crate::{Kernels, LANES, same_length};

/// One element after the other.
#[derive(Clone, Copy, Debug)]
pub struct Scalar;

impl Kernels for Scalar {
    fn dot(&self, a: &[f32], b: &[f32]) -> f32 {
        let (a, b) = same_length(a, b);
        let mut sums = [0.0; LANES];
        let (a_blocks, a_rest) = a.as_chunks::<LANES>();
        let (b_blocks, b_rest) = b.as_chunks::<LANES>();
        for (a, b) in a_blocks.iter().zip(b_blocks) {
            add_products(&mut sums, a, b);
        }
        finish_dot(sums, a_rest, b_rest)
    }

    fn axpy(&self, factor: f32, x: &[f32], y: &mut [f32]) {
        for (x, y) in x.iter().zip(y) {
            *y += factor * x;
        }
    }

    fn sum(&self, bytes: &[u8]) -> u64 {
        bytes.iter().map(|byte| u64::from(*byte)).sum()
    }

    fn count(&self, byte: u8, bytes: &[u8]) -> usize {
        bytes.iter().map(|other| usize::from(*other == byte)).sum()
    }

    fn find(&self, byte: u8, bytes: &[u8]) -> Option<usize> {
        bytes.iter().position(|other| *other == byte)
    }

    fn name(&self) -> &'static str {
        "scalar"
    }
}

fn add_products(sums: &mut [f32; LANES], a: &[f32], b: &[f32]) {
    for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
        *sum += a * b;
    }
}

/// From the sums over whole blocks, and what is left behind these.
pub(crate) fn finish_dot(mut sums: [f32; LANES], a: &[f32], b: &[f32]) -> f32 {
    add_products(&mut sums, a, b);
    let mut length = LANES;
    while length > 1 {
        length /= 2;
        let (lower, upper) = sums.split_at_mut(length);
        for (sum, other) in lower.iter_mut().zip(upper) {
            *sum += *other;
        }
    }
    sums[0]
}
