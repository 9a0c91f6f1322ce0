//! Values that are not one register: tuples, arrays, structs, vectors, nothing.

use static_call::static_dispatch;

use crate::kind::Kind;
use crate::signature;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Big {
    words: [u64; 33],
    tail: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Nothing;

#[repr(C, packed)]
#[derive(Clone, Copy)]
struct Packed {
    first: u8,
    second: u64,
    third: u16,
}

#[repr(align(64))]
#[derive(Clone, Debug, PartialEq)]
struct Aligned(String);

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Point,
    Circle { radius: f64 },
    Named(Box<str>),
}

#[allow(
    unused_parens,
    clippy::unused_unit,
    reason = "spellings are what is tested"
)]
#[static_dispatch(targets = 1)]
trait Aggregates {
    fn nothing(&mut self);
    fn unit(&mut self, unit: ()) -> ();
    fn zero_sized(&mut self, value: Nothing, empty: [u64; 0]) -> Nothing;
    fn option(&self, value: Option<u8>) -> Option<u8>;
    fn niche(&self, value: Option<&u64>) -> Option<Box<u64>>;
    fn result(&mut self, value: Result<String, u32>) -> Result<u32, String>;
    fn pair(&self, value: (u8, f64)) -> (f64, u8);
    fn nested(&self, value: ((u8, (u16, String)), [Option<u32>; 2])) -> (String, u64);
    fn array(&self, value: [u8; 3]) -> [u8; 5];
    fn large_array(&self, value: [u32; 100]) -> [u32; 100];
    fn big(&mut self, value: Big) -> Big;
    fn two_big(&mut self, first: Big, between: u8, second: Big) -> (Big, Big);
    fn packed(&self, value: Packed) -> Packed;
    fn aligned(&self, value: Aligned) -> Aligned;
    fn shape(&mut self, value: Shape) -> Shape;
    fn owned(&mut self, value: Vec<String>) -> Vec<String>;
    fn parenthesized(&self, value: (u8), other: (&str)) -> (u64);
}

impl<const SEED: u64> Aggregates for Kind<SEED> {
    fn nothing(&mut self) {
        self.calls += 1;
    }
    fn unit(&mut self, unit: ()) -> () {
        self.calls += 1;
        unit
    }
    fn zero_sized(&mut self, value: Nothing, empty: [u64; 0]) -> Nothing {
        self.calls += 1 + empty.len() as u64;
        value
    }
    fn option(&self, value: Option<u8>) -> Option<u8> {
        value.map(|value| value ^ self.bytes[3])
    }
    fn niche(&self, value: Option<&u64>) -> Option<Box<u64>> {
        value.map(|value| Box::new(value * SEED))
    }
    fn result(&mut self, value: Result<String, u32>) -> Result<u32, String> {
        self.calls += 1;
        match value {
            Ok(text) => Err(text + &self.name),
            Err(number) => Ok(number + 1),
        }
    }
    fn pair(&self, value: (u8, f64)) -> (f64, u8) {
        (value.1 * 2.0, value.0 + self.bytes[0])
    }
    fn nested(&self, value: ((u8, (u16, String)), [Option<u32>; 2])) -> (String, u64) {
        let ((first, (second, text)), options) = value;
        let sum: u32 = options.into_iter().flatten().sum();
        let sum = u64::from(first) + u64::from(second) + u64::from(sum);
        (text + &self.name, sum * SEED)
    }
    fn array(&self, value: [u8; 3]) -> [u8; 5] {
        [value[2], value[1], value[0], self.bytes[2], self.bytes[1]]
    }
    fn large_array(&self, value: [u32; 100]) -> [u32; 100] {
        value.map(|item| item.wrapping_mul(7) + u32::from(self.bytes[0]))
    }
    fn big(&mut self, mut value: Big) -> Big {
        self.calls += 1;
        value.words[32] = self.calls;
        value.tail += 1;
        value
    }
    fn two_big(&mut self, first: Big, between: u8, second: Big) -> (Big, Big) {
        let tail = second.tail + between;
        (Big { tail, ..second }, first)
    }
    fn packed(&self, value: Packed) -> Packed {
        Packed {
            second: value.second * SEED,
            ..value
        }
    }
    fn aligned(&self, value: Aligned) -> Aligned {
        assert!(std::ptr::from_ref(&value).is_aligned());
        Aligned(value.0 + &self.name)
    }
    fn shape(&mut self, value: Shape) -> Shape {
        match value {
            Shape::Point => Shape::Circle { radius: 0.0 },
            Shape::Circle { radius } => Shape::Named(format!("{radius}").into()),
            Shape::Named(_) => Shape::Point,
        }
    }
    fn owned(&mut self, mut value: Vec<String>) -> Vec<String> {
        self.calls += 1;
        value.push(format!("{} {}", self.name, self.calls));
        value
    }
    fn parenthesized(&self, value: u8, other: &str) -> u64 {
        SEED + u64::from(value) + other.len() as u64
    }
}

const BIG: Big = Big {
    words: [0x0102_0304_0506_0708; 33],
    tail: 9,
};

signature!(a_method_may_take_and_return_nothing: dyn Aggregates; nothing());
signature!(the_unit_type_may_be_spelled_out: dyn Aggregates; unit(()));
signature!(values_without_size_come_and_go: dyn Aggregates; zero_sized(Nothing, []));
signature!(an_option_comes_and_goes: dyn Aggregates; option(Some(0x55)));
signature!(an_option_of_a_reference_comes_and_a_box_goes: dyn Aggregates; niche(Some(&77)));
signature!(a_result_comes_and_goes: dyn Aggregates; result(Ok("text of ".to_owned())));
signature!(a_tuple_comes_and_goes: dyn Aggregates; pair((200, 0.125)));
signature!(nested_tuples_come_and_go: dyn Aggregates;
    nested(((1, (2, "of ".to_owned())), [Some(3), None])));
signature!(an_array_comes_by_value: dyn Aggregates; array([7, 8, 9]));
signature!(a_large_array_comes_by_value: dyn Aggregates;
    large_array(std::array::from_fn(|index| u32::try_from(index).unwrap())));
signature!(a_big_struct_comes_and_goes: dyn Aggregates; big(BIG));
signature!(two_big_structs_keep_their_places: dyn Aggregates;
    two_big(BIG, 5, Big { words: [1; 33], tail: 2 }));
signature!(a_packed_struct_comes_and_goes: dyn Aggregates;
    packed(Packed { first: 1, second: 1 << 40, third: 3 })
    => |packed| (packed.first, { packed.second }, { packed.third }));
signature!(an_overaligned_struct_comes_and_goes: dyn Aggregates;
    aligned(Aligned("aligned for ".to_owned())));
signature!(an_enum_comes_and_goes: dyn Aggregates; shape(Shape::Circle { radius: 2.5 }));
signature!(a_vector_is_moved_through: dyn Aggregates; owned(vec!["first".to_owned()]));
signature!(parentheses_around_a_type_mean_nothing: dyn Aggregates; parenthesized(4, "abc"));

/// Vectors of 128 and 256 bits, whose C ABI depends on target features that a
/// trait method does not have.
#[cfg(target_arch = "x86_64")]
mod simd {
    use std::arch::x86_64::{__m128, __m256, _mm256_add_ps};
    use std::mem::transmute;

    use static_call::static_dispatch;

    use crate::kind::Kind;
    use crate::signature;

    #[static_dispatch(targets = 1)]
    trait Vectors {
        fn sum(&mut self, left: __m256, right: __m256) -> __m256;
        fn narrow(&self, first: f32, value: __m128, last: u8) -> (__m128, f32);
    }

    impl<const SEED: u64> Vectors for Kind<SEED> {
        fn sum(&mut self, left: __m256, right: __m256) -> __m256 {
            if std::arch::is_x86_feature_detected!("avx") {
                // SAFETY: the processor has AVX.
                unsafe { add(&left, &right) }
            } else {
                right
            }
        }
        fn narrow(&self, first: f32, value: __m128, last: u8) -> (__m128, f32) {
            (value, first * f32::from(self.bytes[1]) + f32::from(last))
        }
    }

    #[target_feature(enable = "avx")]
    fn add(left: &__m256, right: &__m256) -> __m256 {
        _mm256_add_ps(*left, *right)
    }

    fn wide(values: [f32; 8]) -> __m256 {
        // SAFETY: both are eight floats.
        unsafe { transmute(values) }
    }

    signature!(vectors_of_256_bits_come_and_go: dyn Vectors;
        sum(wide([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), wide([0.5; 8]))
        // SAFETY: both are eight floats.
        => |sum| unsafe { transmute::<__m256, [f32; 8]>(sum) });
    signature!(vectors_of_128_bits_come_and_go: dyn Vectors;
        // SAFETY: both are four floats.
        narrow(2.0, unsafe { transmute::<[f32; 4], __m128>([1.0, 2.0, 3.0, 4.0]) }, 3)
        // SAFETY: as above.
        => |pair| (unsafe { transmute::<__m128, [f32; 4]>(pair.0) }, pair.1));
}
