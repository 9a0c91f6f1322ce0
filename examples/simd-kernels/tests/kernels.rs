//! All sets give the same results.

use proptest::prelude::*;
use static_call_example_simd_kernels::{KERNELS, Kernels, LANES, Scalar, is_same, sets};

/// What [`Kernels::dot`] promises, written down once more and in another way.
fn dot_by_definition(a: &[f32], b: &[f32]) -> f32 {
    let mut sums: Vec<f32> = (0..LANES)
        .map(|lane| {
            let products = a.iter().zip(b).skip(lane).step_by(LANES);
            products.fold(0.0, |sum, (a, b)| sum + a * b)
        })
        .collect();
    while sums.len() > 1 {
        let upper = sums.split_off(sums.len() / 2);
        for (sum, other) in sums.iter_mut().zip(upper) {
            *sum += other;
        }
    }
    sums[0]
}

#[track_caller]
fn assert_same(set: &dyn Kernels, given: f32, wanted: f32) {
    assert!(
        is_same(given, wanted),
        "{}: {given:?}, {wanted:?}",
        set.name()
    );
}

/// Any bits at all: subnormal numbers, infinities, and what is no number.
fn floats() -> impl Strategy<Value = Vec<f32>> {
    let any_bits = any::<u32>().prop_map(f32::from_bits);
    let float = prop_oneof![4 => -1e3_f32..1e3, 1 => any_bits];
    prop::collection::vec(float, 0..200)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![0_u8..4, Just(255)], 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 8 } else { 500 }))]

    #[test]
    fn every_set_has_the_same_dot_product_to_the_last_bit(
        a in floats(), b in floats(), from in 0_usize..9,
    ) {
        let (a, b) = (&a[from.min(a.len())..], &b[..]);
        let wanted = dot_by_definition(a, b);
        for set in sets() {
            assert_same(&*set, set.dot(a, b), wanted);
        }
    }

    #[test]
    fn every_set_adds_the_same_multiple_and_leaves_the_rest_alone(
        x in floats(), y in floats(), factor in -10.0_f32..10.0, from in 0_usize..9,
    ) {
        let x = &x[from.min(x.len())..];
        let mut wanted = y.clone();
        for (x, y) in x.iter().zip(&mut wanted) {
            *y += factor * x;
        }
        for set in sets() {
            let mut given = y.clone();
            set.axpy(factor, x, &mut given);
            for (given, wanted) in given.iter().zip(&wanted) {
                assert_same(&*set, *given, *wanted);
            }
        }
    }

    #[test]
    fn every_set_sums_counts_and_finds_the_same(
        bytes in bytes(), byte in 0_u8..6, from in 0_usize..33,
    ) {
        let bytes = &bytes[from.min(bytes.len())..];
        let sum: u64 = bytes.iter().map(|byte| u64::from(*byte)).sum();
        let at: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at] == byte).collect();
        for set in sets() {
            prop_assert_eq!(set.sum(bytes), sum, "{}", set.name());
            prop_assert_eq!(set.count(byte, bytes), at.len(), "{}", set.name());
            prop_assert_eq!(set.find(byte, bytes), at.first().copied(), "{}", set.name());
        }
    }
}

#[test]
fn many_bytes_of_255_overflow_nothing() {
    let bytes = vec![255; 1 << 20];
    for set in sets() {
        assert_eq!(set.sum(&bytes), 255 << 20, "{}", set.name());
        assert_eq!(set.count(255, &bytes), 1 << 20, "{}", set.name());
        assert_eq!(set.find(0, &bytes), None, "{}", set.name());
    }
}

#[test]
fn the_order_of_a_dot_product_matters_so_that_equality_says_something() {
    let a: Vec<f32> = (0..97_u16).map(|n| 1.0 / f32::from(n + 1)).collect();
    let in_turn = a.iter().fold(0.0, |sum, a| sum + a * a);
    assert!(!is_same(Scalar.dot(&a, &a), in_turn));
    assert!((Scalar.dot(&a, &a) - in_turn).abs() < 1e-3);
}

#[test]
fn the_binding_gives_what_the_sets_give() {
    let a: Vec<f32> = (0..97_u16).map(f32::from).collect();
    assert_same(&Scalar, KERNELS.dot(&a, &a), dot_by_definition(&a, &a));
}
