//! Numeric kernels behind a binding: which set of them runs is decided once, at start-up,
//! by what the processor has, and each call is a direct call to that set's.
//!
//! ```
//! use static_call_example_simd_kernels::KERNELS;
//!
//! println!("chosen: {}", KERNELS.name());             // the first use makes the choice
//! static_call::runtime::retarget()?;                  // from here on direct calls
//! assert_eq!(KERNELS.dot(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
//! assert_eq!(KERNELS.find(b'c', b"abcabc"), Some(2));
//! # Ok::<(), static_call::runtime::RetargetError>(())
//! ```
//!
//! # What is shown
//! - **`lazy { … }`.** What is bound cannot be a constant, for it depends on the processor.
//!   The block runs at the first call, on whatever thread that is, and never again. A
//!   `retarget()` before that has nothing to lead to, and leaves the calls plain.
//! - **A choice made once, paid once.** The usual ways test a flag or load a function's
//!   address at every call. Here a `retarget()` writes the choice into the code.
//! - **A proof carried by a type.** An [`Avx2`] exists only where the processor has AVX2, so
//!   its methods are safe to call, and the `unsafe` behind them has something to rest on.
//! - **Overrides in tests.** `KERNELS.override_with(…)` has everything that calls the
//!   kernels run on the set under test; see `tests/`.
//!
//! # Equal results
//! All sets give the same results, to the last bit: a program's output must not depend on
//! the machine. Bytes are counted and added as integers, where any order will do. With
//! floats the order is fixed, in [`Kernels::dot`] by [`LANES`]: every set adds the same
//! numbers in the same order, the scalar one too. So there is no set with fused
//! multiply-adds, which round once where the others round twice.
//!
//! AVX-512 has stable intrinsics from Rust 1.89 on, which is more than this workspace asks
//! for. A set with it would be one more file and one more line in [`sets`].

use static_call::{binding, static_dispatch};

#[cfg(target_arch = "x86_64")]
mod avx2;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod sse2;

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
pub use scalar::Scalar;
#[cfg(target_arch = "x86_64")]
pub use sse2::Sse2;

/// How many sums [`Kernels::dot`] keeps: number `n` has the products of the elements
/// `n`, `n + LANES`, `n + 2 * LANES`, and so on, added in this order. At the end the upper
/// half of the sums is added to the lower, until one is left.
pub const LANES: usize = 16;

/// A set of kernels. Where two slices differ in length, the shorter one counts.
#[static_dispatch]
pub trait Kernels: Send + Sync {
    /// The sum of the products, in the order that [`LANES`] describes.
    #[static_dispatch]
    fn dot(&self, a: &[f32], b: &[f32]) -> f32;

    /// Adds `factor * x` to each `y`.
    #[static_dispatch]
    fn axpy(&self, factor: f32, x: &[f32], y: &mut [f32]);

    /// The sum of the bytes.
    #[static_dispatch]
    fn sum(&self, bytes: &[u8]) -> u64;

    /// How many bytes are equal to `byte`.
    #[static_dispatch]
    fn count(&self, byte: u8, bytes: &[u8]) -> usize;

    /// Where the first byte is that is equal to `byte`.
    #[static_dispatch]
    fn find(&self, byte: u8, bytes: &[u8]) -> Option<usize>;

    /// What the set is called.
    fn name(&self) -> &'static str;
}

binding! {
    /// The best kernels that the processor can run.
    pub static KERNELS: dyn Kernels = lazy {
        let mut sets = sets();
        sets.pop().expect("the scalar set runs everywhere")
    };
}

/// All sets that the processor can run, the best last.
pub fn sets() -> Vec<Box<dyn Kernels>> {
    #[allow(unused_mut, reason = "elsewhere there is only one")]
    let mut sets: Vec<Box<dyn Kernels>> = vec![Box::new(Scalar)];
    #[cfg(target_arch = "x86_64")]
    {
        sets.push(Box::new(Sse2));
        if let Some(avx2) = Avx2::detect() {
            sets.push(Box::new(avx2));
        }
    }
    sets
}

/// Whether two results are equal: the same bits, or both not a number. Which number that
/// a NaN is not is left to the compiler, which may exchange the operands of a sum.
pub fn is_same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// Both slices, as long as the shorter of them.
fn same_length<'a>(a: &'a [f32], b: &'a [f32]) -> (&'a [f32], &'a [f32]) {
    let length = a.len().min(b.len());
    (&a[..length], &b[..length])
}
