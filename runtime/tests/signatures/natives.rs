//! What decides where a call's receiver is: results of every size, in one register, in
//! several, and in memory, for whatever reason.

use static_call::static_dispatch;

use crate::kind::Kind;
use crate::signature;

/// An array of each length, and a test.
macro_rules! arrays {
    ($($method:ident $sentence:ident $length:literal,)*) => {
        #[static_dispatch(targets = 1)]
        trait Arrays {
            $(fn $method(&self, by: u8) -> [u8; $length];)*
        }

        impl<const SEED: u64> Arrays for Kind<SEED> {
            $(fn $method(&self, by: u8) -> [u8; $length] {
                let [seed, ..] = SEED.to_le_bytes();
                std::array::from_fn(|index| by.wrapping_mul(seed).wrapping_add(index as u8))
            })*
        }

        $(signature!($sentence: dyn Arrays; $method(7));)*
    };
}

#[allow(clippy::cast_possible_truncation, reason = "small numbers")]
mod arrays {
    use super::*;

    arrays! {
        no_bytes an_array_of_0_bytes_is_returned 0,
        bytes1 an_array_of_1_byte_is_returned 1,
        bytes2 an_array_of_2_bytes_is_returned 2,
        bytes3 an_array_of_3_bytes_is_returned 3,
        bytes4 an_array_of_4_bytes_is_returned 4,
        bytes5 an_array_of_5_bytes_is_returned 5,
        bytes6 an_array_of_6_bytes_is_returned 6,
        bytes7 an_array_of_7_bytes_is_returned 7,
        bytes8 an_array_of_8_bytes_is_returned 8,
        bytes9 an_array_of_9_bytes_is_returned 9,
        bytes10 an_array_of_10_bytes_is_returned 10,
        bytes11 an_array_of_11_bytes_is_returned 11,
        bytes12 an_array_of_12_bytes_is_returned 12,
        bytes13 an_array_of_13_bytes_is_returned 13,
        bytes14 an_array_of_14_bytes_is_returned 14,
        bytes15 an_array_of_15_bytes_is_returned 15,
        bytes16 an_array_of_16_bytes_is_returned 16,
        bytes17 an_array_of_17_bytes_is_returned 17,
        bytes18 an_array_of_18_bytes_is_returned 18,
        bytes19 an_array_of_19_bytes_is_returned 19,
        bytes20 an_array_of_20_bytes_is_returned 20,
        bytes21 an_array_of_21_bytes_is_returned 21,
        bytes22 an_array_of_22_bytes_is_returned 22,
        bytes23 an_array_of_23_bytes_is_returned 23,
        bytes24 an_array_of_24_bytes_is_returned 24,
        bytes25 an_array_of_25_bytes_is_returned 25,
        bytes26 an_array_of_26_bytes_is_returned 26,
        bytes27 an_array_of_27_bytes_is_returned 27,
        bytes28 an_array_of_28_bytes_is_returned 28,
        bytes29 an_array_of_29_bytes_is_returned 29,
        bytes30 an_array_of_30_bytes_is_returned 30,
        bytes31 an_array_of_31_bytes_is_returned 31,
        bytes32 an_array_of_32_bytes_is_returned 32,
        bytes33 an_array_of_33_bytes_is_returned 33,
        bytes34 an_array_of_34_bytes_is_returned 34,
        bytes35 an_array_of_35_bytes_is_returned 35,
        bytes36 an_array_of_36_bytes_is_returned 36,
        bytes37 an_array_of_37_bytes_is_returned 37,
        bytes38 an_array_of_38_bytes_is_returned 38,
        bytes39 an_array_of_39_bytes_is_returned 39,
        bytes40 an_array_of_40_bytes_is_returned 40,
    }
}

/// Results that rustc returns in more than one way.
macro_rules! results {
    ($($method:ident $sentence:ident $ty:ty = |$seed:ident| $value:expr;)*) => {
        #[static_dispatch(targets = 1)]
        trait Results {
            /// The argument comes back changed, so that it has to come through.
            $(fn $method(&self, first: u64, value: $ty, last: u8) -> $ty;)*
        }

        impl<const SEED: u64> Results for Kind<SEED> {
            $(fn $method(&self, first: u64, value: $ty, last: u8) -> $ty {
                let ($seed, own) = (SEED, self.calls);
                if first == own { value } else { let _ = last; $value }
            })*
        }

        $(
            mod $method {
                use super::*;
                // Of the learned type's the argument, of the other's one of its own.
                signature!($sentence: dyn Results;
                    $method(3, { let $seed = 7_u64; $value }, 9) => |result| format!("{result:?}"));
            }
        )*
    };
}

#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "the test prints it")]
struct Narrow(u32);

#[repr(C, packed)]
#[derive(Clone, Copy)]
struct Packed<T: Copy>(u8, T);

impl<T: Copy + std::fmt::Debug> std::fmt::Debug for Packed<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Packed(first, second) = *self;
        write!(formatter, "{first} {second:?}")
    }
}

#[repr(align(16))]
#[derive(Clone, Copy, Debug)]
struct Align16<T>(T);

#[repr(align(32))]
#[derive(Clone, Copy, Debug)]
struct Align32<T>(T);

#[repr(align(64))]
#[derive(Clone, Copy, Debug)]
struct Align64<T>(T);

#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct ForC(u8, f32, u16);

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::no_effect_underscore_binding,
    clippy::option_option,
    clippy::unnecessary_wraps,
    reason = "small numbers, and types that nobody would write"
)]
mod results {
    use super::*;

    results! {
        newtype a_number_with_a_name_is_returned Narrow = |n| Narrow(n as u32);
        signed_128 a_number_of_128_bits_is_returned i128 = |n| -(i128::from(n) << 70);
        perhaps_128 perhaps_a_number_of_128_bits_is_returned Option<u128> = |n| Some(u128::from(n) << 90);
        two_numbers two_numbers_of_128_bits_are_returned (u128, i128) = |n| (u128::MAX - u128::from(n), -5);
        wide_and_narrow a_wide_and_a_narrow_number_are_returned (u128, u64) = |n| (u128::from(n) << 80, n);
        three_words three_words_are_returned (u64, u64, u64) = |n| (n, !n, n << 9);
        two_floats two_floats_are_returned (f64, f64) = |n| (n as f64, 0.5);
        float_array an_array_of_two_floats_is_returned [f64; 2] = |n| [n as f64, 0.25];
        three_floats three_floats_are_returned (f32, f32, f32) = |n| (n as f32, 1.5, 2.5);
        mixed a_float_and_a_number_are_returned (f64, u16, bool) = |n| (n as f64, n as u16, true);
        perhaps_floats perhaps_two_floats_are_returned Option<[f64; 2]> = |n| Some([n as f64, 8.5]);
        perhaps_more perhaps_three_floats_are_returned Option<[f64; 3]> = |n| Some([n as f64, 8.5, 1.0]);
        perhaps_float perhaps_a_float_is_returned Option<f64> = |n| Some(n as f64);
        perhaps_perhaps perhaps_an_option_is_returned Option<Option<Option<u16>>> = |n| Some(Some(Some(n as u16)));
        perhaps_text perhaps_a_text_is_returned Option<String> = |n| Some(format!("text {n}"));
        text_or_words a_text_or_four_words_are_returned Result<String, [u64; 4]> = |n| Err([n, 2, 3, 4]);
        text_or_nothing a_text_or_nothing_is_returned Result<String, ()> = |n| Ok(n.to_string());
        boxed_or_code an_object_or_a_code_is_returned Result<Box<dyn std::fmt::Debug + Send>, u32> = |n| Ok(Box::new(n));
        nested nested_tuples_are_returned ((u8, (u16, [u8; 3])), Option<(u32, u8)>) = |n| ((1, (2, [3; 3])), Some((n as u32, 4)));
        packed_word a_packed_word_is_returned Packed<u64> = |n| Packed(1, n << 30);
        packed_words packed_words_are_returned Packed<[u64; 4]> = |n| Packed(1, [n; 4]);
        packed_float a_packed_float_is_returned Packed<f32> = |n| Packed(1, n as f32);
        for_c a_struct_as_c_has_it_is_returned ForC = |n| ForC(1, n as f32, 3);
        aligned_16 what_is_aligned_to_16_is_returned Align16<u64> = |n| Align16(n);
        aligned_32 what_is_aligned_to_32_is_returned Align32<u8> = |n| Align32(n as u8);
        aligned_64 what_is_aligned_to_64_is_returned Align64<[u64; 9]> = |n| Align64([n; 9]);
        aligned_nothing nothing_that_is_aligned_is_returned Align64<()> = |_n| Align64(());
        empty_tuples tuples_of_nothing_are_returned ((), [(); 5]) = |_n| ((), [(); 5]);
        function a_function_is_returned Option<fn(u64) -> u64> = |_n| None;
        range a_range_is_returned std::ops::Range<usize> = |n| 1..n as usize;
        slice a_slice_is_returned &'static [u64] = |_n| &[1, 2, 3];
        duration a_duration_is_returned Option<std::time::Duration> = |n| Some(std::time::Duration::from_nanos(n));
        ordering an_ordering_is_returned std::cmp::Ordering = |_n| std::cmp::Ordering::Greater;
    }
}

/// Vectors in structs of one's own, where no spelling says what they are.
#[cfg(target_arch = "x86_64")]
#[allow(
    clippy::redundant_closure_for_method_calls,
    reason = "by value as well"
)]
mod vectors {
    use std::arch::x86_64::{__m128i, __m256, __m256i, __m512};
    use std::mem::transmute;

    use static_call::static_dispatch;

    use crate::kind::Kind;
    use crate::signature;

    #[derive(Clone, Copy)]
    struct Of<V>(V);

    impl<V> Of<V> {
        fn new<const N: usize>(words: [u64; N]) -> Self
        where
            V: Copy,
        {
            assert_eq!(size_of::<V>(), 8 * N);
            // SAFETY: a vector of that size, of which any bytes are values.
            Of(unsafe { std::mem::transmute_copy(&words) })
        }
        fn words<const N: usize>(self) -> [u64; N]
        where
            V: Copy,
        {
            assert_eq!(size_of::<V>(), 8 * N);
            // SAFETY: as in `new`.
            unsafe { std::mem::transmute_copy(&self.0) }
        }
    }

    #[static_dispatch(targets = 1)]
    trait Vectors<T> {
        fn bare_128(&self, value: __m128i, by: u64) -> __m128i;
        fn of_128(&self, value: Of<__m128i>) -> Of<__m128i>;
        fn of_256(&self, first: u64, value: Of<__m256i>, last: Of<__m256>) -> Of<__m256i>;
        fn of_512(&self, value: Of<__m512>) -> Of<__m512>;
        fn two_128(&self, value: [Of<__m128i>; 2]) -> [Of<__m128i>; 2];
        fn perhaps(&self, value: Option<Of<__m256i>>) -> Option<Of<__m256i>>;
        fn generic(&self, value: T) -> T;
    }

    impl<T, const SEED: u64> Vectors<T> for Kind<SEED> {
        fn bare_128(&self, value: __m128i, by: u64) -> __m128i {
            // SAFETY: both are two words.
            let [first, second] = unsafe { transmute::<__m128i, [u64; 2]>(value) };
            Of::<__m128i>::new([second * SEED, first + by]).0
        }
        fn of_128(&self, value: Of<__m128i>) -> Of<__m128i> {
            Of::new(value.words::<2>().map(|word| word * SEED))
        }
        fn of_256(&self, first: u64, value: Of<__m256i>, last: Of<__m256>) -> Of<__m256i> {
            let mut words = value.words::<4>();
            words[0] *= SEED;
            words[1] += first;
            words[3] ^= last.words::<4>()[0];
            Of::new(words)
        }
        fn of_512(&self, value: Of<__m512>) -> Of<__m512> {
            Of::new(value.words::<8>().map(|word| word * SEED))
        }
        fn two_128(&self, value: [Of<__m128i>; 2]) -> [Of<__m128i>; 2] {
            let [first, second] = value;
            [Of::new(second.words::<2>().map(|word| word * SEED)), first]
        }
        fn perhaps(&self, value: Option<Of<__m256i>>) -> Option<Of<__m256i>> {
            value.map(|value| Of::new(value.words::<4>().map(|word| word + SEED)))
        }
        fn generic(&self, value: T) -> T {
            value
        }
    }

    type Object = dyn Vectors<Of<__m256i>>;

    signature!(a_bare_vector_comes_and_goes: Object;
        bare_128(Of::<__m128i>::new([1, 2]).0, 3)
        => |result| Of(result).words::<2>());
    signature!(a_vector_of_128_bits_in_a_struct_comes_and_goes: Object;
        of_128(Of::new([1, 2])) => |result| result.words::<2>());
    signature!(a_vector_of_256_bits_in_a_struct_comes_and_goes: Object;
        of_256(9, Of::new([1, 2, 3, 4]), Of::new([5; 4])) => |result| result.words::<4>());
    signature!(a_vector_of_512_bits_in_a_struct_comes_and_goes: Object;
        of_512(Of::new([1, 2, 3, 4, 5, 6, 7, 8])) => |result| result.words::<8>());
    signature!(two_vectors_come_and_go: Object;
        two_128([Of::new([1, 2]), Of::new([3, 4])])
        => |result| result.map(|one| one.words::<2>()));
    signature!(perhaps_a_vector_comes_and_goes: Object;
        perhaps(Some(Of::new([1, 2, 3, 4]))) => |result| result.map(|one| one.words::<4>()));
    mod generic {
        use super::*;
        signature!(a_vector_for_a_type_parameter_comes_and_goes: Object;
            generic(Of::new([1, 2, 3, 4])) => |result| result.words::<4>());
    }
}

/// A column of values, as databases have them.
#[static_dispatch(targets = 1)]
trait Column<T> {
    fn at(&self, index: usize) -> T;
    #[allow(clippy::too_many_arguments, reason = "more than there are registers")]
    fn many(
        &mut self,
        a: u64,
        b: [u8; 3],
        c: f64,
        d: (),
        e: Option<[f64; 2]>,
        f: u128,
        g: &str,
        h: (u8, f32),
        i: T,
        j: Box<str>,
        k: f32,
        l: [u64; 5],
    ) -> (T, String);
}

#[allow(clippy::many_single_char_names, reason = "there are many")]
impl<T: From<u32> + std::fmt::Debug, const SEED: u64> Column<T> for Kind<SEED> {
    #[allow(clippy::cast_possible_truncation, reason = "small numbers")]
    fn at(&self, index: usize) -> T {
        T::from((index as u64 * SEED) as u32)
    }
    fn many(
        &mut self,
        a: u64,
        b: [u8; 3],
        c: f64,
        d: (),
        e: Option<[f64; 2]>,
        f: u128,
        g: &str,
        h: (u8, f32),
        i: T,
        j: Box<str>,
        k: f32,
        l: [u64; 5],
    ) -> (T, String) {
        self.calls += 1;
        let text = format!("{SEED} {a} {b:?} {c} {d:?} {e:?} {f} {g} {h:?} {i:?} {j} {k} {l:?}");
        (i, text)
    }
}

signature!(a_type_parameter_may_be_a_number: dyn Column<u64>; at(11));
signature!(more_arguments_than_registers_come_through: dyn Column<f64>;
    many(1, [2; 3], 3.5, (), Some([4.5, 5.5]), 6 << 100, "seven", (8, 8.5), 9.5, "ten".into(), 11.5,
        [12; 5]));
