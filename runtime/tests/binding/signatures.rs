//! Every kind of argument and result, annotated and not, against the plain call.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use static_call::{binding, static_dispatch};

#[derive(Clone, Debug, PartialEq)]
struct Large {
    numbers: [u64; 20],
    text: String,
}

/// What all objects of this file are: how they answer depends on the salt and the name.
struct Salted {
    salt: u64,
    name: &'static str,
    calls: AtomicU32,
}

impl Salted {
    const fn new(salt: u64, name: &'static str) -> Self {
        Salted {
            salt,
            name,
            calls: AtomicU32::new(0),
        }
    }
}

static ZERO: Salted = Salted::new(0, "zero");

/// Formats through whatever has a method for it.
struct Formatted<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result>(F);

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Formatted<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(formatter)
    }
}

/// The results of all methods, of a binding or of an object.
macro_rules! results {
    ($receiver:expr) => {{
        let large = || Large {
            numbers: [7; 20],
            text: "large".into(),
        };
        let text = String::from("text");
        let mut out = vec![1, 2];
        let length = $receiver.exclusive_argument(&mut out);
        let number = 8_u32;
        [
            format!("{}", $receiver.numbers(1, -2, 3, i64::MIN + 1, 5)),
            format!("{}", $receiver.flags(true, 'x')),
            format!("{}", $receiver.wide(u128::MAX / 3)),
            format!("{}", $receiver.float(1.25, -2e300)),
            format!("{}", $receiver.single(3.5)),
            $receiver.text("text, long enough for the heap".repeat(2)),
            $receiver.own().to_owned(),
            $receiver.longer(&text).to_owned(),
            $receiver.longer("a longer text").to_owned(),
            format!("{:?}", $receiver.others(&[1, 2, 3])),
            format!("{:?}", $receiver.tuple((3, text.clone()))),
            format!("{:?}", $receiver.large(large())),
            format!("{:?}", $receiver.array([1, 2, 3])),
            format!("{:?}", $receiver.option(Some(Box::new(9)))),
            format!("{:?}", $receiver.option(None)),
            format!("{:?}", [$receiver.result(3), $receiver.result(7)]),
            format!("{length} {out:?}"),
            format!("{}", $receiver.closure(&|x| x + number)),
            format!("{}", $receiver.function(|x| x * 2)),
            format!("{}", $receiver.pointer(std::ptr::without_provenance(70))),
            format!(
                "{:>9}",
                Formatted(|formatter| $receiver.formatted(formatter))
            ),
            $receiver.object(Box::new(move || number.to_string()))(),
            format!(
                "{}",
                $receiver.many(1, 2.5, 3, 4.5, 5, 6, 7, 8, large(), 10)
            ),
            // SAFETY: a reference.
            format!("{}", unsafe { $receiver.dangerous(&raw const number) }),
        ]
    }};
}

macro_rules! kinds {
    ($trait_name:ident, $binding:ident, $file_test:ident $(, $annotation:tt)?) => {
        #[static_dispatch $($annotation)?]
        #[allow(clippy::too_many_arguments, reason = "registers run out")]
        trait $trait_name: Send + Sync {
            fn unit(&self);
            fn numbers(&self, a: u8, b: i16, c: u32, d: i64, e: usize) -> u64;
            fn flags(&self, a: bool, b: char) -> bool;
            fn wide(&self, x: u128) -> u128;
            fn float(&self, x: f32, y: f64) -> f64;
            fn single(&self, x: f32) -> f32;
            fn text(&self, x: String) -> String;
            fn own(&self) -> &str;
            fn longer<'a>(&'a self, x: &'a str) -> &'a str;
            fn others<'b>(&self, x: &'b [u8]) -> &'b [u8];
            fn tuple(&self, x: (u8, String)) -> (String, u8);
            fn large(&self, x: Large) -> Large;
            fn array(&self, x: [u16; 3]) -> [u16; 3];
            fn option(&self, x: Option<Box<u32>>) -> Option<Box<u32>>;
            fn result(&self, x: u8) -> Result<u8, String>;
            fn exclusive_argument(&self, out: &mut Vec<u8>) -> usize;
            fn closure(&self, f: &dyn Fn(u32) -> u32) -> u32;
            fn function(&self, f: fn(u32) -> u32) -> u32;
            fn pointer(&self, x: *const u8) -> usize;
            fn formatted(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
            fn object(&self, x: Box<dyn Fn() -> String>) -> Box<dyn Fn() -> String>;
            fn many(&self, a: u64, b: f64, c: u64, d: f64, e: u64, f: u64, g: u64, h: u64, i: Large, j: u64) -> u64;
            /// # Safety
            /// `x` may be read.
            unsafe fn dangerous(&self, x: *const u32) -> u32;
        }

        impl $trait_name for Salted {
            fn unit(&self) {
                self.calls.fetch_add(1, Ordering::Relaxed);
            }
            fn numbers(&self, a: u8, b: i16, c: u32, d: i64, e: usize) -> u64 {
                u64::from(a) + u64::from(b.unsigned_abs()) + u64::from(c) + d.unsigned_abs() + e as u64 + self.salt
            }
            fn flags(&self, a: bool, b: char) -> bool {
                a ^ (b == 'x') ^ (self.salt % 2 == 0)
            }
            fn wide(&self, x: u128) -> u128 {
                x.wrapping_mul(u128::from(self.salt) << 70 | 1)
            }
            fn float(&self, x: f32, y: f64) -> f64 {
                f64::from(x) * y + f64::from(u32::try_from(self.salt).unwrap())
            }
            fn single(&self, x: f32) -> f32 {
                x * 0.5
            }
            fn text(&self, x: String) -> String {
                x + self.name
            }
            fn own(&self) -> &str {
                self.name
            }
            fn longer<'a>(&'a self, x: &'a str) -> &'a str {
                if x.len() > self.name.len() { x } else { self.name }
            }
            fn others<'b>(&self, x: &'b [u8]) -> &'b [u8] {
                &x[1..]
            }
            fn tuple(&self, (number, text): (u8, String)) -> (String, u8) {
                (text + self.name, number + 1)
            }
            fn large(&self, mut x: Large) -> Large {
                x.numbers[19] += self.salt;
                x.text.push_str(self.name);
                x
            }
            fn array(&self, [a, b, c]: [u16; 3]) -> [u16; 3] {
                [c, b, a]
            }
            fn option(&self, x: Option<Box<u32>>) -> Option<Box<u32>> {
                x.map(|x| Box::new(*x * 3))
            }
            fn result(&self, x: u8) -> Result<u8, String> {
                x.checked_add(250).ok_or_else(|| self.name.to_string())
            }
            fn exclusive_argument(&self, out: &mut Vec<u8>) -> usize {
                out.extend_from_slice(self.name.as_bytes());
                out.len()
            }
            fn closure(&self, f: &dyn Fn(u32) -> u32) -> u32 {
                f(3) + 1
            }
            fn function(&self, f: fn(u32) -> u32) -> u32 {
                f(4) + 1
            }
            fn pointer(&self, x: *const u8) -> usize {
                x.addr() + 1
            }
            fn formatted(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name)
            }
            fn object(&self, x: Box<dyn Fn() -> String>) -> Box<dyn Fn() -> String> {
                let name = self.name.to_string();
                Box::new(move || x() + &name)
            }
            fn many(&self, a: u64, b: f64, c: u64, d: f64, e: u64, f: u64, g: u64, h: u64, i: Large, j: u64) -> u64 {
                let floats = (b + d).to_bits();
                [a, floats, c, e, f, g, h, i.numbers[0], j, self.salt]
                    .into_iter()
                    .fold(0, |all, one| all * 31 % 1_000_003 + one % 1_000_003)
            }
            unsafe fn dangerous(&self, x: *const u32) -> u32 {
                // SAFETY: the caller's.
                unsafe { *x + 1 }
            }
        }

        binding! { static $binding: dyn $trait_name = ZERO; }

        #[test]
        fn $file_test() {
            static FIVE: Salted = Salted::new(5, "five");
            let check = |object: &'static Salted| {
                let calls = object.calls.load(Ordering::Relaxed);
                $binding.unit();
                assert_eq!(object.calls.load(Ordering::Relaxed), calls + 1);
                let object: &dyn $trait_name = object;
                assert_eq!(results!($binding), results!(object));
            };
            crate::in_every_state("signatures", stringify!($binding), || {
                $binding.swap(&FIVE).unwrap();
                check(&FIVE);
                $binding.swap(&ZERO).unwrap();
                check(&ZERO);
            });
        }
    };
}

kinds!(
    Annotated,
    ANNOTATED,
    annotated_methods_give_what_the_object_gives,
    (targets = 2)
);
kinds!(
    LeftAlone,
    LEFT_ALONE,
    methods_that_are_not_annotated_give_what_the_object_gives
);

#[test]
fn annotated_methods_have_trampolines_and_the_others_none() {
    let _alone = crate::alone();
    let (annotated, others) = (
        crate::row("signatures", "ANNOTATED"),
        crate::row("signatures", "LEFT_ALONE"),
    );
    if crate::patching() {
        assert_eq!((annotated.trampolines, others.trampolines), (23, 0));
    }
}
