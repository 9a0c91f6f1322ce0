//! What a call costs through an object trait (`object = FastBody`) and through an
//! upcast to a supertrait, beside a plain call and a call site of one's own:
//! `cargo run --release -p static-call-benches --bin object-types`.
//!
//! Every loop stands in eight copies at different places, and rounds alternate.

use std::hint::black_box;
use std::time::Instant;

use static_call::runtime::{self, Config, Mode};
use static_call::{static_call, static_dispatch};
use static_call_benches::stats::Summary;

#[static_dispatch(object = FastBody)]
trait Body: Sync {
    #[static_dispatch(targets = 2)]
    fn step(&self, x: u64) -> u64;
}

/// Not first, so that upcasting to [`Body`] loads a vtable.
trait Other: Sync {
    fn other(&self) -> u64;
}

trait Both: Other + Body {}

struct Multiply<const N: u64>(u64);

impl<const N: u64> Body for Multiply<N> {
    fn step(&self, x: u64) -> u64 {
        x.wrapping_mul(self.0).wrapping_add(N)
    }
}

impl<const N: u64> Other for Multiply<N> {
    fn other(&self) -> u64 {
        self.0
    }
}

impl<const N: u64> Both for Multiply<N> {}

/// Eight copies of a loop over objects of one type.
macro_rules! copies {
    ($object:ty, $name:literal, |$body:ident, $x:ident| $call:expr) => {
        [
            copies!(@one $object, $name, 0, $body, $x, $call),
            copies!(@one $object, $name, 1, $body, $x, $call),
            copies!(@one $object, $name, 2, $body, $x, $call),
            copies!(@one $object, $name, 3, $body, $x, $call),
            copies!(@one $object, $name, 4, $body, $x, $call),
            copies!(@one $object, $name, 5, $body, $x, $call),
            copies!(@one $object, $name, 6, $body, $x, $call),
            copies!(@one $object, $name, 7, $body, $x, $call),
        ]
    };
    (@one $object:ty, $name:literal, $copy:literal, $body:ident, $x:ident, $call:expr) => {{
        #[inline(never)]
        fn run(objects: &[&$object]) -> u64 {
            // SAFETY: instructions that do nothing. The name, which leaves no
            // trace, keeps the compiler from making one function of two.
            unsafe {
                std::arch::asm!(
                    ".balign 64", ".rept {shift}", "nop", ".endr", ".rept {name}", ".endr",
                    shift = const 8 * $copy,
                    name = const $name,
                    options(nomem, nostack, preserves_flags),
                );
            }
            let mut $x = 1;
            for $body in objects {
                $x = $call;
            }
            $x
        }
        run
    }};
}

type Loops<O> = [fn(&[&O]) -> u64; 8];

/// Code that knows the trait alone.
#[inline]
fn generically<T: Body + ?Sized>(body: &T, x: u64) -> u64 {
    body.step(x)
}

static PLAIN: Loops<dyn Body> = copies!(dyn Body, 0, |body, x| body.step(x));
static CONTROL: Loops<dyn Body> = copies!(dyn Body, 1, |body, x| body.step(x));
static SITE: Loops<dyn Body> = copies!(dyn Body, 2, |body, x| static_call!(body.step(x)));
static OBJECT: Loops<dyn FastBody> = copies!(dyn FastBody, 3, |body, x| body.step(x));
static GENERIC: Loops<dyn FastBody> = copies!(dyn FastBody, 4, |body, x| generically(*body, x));
static SUPER: Loops<dyn Both> = copies!(dyn Both, 5, |body, x| body.step(x));
static UPCAST: Loops<dyn Both> = copies!(dyn Both, 6, |body, x| static_call!(
    (*body as &dyn Body).step(x)
));

/// A variant with what its loops run over.
type Variant<'a> = (&'static str, Box<dyn Fn(usize) -> u64 + 'a>);

fn variant<'a, O: ?Sized>(name: &'static str, loops: &'a Loops<O>, over: &'a [&O]) -> Variant<'a> {
    (name, Box::new(move |copy| loops[copy](black_box(over))))
}

fn main() {
    const CALLS: usize = 1000;
    const ROUNDS: usize = 1200;
    let (often, rarely) = (
        &Multiply::<1>(0x9E37_79B9_7F4A_7C15),
        &Multiply::<2>(0xBF58_476D),
    );
    println!("| mix | sites | variant | median | p10 | p90 |\n|---|---|---|---|---|---|");
    for (mix, of) in [("one type", CALLS), ("80/20 of 2", 5)] {
        let body: Vec<&dyn Body> = (0..CALLS)
            .map(|at| {
                if at % of == of - 1 && of < CALLS {
                    rarely as &dyn Body
                } else {
                    often
                }
            })
            .collect();
        let fast: Vec<&dyn FastBody> = (0..CALLS)
            .map(|at| {
                if at % of == of - 1 && of < CALLS {
                    rarely as &dyn FastBody
                } else {
                    often
                }
            })
            .collect();
        let both: Vec<&dyn Both> = (0..CALLS)
            .map(|at| {
                if at % of == of - 1 && of < CALLS {
                    rarely as &dyn Both
                } else {
                    often
                }
            })
            .collect();
        black_box(both.iter().map(|both| both.other()).sum::<u64>());
        let variants = [
            variant("plain", &PLAIN, &body),
            variant("plain again", &CONTROL, &body),
            variant("static_call!", &SITE, &body),
            variant("object type", &OBJECT, &fast),
            variant("object type in generic code", &GENERIC, &fast),
            variant("a supertrait's method, plain", &SUPER, &both),
            variant("a supertrait's method, upcast", &UPCAST, &both),
        ];
        for (mode, sites) in [(Mode::Off, "idle"), (Mode::Always, "chain")] {
            runtime::configure(Config::default().mode(mode)).expect("the mode is valid");
            for _ in 0..4 {
                for copy in 0..8 {
                    variants.iter().for_each(|(_, run)| {
                        black_box(run(copy));
                    });
                }
                runtime::retarget().expect("the benchmark needs patching");
            }
            let mut ratios = vec![Vec::with_capacity(ROUNDS); variants.len()];
            for round in 0..ROUNDS {
                let times: Vec<f64> = variants
                    .iter()
                    .map(|(_, run)| {
                        let start = Instant::now();
                        black_box(run(round % 8));
                        start.elapsed().as_secs_f64()
                    })
                    .collect();
                for (ratios, time) in ratios.iter_mut().zip(&times) {
                    ratios.push(time / times[0]);
                }
            }
            for ((name, _), ratios) in variants.iter().zip(&ratios).skip(1) {
                let Summary {
                    median, p10, p90, ..
                } = Summary::of(ratios).expect("there are rounds");
                println!("| {mix} | {sites} | {name} | {median:.2} | {p10:.2} | {p90:.2} |");
            }
        }
    }
}
