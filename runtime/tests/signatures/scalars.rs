//! Scalars: integers of all sizes, floats, `bool`, `char`.
#![allow(
    clippy::too_many_arguments,
    clippy::many_single_char_names,
    reason = "that is what is tested"
)]

use static_call::static_dispatch;

use crate::kind::Kind;
use crate::signature;

#[static_dispatch(targets = 1)]
trait Scalars {
    fn give_u8(&mut self, value: u8) -> u8;
    fn give_u16(&mut self, value: u16) -> u16;
    fn give_u32(&mut self, value: u32) -> u32;
    fn give_u64(&mut self, value: u64) -> u64;
    fn give_usize(&mut self, value: usize) -> usize;
    fn give_i8(&mut self, value: i8) -> i8;
    fn give_i16(&mut self, value: i16) -> i16;
    fn give_i32(&mut self, value: i32) -> i32;
    fn give_i64(&mut self, value: i64) -> i64;
    fn give_isize(&mut self, value: isize) -> isize;
    fn give_u128(&mut self, value: u128) -> u128;
    fn give_i128(&mut self, value: i128) -> i128;
    fn give_bool(&mut self, value: bool) -> bool;
    fn give_char(&mut self, value: char) -> char;
    fn give_f32(&mut self, value: f32) -> f32;
    fn give_f64(&mut self, value: f64) -> f64;
    fn mixed_widths(&self, a: u8, b: i16, c: u32, d: i64, e: bool, f: char, g: u128) -> i128;
}

macro_rules! give {
    ($($method:ident: $ty:ident,)*) => {
        $(fn $method(&mut self, value: $ty) -> $ty {
            self.calls += 1;
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_lossless)]
            value.wrapping_mul(SEED as $ty).wrapping_add(self.calls as $ty)
        })*
    };
}

impl<const SEED: u64> Scalars for Kind<SEED> {
    give! {
        give_u8: u8, give_u16: u16, give_u32: u32,
        give_u64: u64, give_usize: usize, give_i8: i8,
        give_i16: i16, give_i32: i32, give_i64: i64,
        give_isize: isize, give_u128: u128, give_i128: i128,
    }
    fn give_bool(&mut self, value: bool) -> bool {
        self.calls += 1;
        value ^ self.calls.is_multiple_of(SEED)
    }
    fn give_char(&mut self, value: char) -> char {
        self.calls += 1;
        char::from_u32(value as u32 + u32::from(self.bytes[3])).unwrap_or('?')
    }
    fn give_f32(&mut self, value: f32) -> f32 {
        value * f32::from(self.bytes[1]) + f32::from(self.bytes[2])
    }
    fn give_f64(&mut self, value: f64) -> f64 {
        value * f64::from(self.bytes[1]) + f64::from(self.bytes[2])
    }
    fn mixed_widths(&self, a: u8, b: i16, c: u32, d: i64, e: bool, f: char, g: u128) -> i128 {
        i128::from(a)
            + i128::from(b) * 3
            + i128::from(c) * 5
            + i128::from(d) * 7
            + i128::from(e) * 11
            + i128::from(f as u32) * 13
            + g.cast_signed() * i128::from(SEED)
    }
}

signature!(a_u8_comes_and_goes: dyn Scalars; give_u8(u8::MAX / 3));
signature!(a_u16_comes_and_goes: dyn Scalars; give_u16(u16::MAX / 3));
signature!(a_u32_comes_and_goes: dyn Scalars; give_u32(u32::MAX / 3));
signature!(a_u64_comes_and_goes: dyn Scalars; give_u64(u64::MAX / 3));
signature!(a_usize_comes_and_goes: dyn Scalars; give_usize(usize::MAX / 3));
signature!(an_i8_comes_and_goes: dyn Scalars; give_i8(i8::MAX / 3));
signature!(an_i16_comes_and_goes: dyn Scalars; give_i16(i16::MAX / 3));
signature!(an_i32_comes_and_goes: dyn Scalars; give_i32(i32::MAX / 3));
signature!(an_i64_comes_and_goes: dyn Scalars; give_i64(i64::MAX / 3));
signature!(an_isize_comes_and_goes: dyn Scalars; give_isize(isize::MAX / 3));
signature!(a_u128_comes_and_goes: dyn Scalars; give_u128(u128::MAX / 3));
signature!(an_i128_comes_and_goes: dyn Scalars; give_i128(i128::MIN / 3));
signature!(a_bool_comes_and_goes: dyn Scalars; give_bool(true));
signature!(a_char_comes_and_goes: dyn Scalars; give_char('\u{1f980}'));
signature!(an_f32_comes_and_goes: dyn Scalars; give_f32(-0.25));
signature!(an_f64_comes_and_goes: dyn Scalars; give_f64(1e300));
signature!(arguments_of_mixed_widths_keep_their_places: dyn Scalars;
    mixed_widths(200, -3, 4_000_000_000, i64::MIN, true, 'ß', 1 << 100));
