//! Panics pass through, and every value is dropped exactly once.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use static_call::runtime::State;
use static_call::{static_call, static_dispatch};

use crate::log::{self, Noisy, note};
use crate::proof::{chains_are_expected, in_every_state, patch, row};

#[static_dispatch(targets = 1)]
trait Risky {
    fn scalar(&self, value: u32) -> u32;
    fn moved(&mut self, first: Noisy, second: (Noisy, u8), third: &Noisy) -> Result<Noisy, u8>;
    fn also_moved(
        &mut self,
        first: Noisy,
        second: (Noisy, u8),
        third: &Noisy,
    ) -> Result<Noisy, u8> {
        self.moved(first, second, third)
    }
    fn counted(&self, token: Arc<()>, others: [Arc<()>; 2], lent: &Arc<()>) -> Option<Arc<()>>;
}

struct Calm;
/// Panics at 13, while it holds what it was given.
struct Nervous;

fn fail(why: &str) -> ! {
    // No message, which would be printed thousands of times.
    resume_unwind(Box::new(why.to_owned()))
}

macro_rules! risky {
    ($ty:ident, $panics:expr) => {
        impl Risky for $ty {
            fn scalar(&self, value: u32) -> u32 {
                if $panics && value == 13 {
                    fail("scalar");
                }
                value + 1
            }
            fn moved(
                &mut self,
                first: Noisy,
                second: (Noisy, u8),
                third: &Noisy,
            ) -> Result<Noisy, u8> {
                let _guard = Noisy::new("guard");
                note(format!("{first:?} {second:?} {third:?}"));
                if $panics && second.1 == 13 {
                    fail("moved");
                }
                if second.1 % 2 == 0 {
                    Ok(first)
                } else {
                    Err(second.1)
                }
            }
            fn counted(
                &self,
                token: Arc<()>,
                others: [Arc<()>; 2],
                lent: &Arc<()>,
            ) -> Option<Arc<()>> {
                let [first, _] = others;
                if $panics {
                    fail("counted");
                }
                (!Arc::ptr_eq(&token, lent)).then_some(first)
            }
        }
    };
}
risky!(Calm, false);
risky!(Nervous, true);

fn caught<R>(call: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| *payload.downcast().unwrap())
}

fn both() -> [Box<dyn Risky>; 2] {
    [Box::new(Calm), Box::new(Nervous)]
}

#[test]
fn a_panic_passes_through_to_the_caller() {
    in_every_state(file!(), "scalar", || {
        for object in both() {
            for value in [12, 13] {
                let fast = caught(|| static_call!(object.scalar(value)));
                assert_eq!(fast, caught(|| object.scalar(value)));
            }
        }
    });
}

#[test]
fn moved_arguments_and_temporaries_are_dropped_as_by_the_plain_call_also_in_a_panic() {
    in_every_state(file!(), "moved", || {
        for mut object in both() {
            for value in [12, 13, 14] {
                let plain = log::of(|| {
                    caught(|| {
                        let kept = object.moved(
                            Noisy::new("first"),
                            (Noisy::new("second"), value),
                            Noisy::new("third").borrow(),
                        );
                        note("returned");
                        kept.is_ok()
                    })
                });
                let fast = log::of(|| {
                    caught(|| {
                        let kept = static_call!(object.moved(
                            Noisy::new("first"),
                            (Noisy::new("second"), value),
                            Noisy::new("third").borrow(),
                        ));
                        note("returned");
                        kept.is_ok()
                    })
                });
                assert_eq!(fast, plain);
            }
        }
    });
}

fn pair(panics: bool) -> (Noisy, u8) {
    if panics {
        fail("argument");
    }
    (Noisy::new("second"), 1)
}

#[test]
fn a_panic_in_an_argument_drops_what_was_evaluated_before_it() {
    fn plain(object: &mut dyn Risky, panics: bool) -> Result<Noisy, u8> {
        object.also_moved(Noisy::new("first"), pair(panics), &Noisy::new("third"))
    }
    fn fast(object: &mut dyn Risky, panics: bool) -> Result<Noisy, u8> {
        static_call!(object.also_moved(Noisy::new("first"), pair(panics), &Noisy::new("third")))
    }
    in_every_state(file!(), "also_moved", || {
        for mut object in both() {
            for panics in [false, true] {
                let plain = log::of(|| caught(|| plain(&mut *object, panics).is_ok()));
                let fast = log::of(|| caught(|| fast(&mut *object, panics).is_ok()));
                assert_eq!(fast, plain);
            }
        }
    });
}

#[test]
fn moved_values_are_dropped_exactly_once() {
    let (token, lent) = (Arc::new(()), Arc::new(()));
    in_every_state(file!(), "counted", || {
        for object in both() {
            let kept = caught(|| {
                static_call!(object.counted(token.clone(), [token.clone(), token.clone()], &lent))
            });
            let expected = if matches!(kept, Ok(Some(_))) { 2 } else { 1 };
            assert_eq!(Arc::strong_count(&token), expected);
            drop(kept);
            let none = caught(|| {
                static_call!(object.counted(lent.clone(), [token.clone(), token.clone()], &lent))
            });
            assert!(!matches!(none, Ok(Some(_))));
            assert_eq!(
                (Arc::strong_count(&token), Arc::strong_count(&lent)),
                (1, 1)
            );
        }
    });
}

#[static_dispatch(targets = 1)]
trait Sudden {
    fn sudden(&self, value: u32) -> u32;
}

impl Sudden for Nervous {
    fn sudden(&self, value: u32) -> u32 {
        if value == 13 {
            fail("sudden");
        }
        value + 1
    }
}

/// The other tests' chains lead to what does not panic, and what does is a miss.
#[test]
fn a_panic_passes_through_a_shim_that_a_chain_leads_to() {
    let _alone = crate::proof::alone();
    let object: Box<dyn Sudden> = Box::new(Nervous);
    let call = |value| caught(|| static_call!(object.sudden(value)));
    let before = patch(file!(), "sudden", || assert_eq!(call(12), Ok(13)));
    for _ in 0..100 {
        assert_eq!(call(13), Err("sudden".to_owned()));
        assert_eq!(call(12), Ok(13));
    }
    if chains_are_expected() {
        let after = row(file!(), "sudden");
        assert_eq!(after.state, State::Patched);
        assert_eq!(after.misses, before.misses, "by the chain");
    }
}
