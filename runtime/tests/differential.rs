//! Random programs, run plainly and through sites, give equal results and equal
//! panics, whatever the mode and whenever `retarget()` is called.

mod proof;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config as Settings, TestRunner};
use static_call::runtime::{self, Config, Mode, State};
use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 2)]
trait Machine {
    fn scalar(&self, value: u32) -> u32;
    fn wide(&self, value: u128, scale: f64) -> f64;
    fn moved(&mut self, value: String) -> Result<String, u8>;
    fn large(&mut self, value: [u64; 9], more: Option<&u64>) -> [u64; 9];
    #[static_dispatch(targets = 4)]
    fn borrowed<'a>(&'a mut self, value: &'a [u8]) -> &'a [u8];
}

#[derive(Clone, Debug, PartialEq)]
struct Kind<const SEED: u64> {
    steps: u64,
    kept: Vec<u8>,
}

/// A panic with a payload to compare, without a message on the terminal.
fn fail(why: String) -> ! {
    resume_unwind(Box::new(why))
}

impl<const SEED: u64> Machine for Kind<SEED> {
    fn scalar(&self, value: u32) -> u32 {
        if SEED == 2 && value.is_multiple_of(5) {
            fail(format!("scalar {value} {}", self.steps));
        }
        value.wrapping_mul(31) ^ u32::try_from(SEED + self.steps % 7).expect("both are small")
    }
    #[allow(clippy::cast_precision_loss)]
    fn wide(&self, value: u128, scale: f64) -> f64 {
        (value >> SEED) as f64 * scale
    }
    fn moved(&mut self, mut value: String) -> Result<String, u8> {
        self.steps += SEED;
        if self.steps.is_multiple_of(3) {
            fail(value);
        }
        value.push_str(&self.steps.to_string());
        if value.len().is_multiple_of(2) {
            Ok(value)
        } else {
            Err(value.as_bytes()[0])
        }
    }
    fn large(&mut self, mut value: [u64; 9], more: Option<&u64>) -> [u64; 9] {
        self.steps += 1;
        value.rotate_left(usize::try_from(SEED).expect("seeds are small"));
        value[0] = value[0].wrapping_add(more.map_or(self.steps, |more| *more));
        value
    }
    fn borrowed<'a>(&'a mut self, value: &'a [u8]) -> &'a [u8] {
        self.kept.truncate(3);
        self.kept.extend(value);
        if value.len().is_multiple_of(3) {
            fail(format!("borrowed {value:?}"));
        }
        if SEED.is_multiple_of(2) {
            &self.kept
        } else {
            value
        }
    }
}

const KINDS: usize = 6;

/// Objects whose state can be seen from outside.
#[derive(Debug)]
struct Objects(Kind<0>, Kind<1>, Kind<2>, Kind<3>, Kind<4>, Kind<5>);

impl Objects {
    fn new() -> Self {
        fn kind<const SEED: u64>() -> Kind<SEED> {
            Kind {
                steps: SEED,
                kept: Vec::new(),
            }
        }
        Objects(kind(), kind(), kind(), kind(), kind(), kind())
    }

    fn get(&mut self, index: usize) -> &mut dyn Machine {
        match index {
            0 => &mut self.0,
            1 => &mut self.1,
            2 => &mut self.2,
            3 => &mut self.3,
            4 => &mut self.4,
            _ => &mut self.5,
        }
    }

    fn state(&self) -> String {
        format!("{self:?}")
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// The method on one object after another, `times` times in all.
    Call {
        method: u8,
        objects: Vec<usize>,
        argument: u64,
        times: u32,
    },
    Retarget,
    Configure(Mode),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let call = (
        0_u8..6,
        prop::collection::vec(0..KINDS, 1..8),
        any::<u64>(),
        prop_oneof![1_u32..4, 64_u32..200],
    )
        .prop_map(|(method, objects, argument, times)| Step::Call {
            method,
            objects,
            argument,
            times,
        });
    let mode = prop_oneof![
        1 => Just(Mode::Auto),
        3 => Just(Mode::Always),
        1 => Just(Mode::Off),
    ];
    let step = prop_oneof![
        6 => call,
        4 => Just(Step::Retarget),
        1 => mode.prop_map(Step::Configure),
    ];
    prop::collection::vec(step, 1..40)
}

/// `$call!(object.method(…))` for each method: `plain!` or `static_call!`.
macro_rules! run {
    ($call:ident, $object:expr, $method:expr, $argument:expr) => {{
        let (object, argument): (&mut dyn Machine, u64) = ($object, $argument);
        #[allow(clippy::cast_possible_truncation)]
        let small = argument as u32;
        let result = catch_unwind(AssertUnwindSafe(|| match $method {
            0 => format!("{}", $call!(object.scalar(small))),
            1 => format!("{}", $call!(object.wide(u128::from(argument) << 9, 0.5))),
            2 => format!("{:?}", $call!(object.moved(argument.to_string()))),
            3 => format!("{:?}", $call!(object.large([argument; 9], Some(&3)))),
            4 => {
                let bytes = argument.to_le_bytes();
                format!(
                    "{:?}",
                    $call!(object.borrowed(&bytes[..small as usize % 8]))
                )
            }
            // Two sites in one expression.
            _ => format!(
                "{:?}",
                $call!(object.large([$call!(object.scalar(small)).into(); 9], None))
            ),
        }));
        result.map_err(|payload| *payload.downcast::<String>().expect("only `fail` panics"))
    }};
}
macro_rules! plain {
    ($call:expr) => {
        $call
    };
}

fn configure(mode: Mode) {
    let config = Config::default().mode(mode).window(64).misses(50);
    runtime::configure(config).expect("the numbers are in range");
}

static PATCHED: AtomicUsize = AtomicUsize::new(0);

fn check(steps: &[Step]) -> Result<(), TestCaseError> {
    let (mut plainly, mut fast) = (Objects::new(), Objects::new());
    for step in steps {
        match step {
            Step::Call {
                method,
                objects,
                argument,
                times,
            } => {
                for (round, index) in (0..*times).zip(objects.iter().cycle()) {
                    let argument = argument.wrapping_add(u64::from(round) / 3);
                    let expected = run!(plain, plainly.get(*index), *method, argument);
                    let result = run!(static_call, fast.get(*index), *method, argument);
                    prop_assert_eq!(result, expected, "round {} of {:?}", round, step);
                }
            }
            Step::Retarget => {
                runtime::retarget().expect("patching works here");
                let sites = runtime::sites();
                let patched = sites.iter().filter(|site| site.state == State::Patched);
                PATCHED.fetch_add(patched.count(), Ordering::Relaxed);
            }
            Step::Configure(mode) => configure(*mode),
        }
        prop_assert_eq!(plainly.state(), fast.state());
    }
    Ok(())
}

#[test]
fn random_programs_do_the_same_plainly_and_through_sites() {
    configure(Mode::Always);
    let settings = Settings {
        cases: 100,
        failure_persistence: None,
        ..Settings::default()
    };
    let run = TestRunner::new(settings).run(&steps(), |steps| check(&steps));
    run.expect("every program does the same");
    if proof::chains_are_expected() {
        assert_ne!(
            PATCHED.load(Ordering::Relaxed),
            0,
            "no site was ever patched"
        );
    }
}
