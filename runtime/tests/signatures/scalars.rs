//! Scalars, and how many of them: registers first, then the stack.
#![allow(clippy::too_many_arguments, reason = "that is what is tested")]

use static_call::static_dispatch;

use crate::kind::Kind;
use crate::signature;

#[static_dispatch(targets = 1)]
trait Integers {
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

impl<const SEED: u64> Integers for Kind<SEED> {
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

signature!(a_u8_comes_and_goes: dyn Integers; give_u8(u8::MAX / 3));
signature!(a_u16_comes_and_goes: dyn Integers; give_u16(u16::MAX / 3));
signature!(a_u32_comes_and_goes: dyn Integers; give_u32(u32::MAX / 3));
signature!(a_u64_comes_and_goes: dyn Integers; give_u64(u64::MAX / 3));
signature!(a_usize_comes_and_goes: dyn Integers; give_usize(usize::MAX / 3));
signature!(an_i8_comes_and_goes: dyn Integers; give_i8(i8::MAX / 3));
signature!(an_i16_comes_and_goes: dyn Integers; give_i16(i16::MAX / 3));
signature!(an_i32_comes_and_goes: dyn Integers; give_i32(i32::MAX / 3));
signature!(an_i64_comes_and_goes: dyn Integers; give_i64(i64::MAX / 3));
signature!(an_isize_comes_and_goes: dyn Integers; give_isize(isize::MAX / 3));
signature!(a_u128_comes_and_goes: dyn Integers; give_u128(u128::MAX / 3));
signature!(an_i128_comes_and_goes: dyn Integers; give_i128(i128::MIN / 3));
signature!(a_bool_comes_and_goes: dyn Integers; give_bool(true));
signature!(a_char_comes_and_goes: dyn Integers; give_char('\u{1f980}'));
signature!(an_f32_comes_and_goes: dyn Integers; give_f32(-0.25));
signature!(an_f64_comes_and_goes: dyn Integers; give_f64(1e300));
signature!(arguments_of_mixed_widths_keep_their_places: dyn Integers;
    mixed_widths(200, -3, 4_000_000_000, i64::MIN, true, 'ß', 1 << 100));

/// Each argument counts with its place, so that no two can be exchanged unseen.
fn weighed(seed: u64, arguments: &[u64]) -> u64 {
    arguments.iter().fold(seed, |sum, argument| {
        sum.wrapping_mul(31).wrapping_add(*argument)
    })
}

#[static_dispatch(targets = 1)]
trait Counts {
    fn take_0(&self) -> u64;
    fn take_1(&self, a: u64) -> u64;
    fn take_2(&self, a: u64, b: u64) -> u64;
    fn take_3(&self, a: u64, b: u64, c: u64) -> u64;
    fn take_4(&self, a: u64, b: u64, c: u64, d: u64) -> u64;
    fn take_5(&self, a: u64, b: u64, c: u64, d: u64, e: u64) -> u64;
    fn take_6(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> u64;
    fn take_7(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64) -> u64;
    fn take_8(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64) -> u64;
    fn take_9(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64, i: u64)
    -> u64;
    fn take_10(
        &self,
        a: u64,
        b: u64,
        c: u64,
        d: u64,
        e: u64,
        f: u64,
        g: u64,
        h: u64,
        i: u64,
        j: u64,
    ) -> u64;
    fn take_11(
        &self,
        a: u64,
        b: u64,
        c: u64,
        d: u64,
        e: u64,
        f: u64,
        g: u64,
        h: u64,
        i: u64,
        j: u64,
        k: u64,
    ) -> u64;
    fn take_12(
        &self,
        a: u64,
        b: u64,
        c: u64,
        d: u64,
        e: u64,
        f: u64,
        g: u64,
        h: u64,
        i: u64,
        j: u64,
        k: u64,
        l: u64,
    ) -> u64;
    fn integers_and_floats_on_the_stack(
        &mut self,
        a: u64,
        x: f64,
        b: u32,
        y: f32,
        c: u16,
        z: f64,
        d: u8,
        p: f32,
        e: usize,
        q: f64,
        f: i64,
        r: f64,
        g: i32,
        s: f64,
        h: i16,
        t: f64,
        u: f32,
        v: f64,
        i: &u64,
        w: f32,
    ) -> f64;
    fn moved_values_on_the_stack(
        &self,
        a: u64,
        b: (u8, u8),
        c: u64,
        d: String,
        e: u64,
        f: Option<u32>,
        g: u64,
        h: [u16; 3],
        i: u64,
        j: &str,
    ) -> (u64, String);
}

impl<const SEED: u64> Counts for Kind<SEED> {
    fn take_0(&self) -> u64 {
        weighed(SEED, &[])
    }
    fn take_1(&self, a: u64) -> u64 {
        weighed(SEED, &[a])
    }
    fn take_2(&self, a: u64, b: u64) -> u64 {
        weighed(SEED, &[a, b])
    }
    fn take_3(&self, a: u64, b: u64, c: u64) -> u64 {
        weighed(SEED, &[a, b, c])
    }
    fn take_4(&self, a: u64, b: u64, c: u64, d: u64) -> u64 {
        weighed(SEED, &[a, b, c, d])
    }
    fn take_5(&self, a: u64, b: u64, c: u64, d: u64, e: u64) -> u64 {
        weighed(SEED, &[a, b, c, d, e])
    }
    fn take_6(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> u64 {
        weighed(SEED, &[a, b, c, d, e, f])
    }
    fn take_7(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64) -> u64 {
        weighed(SEED, &[a, b, c, d, e, f, g])
    }
    fn take_8(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64) -> u64 {
        weighed(SEED, &[a, b, c, d, e, f, g, h])
    }
    fn take_9(
        &self,
        a: u64,
        b: u64,
        c: u64,
        d: u64,
        e: u64,
        f: u64,
        g: u64,
        h: u64,
        i: u64,
    ) -> u64 {
        weighed(SEED, &[a, b, c, d, e, f, g, h, i])
    }
    fn take_10(
        &self,
        a: u64,
        b: u64,
        c: u64,
        d: u64,
        e: u64,
        f: u64,
        g: u64,
        h: u64,
        i: u64,
        j: u64,
    ) -> u64 {
        weighed(SEED, &[a, b, c, d, e, f, g, h, i, j])
    }
    fn take_11(
        &self,
        a: u64,
        b: u64,
        c: u64,
        d: u64,
        e: u64,
        f: u64,
        g: u64,
        h: u64,
        i: u64,
        j: u64,
        k: u64,
    ) -> u64 {
        weighed(SEED, &[a, b, c, d, e, f, g, h, i, j, k])
    }
    fn take_12(
        &self,
        a: u64,
        b: u64,
        c: u64,
        d: u64,
        e: u64,
        f: u64,
        g: u64,
        h: u64,
        i: u64,
        j: u64,
        k: u64,
        l: u64,
    ) -> u64 {
        weighed(SEED, &[a, b, c, d, e, f, g, h, i, j, k, l])
    }
    fn integers_and_floats_on_the_stack(
        &mut self,
        a: u64,
        x: f64,
        b: u32,
        y: f32,
        c: u16,
        z: f64,
        d: u8,
        p: f32,
        e: usize,
        q: f64,
        f: i64,
        r: f64,
        g: i32,
        s: f64,
        h: i16,
        t: f64,
        u: f32,
        v: f64,
        i: &u64,
        w: f32,
    ) -> f64 {
        self.calls += 1;
        let integers = [
            a,
            b.into(),
            c.into(),
            d.into(),
            e as u64,
            f.cast_unsigned(),
            g.cast_unsigned().into(),
            h.cast_unsigned().into(),
            *i,
            self.calls,
        ];
        let floats = [x, y.into(), z, p.into(), q, r, s, t, u.into(), v, w.into()];
        #[allow(clippy::cast_precision_loss)]
        let sum = (weighed(SEED, &integers) % 1_000_003) as f64;
        floats.iter().fold(sum, |sum, float| sum * 1.5 + float)
    }
    fn moved_values_on_the_stack(
        &self,
        a: u64,
        b: (u8, u8),
        c: u64,
        d: String,
        e: u64,
        f: Option<u32>,
        g: u64,
        h: [u16; 3],
        i: u64,
        j: &str,
    ) -> (u64, String) {
        let (first, second) = b;
        let sum = weighed(
            SEED,
            &[
                a,
                first.into(),
                second.into(),
                c,
                e,
                f.map_or(7, u64::from),
                g,
                h[0].into(),
                h[1].into(),
                h[2].into(),
                i,
            ],
        );
        (sum, d + j)
    }
}

signature!(no_argument_at_all_can_be_taken: dyn Counts; take_0());
signature!(one_argument_can_be_taken: dyn Counts; take_1(u64::MAX));
signature!(two_arguments_can_be_taken: dyn Counts; take_2(u64::MAX, 2));
signature!(three_arguments_can_be_taken: dyn Counts; take_3(u64::MAX, 2, 3));
signature!(four_arguments_can_be_taken: dyn Counts; take_4(u64::MAX, 2, 3, 5));
signature!(five_arguments_can_be_taken: dyn Counts; take_5(u64::MAX, 2, 3, 5, 7));
signature!(six_arguments_can_be_taken: dyn Counts; take_6(u64::MAX, 2, 3, 5, 7, 11));
signature!(seven_arguments_can_be_taken: dyn Counts; take_7(u64::MAX, 2, 3, 5, 7, 11, 13));
signature!(eight_arguments_can_be_taken: dyn Counts; take_8(u64::MAX, 2, 3, 5, 7, 11, 13, 17));
signature!(nine_arguments_can_be_taken: dyn Counts; take_9(u64::MAX, 2, 3, 5, 7, 11, 13, 17, 19));
signature!(ten_arguments_can_be_taken: dyn Counts; take_10(u64::MAX, 2, 3, 5, 7, 11, 13, 17, 19, 23));
signature!(eleven_arguments_can_be_taken: dyn Counts; take_11(u64::MAX, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29));
signature!(twelve_arguments_can_be_taken: dyn Counts; take_12(u64::MAX, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31));
signature!(integers_and_floats_beyond_the_registers_keep_their_places: dyn Counts;
integers_and_floats_on_the_stack(
    1, 0.5, 2, 1.5, 3, 2.5, 4, 3.5, 5, 4.5, -6, 5.5, -7, 6.5, -8, 7.5, 8.5, 9.5, &9, 10.5
));
signature!(moved_values_beyond_the_registers_keep_their_places: dyn Counts;
moved_values_on_the_stack(
    1, (2, 3), 4, "moved ".to_owned(), 5, Some(6), 7, [8, 9, 10], 11, "borrowed"
));
