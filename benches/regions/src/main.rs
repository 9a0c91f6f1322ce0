//! What `specialize!` takes beside plain calls, as a table: `cargo run --release -p
//! static-call-bench-regions`. Without the runtime, unless `--features runtime` is given.
//!
//! Each figure is the median over rounds of a form's time over the plain form's in the same
//! round; forms take turns. `plain again` is the plain form once more, at another place: what
//! it differs from 1 by is what a figure here may be wrong by. To see what depends on where
//! code lies, build it in three ways: as it is, with `CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1`,
//! and with `RUSTFLAGS=-Cllvm-args=-align-all-nofallthru-blocks=6`.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use static_call::specialize;
use static_call_bench_regions::{Adapter, Gain, Slice, Wrapper, bytes, gain, slice};

type Object<'a> = dyn Adapter<'a, f32> + 'a;
type Many = [Box<dyn Adapter<'static, f32>>];
type Form<'v, I> = (&'v str, &'v dyn Fn(&I) -> f32);

/// Prints a row: the first form is what the others are compared with.
#[allow(
    clippy::float_cmp,
    reason = "all forms add the same numbers in the same order"
)]
fn row<I: ?Sized>(title: &str, input: &I, forms: &[Form<'_, I>]) {
    const ROUNDS: usize = 151;
    const CALLS: u32 = 8;
    let mut times = vec![Vec::new(); forms.len()];
    let expected = forms[0].1(input);
    for (name, run) in forms {
        for _ in 0..20 {
            assert_eq!(run(black_box(input)), expected, "{title}: {name}");
        }
    }
    for round in 0..ROUNDS {
        for turn in 0..forms.len() {
            let index = (turn + round) % forms.len();
            let start = Instant::now();
            for _ in 0..CALLS {
                black_box(forms[index].1(black_box(input)));
            }
            times[index].push(start.elapsed().as_secs_f64() / f64::from(CALLS));
        }
    }
    let median = |of: &mut Vec<f64>| {
        of.sort_by(f64::total_cmp);
        of[of.len() / 2]
    };
    let plain = times[0].clone();
    print!("{title}: plain {:.0} ns", median(&mut plain.clone()) * 1e9);
    for ((name, _), times) in forms.iter().zip(&times).skip(1) {
        let mut ratios = times
            .iter()
            .zip(&plain)
            .map(|(one, plain)| one / plain)
            .collect();
        print!(" | {name} {:.2}", median(&mut ratios));
    }
    println!();
}

/// Forms by name, each a function that takes the row's input.
macro_rules! forms {
    ($($name:literal: $form:path),+ $(,)?) => {
        &[$(($name, &|input| $form(input))),+]
    };
}

// A loop on one object that borrows.

macro_rules! all {
    ($a:ident) => {{
        let mut sum = 0.0;
        for frame in 0..$a.frames() {
            sum += $a.read(0, frame).unwrap_or(0.25);
        }
        sum
    }};
}

#[inline(never)]
fn loop_plain(a: &Object<'_>) -> f32 {
    all!(a)
}

#[inline(never)]
fn loop_again(a: &Object<'_>) -> f32 {
    black_box(1);
    all!(a)
}

#[inline(never)]
fn loop_generic<'a, A: Adapter<'a, f32>>(a: &A) -> f32 {
    all!(a)
}

#[inline(never)]
fn loop_region(a: &Object<'_>) -> f32 {
    specialize!(a: [Wrapper<&[u8]>, Slice<'_, f32>] in { all!(a) })
}

// Calls by themselves.

static KEY: AtomicUsize = AtomicUsize::new(0);

/// The address of an object's vtable.
fn vtable(object: &Object<'_>) -> usize {
    // SAFETY: data and vtable.
    let [_, vtable] = unsafe { std::mem::transmute::<&Object<'_>, [usize; 2]>(object) };
    vtable
}

macro_rules! calls {
    ($name:ident, $a:ident, $i:ident, $work:expr) => {
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        #[inline(never)]
        fn $name<'a>(a: &Object<'a>) -> f32 {
            let mut sum = 0.0;
            for $i in 0..1024_usize {
                // Anew each time, so that nothing is hoisted.
                let $a: &Object<'a> = black_box(a);
                sum += $work;
            }
            sum
        }
    };
}

macro_rules! one {
    ($a:ident, $i:ident) => {
        $a.read(0, $i & 7).unwrap_or(0.25)
    };
}

macro_rules! three {
    ($a:ident, $i:ident) => {{
        let frame = $i % $a.frames();
        $a.read(0, frame).unwrap_or(0.25) + ($a.channels() as f32)
    }};
}

macro_rules! guarded {
    ($a:ident, $i:ident, $work:ident) => {
        if vtable($a) == KEY.load(Relaxed) {
            // SAFETY: the key is that of this type.
            #[allow(clippy::cast_ptr_alignment, reason = "so it is aligned")]
            let $a = unsafe { &*std::ptr::from_ref($a).cast::<Slice<'_, f32>>() };
            $work!($a, $i)
        } else {
            $work!($a, $i)
        }
    };
}

calls!(one_plain, a, i, one!(a, i));
calls!(one_again, a, i, one!(a, i) + 0.0);
calls!(one_guard, a, i, guarded!(a, i, one));
calls!(
    one_region,
    a,
    i,
    specialize!(a: [Slice<'_, f32>] in { one!(a, i) })
);
calls!(
    one_second,
    a,
    i,
    specialize!(a: [Wrapper<&[u8]>, Slice<'_, f32>] in { one!(a, i) })
);
calls!(
    one_unlisted,
    a,
    i,
    specialize!(a: [Gain<0>] in { one!(a, i) })
);
calls!(
    one_unlisted_of_two,
    a,
    i,
    specialize!(a: [Gain<0>, Gain<1>] in { one!(a, i) })
);
calls!(three_plain, a, i, three!(a, i));
calls!(three_again, a, i, three!(a, i) + 0.0);
calls!(three_guard, a, i, guarded!(a, i, three));
calls!(
    three_region,
    a,
    i,
    specialize!(a: [Slice<'_, f32>] in { three!(a, i) })
);
calls!(
    three_unlisted,
    a,
    i,
    specialize!(a: [Gain<0>] in { three!(a, i) })
);

// Many objects, a region in the loop.

#[inline(never)]
fn many_plain(many: &Many) -> f32 {
    let mut sum = 0.0;
    for a in many {
        sum += a.at(0, 3);
    }
    sum
}

#[inline(never)]
fn many_again(many: &Many) -> f32 {
    black_box(1);
    let mut sum = 0.0;
    for a in many {
        sum += a.at(0, 3);
    }
    sum
}

macro_rules! many {
    ($name:ident [$($listed:ty),+]) => {
        #[inline(never)]
        fn $name(many: &Many) -> f32 {
            let mut sum = 0.0;
            for a in many {
                specialize!(a = &**a: [$($listed),+] in { sum += a.at(0, 3); });
            }
            sum
        }
    };
}

/// The vtable of each of the small types, as their crate has it.
static KEYS: [AtomicUsize; 8] = [const { AtomicUsize::new(0) }; 8];

/// What a region can be at best: a compare with a static, and a cast.
macro_rules! many_by_hand {
    ($name:ident [$($listed:literal),+]) => {
        #[allow(clippy::cast_ptr_alignment, reason = "it is of that type")]
        #[inline(never)]
        fn $name(many: &Many) -> f32 {
            let mut sum = 0.0;
            for a in many {
                let object: &Object<'_> = &**a;
                sum += $(if vtable(object) == KEYS[$listed].load(Relaxed) {
                    // SAFETY: the key is that of this type.
                    #[allow(clippy::cast_ptr_alignment, reason = "so it is aligned")]
                    let a = unsafe { &*std::ptr::from_ref(object).cast::<Gain<$listed>>() };
                    a.at(0, 3)
                } else)+ {
                    a.at(0, 3)
                };
            }
            sum
        }
    };
}

many_by_hand!(by_hand_4 [0, 1, 2, 3]);
many_by_hand!(by_hand_2 [0, 1]);
many_by_hand!(by_hand_last_2 [6, 7]);
many_by_hand!(by_hand_8 [0, 1, 2, 3, 4, 5, 6, 7]);

many!(many_4 [Gain<0>, Gain<1>, Gain<2>, Gain<3>]);
many!(many_2 [Gain<0>, Gain<1>]);
many!(many_last_2 [Gain<6>, Gain<7>]);
many!(many_8 [Gain<0>, Gain<1>, Gain<2>, Gain<3>, Gain<4>, Gain<5>, Gain<6>, Gain<7>]);

/// More objects than a predictor learns by heart, of types by their place and a random number.
fn objects(kind: impl Fn(usize, u64) -> usize) -> Vec<Box<dyn Adapter<'static, f32>>> {
    let mut seed = 1_u64;
    let random = |seed: &mut u64| {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        *seed >> 40
    };
    (0..16384)
        .map(|index| gain(kind(index, random(&mut seed))))
        .collect()
}

fn main() {
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let data: Vec<f32> = (0..1024).map(|one| one as f32 * 0.25).collect();
    let octets = vec![3_u8; 1024];
    let (a, b) = (slice(&data), bytes(&octets));
    let data = &data[..];
    let own = Slice::new(data);
    KEY.store(vtable(&*a), Relaxed);
    let loops: &[Form<'_, Object<'_>>] = &[
        ("plain", &|a| loop_plain(a)),
        ("plain again", &|a| loop_again(a)),
        ("generic", &|_| loop_generic(black_box(&own))),
        ("region", &|a| loop_region(a)),
    ];
    row(
        "loop of 1,024 reads, borrowed, made in another crate",
        &*a,
        loops,
    );
    row(
        "the same, made in this crate",
        black_box(&own as &Object<'_>),
        loops,
    );
    row(
        "one call, made in another crate",
        &*a,
        forms! {
            "plain": one_plain, "plain again": one_again, "guard by hand": one_guard,
            "region": one_region, "second of two": one_second, "not listed": one_unlisted,
            "neither of two": one_unlisted_of_two,
        },
    );
    row(
        "one call, another type, not listed",
        &*b,
        forms! {
            "plain": one_plain, "plain again": one_again, "not listed": one_region,
        },
    );
    row(
        "three calls, one test",
        &*a,
        forms! {
            "plain": three_plain, "plain again": three_again, "guard by hand": three_guard,
            "region": three_region, "not listed": three_unlisted,
        },
    );
    for (k, key) in KEYS.iter().enumerate() {
        key.store(vtable(&*gain(k)), Relaxed);
    }
    let kinds = objects(|index, _| index / 4096);
    row(
        "16,384 boxes, four types, sorted",
        &kinds[..],
        forms! {
            "plain": many_plain, "plain again": many_again, "by hand": by_hand_4,
            "all listed": many_4,
        },
    );
    let kinds = objects(|_, random| usize::from(random % 5 == 0));
    row(
        "two types, 80/20, shuffled",
        &kinds[..],
        forms! {
            "plain": many_plain, "plain again": many_again, "by hand": by_hand_2,
            "all listed": many_2,
        },
    );
    let kinds = objects(|index, _| index / 2048);
    row(
        "eight types, sorted",
        &kinds[..],
        forms! {
            "plain": many_plain, "plain again": many_again, "by hand": by_hand_8,
            "all listed": many_8,
        },
    );
    #[allow(clippy::cast_possible_truncation, reason = "below eight")]
    let kinds = objects(|_, random| (random % 8) as usize);
    row(
        "eight types, even, shuffled",
        &kinds[..],
        forms! {
            "plain": many_plain, "plain again": many_again, "by hand": by_hand_8,
            "all listed": many_8, "two by hand": by_hand_last_2, "two listed": many_last_2,
        },
    );
    let kinds = objects(|_, _| 7);
    row(
        "all of the last of eight",
        &kinds[..],
        forms! {
            "plain": many_plain, "plain again": many_again, "by hand": by_hand_8,
            "all listed": many_8,
        },
    );
}
