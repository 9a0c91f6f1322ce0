//! The set for 32 bytes at once.

use core::arch::x86_64::{
    __m256, __m256i, _mm256_add_epi64, _mm256_add_ps, _mm256_cmpeq_epi8, _mm256_loadu_ps,
    _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_mul_ps, _mm256_sad_epu8, _mm256_set1_epi8,
    _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_storeu_ps, _mm256_storeu_si256,
    _mm256_sub_epi8,
};

use crate::scalar::finish_dot;
use crate::{Kernels, LANES, Scalar, same_length};

/// AVX2: to be had only where the processor has it.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

impl Avx2 {
    /// The set, if the processor can run it.
    pub fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Avx2(()))
    }
}

/// Floats, and bytes, in a register.
const FLOATS: usize = 8;
const BYTES: usize = 32;

impl Kernels for Avx2 {
    fn dot(&self, a: &[f32], b: &[f32]) -> f32 {
        // SAFETY: there is an `Avx2`, so the processor has AVX2.
        unsafe { dot(a, b) }
    }

    fn axpy(&self, factor: f32, x: &[f32], y: &mut [f32]) {
        // SAFETY: there is an `Avx2`, so the processor has AVX2.
        unsafe { axpy(factor, x, y) }
    }

    fn sum(&self, bytes: &[u8]) -> u64 {
        // SAFETY: there is an `Avx2`, so the processor has AVX2.
        unsafe { sum(bytes) }
    }

    fn count(&self, byte: u8, bytes: &[u8]) -> usize {
        // SAFETY: there is an `Avx2`, so the processor has AVX2.
        unsafe { count(byte, bytes) }
    }

    fn find(&self, byte: u8, bytes: &[u8]) -> Option<usize> {
        // SAFETY: there is an `Avx2`, so the processor has AVX2.
        unsafe { find(byte, bytes) }
    }

    fn name(&self) -> &'static str {
        "avx2"
    }
}

#[target_feature(enable = "avx2")]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = same_length(a, b);
    let mut sums = [_mm256_setzero_ps(); LANES / FLOATS];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        let (a, b) = (a.as_chunks().0, b.as_chunks().0);
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum = _mm256_add_ps(*sum, _mm256_mul_ps(load(a), load(b)));
        }
    }
    let mut lanes = [0.0; LANES];
    for (lanes, sum) in lanes.as_chunks_mut().0.iter_mut().zip(sums) {
        store(lanes, sum);
    }
    finish_dot(lanes, a_rest, b_rest)
}

#[target_feature(enable = "avx2")]
fn axpy(factor: f32, x: &[f32], y: &mut [f32]) {
    let length = x.len().min(y.len());
    let (x_blocks, x_rest) = x[..length].as_chunks();
    let (y_blocks, y_rest) = y[..length].as_chunks_mut();
    let factors = _mm256_set1_ps(factor);
    for (x, y) in x_blocks.iter().zip(y_blocks) {
        let sum = _mm256_add_ps(load(y), _mm256_mul_ps(factors, load(x)));
        store(y, sum);
    }
    Scalar.axpy(factor, x_rest, y_rest);
}

#[target_feature(enable = "avx2")]
fn sum(bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks();
    let mut sums = _mm256_setzero_si256();
    for block in blocks {
        let distances = _mm256_sad_epu8(load_bytes(block), _mm256_setzero_si256());
        sums = _mm256_add_epi64(sums, distances);
    }
    total(sums) + Scalar.sum(rest)
}

#[target_feature(enable = "avx2")]
fn count(byte: u8, bytes: &[u8]) -> usize {
    let (blocks, rest) = bytes.as_chunks();
    let (zero, wanted) = (_mm256_setzero_si256(), _mm256_set1_epi8(byte.cast_signed()));
    let mut sums = zero;
    for block in blocks {
        // Equal is -1.
        let ones = _mm256_sub_epi8(zero, _mm256_cmpeq_epi8(load_bytes(block), wanted));
        sums = _mm256_add_epi64(sums, _mm256_sad_epu8(ones, zero));
    }
    let counted = usize::try_from(total(sums)).expect("no more than there are bytes");
    counted + Scalar.count(byte, rest)
}

#[target_feature(enable = "avx2")]
fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks();
    let wanted = _mm256_set1_epi8(byte.cast_signed());
    for (index, block) in blocks.iter().enumerate() {
        let equal = _mm256_movemask_epi8(_mm256_cmpeq_epi8(load_bytes(block), wanted));
        if equal != 0 {
            return Some(index * BYTES + equal.trailing_zeros() as usize);
        }
    }
    let at = Scalar.find(byte, rest)?;
    Some(blocks.len() * BYTES + at)
}

#[target_feature(enable = "avx2")]
fn load(floats: &[f32; FLOATS]) -> __m256 {
    // SAFETY: reads eight floats, which need no alignment.
    unsafe { _mm256_loadu_ps(floats.as_ptr()) }
}

#[target_feature(enable = "avx2")]
fn store(floats: &mut [f32; FLOATS], register: __m256) {
    // SAFETY: writes eight floats, which need no alignment.
    unsafe { _mm256_storeu_ps(floats.as_mut_ptr(), register) }
}

#[target_feature(enable = "avx2")]
fn load_bytes(bytes: &[u8; BYTES]) -> __m256i {
    // SAFETY: reads 32 bytes, which need no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// The sum of the four quarters.
#[target_feature(enable = "avx2")]
fn total(sums: __m256i) -> u64 {
    let mut quarters = [0_u64; 4];
    // SAFETY: writes 32 bytes, which need no alignment.
    unsafe { _mm256_storeu_si256(quarters.as_mut_ptr().cast(), sums) };
    quarters.iter().sum()
}
