//! How many arguments: registers first, then the stack.
#![allow(
    clippy::too_many_arguments,
    clippy::many_single_char_names,
    reason = "that is what is tested"
)]

use static_call::static_dispatch;

use crate::kind::Kind;
use crate::signature;

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

macro_rules! take {
    ($($method:ident($($argument:ident),*);)*) => {
        $(fn $method(&self, $($argument: u64),*) -> u64 {
            weighed(SEED, &[$($argument),*])
        })*
    };
}

impl<const SEED: u64> Counts for Kind<SEED> {
    take! {
        take_0();
        take_1(a);
        take_2(a, b);
        take_3(a, b, c);
        take_4(a, b, c, d);
        take_5(a, b, c, d, e);
        take_6(a, b, c, d, e, f);
        take_7(a, b, c, d, e, f, g);
        take_8(a, b, c, d, e, f, g, h);
        take_9(a, b, c, d, e, f, g, h, i);
        take_10(a, b, c, d, e, f, g, h, i, j);
        take_11(a, b, c, d, e, f, g, h, i, j, k);
        take_12(a, b, c, d, e, f, g, h, i, j, k, l);
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
