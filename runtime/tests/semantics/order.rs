//! When things are evaluated and dropped.

use static_call::{static_call, static_dispatch};

use crate::log::{self, Noisy, note};
use crate::proof::in_every_state;

#[static_dispatch(targets = 1)]
trait Recorder {
    fn record(&self, first: Noisy, second: &Noisy, third: Noisy) -> Noisy;
    fn lend<'a>(&'a self, other: &'a Noisy) -> &'a Noisy;
    fn push(&mut self, length: usize) -> usize;
    fn fallible(&self, given: Result<u8, String>) -> Result<u8, String>;
    fn length(&self) -> usize;
}

/// Temporaries of these types show when they are dropped.
struct Left(#[allow(dead_code, reason = "dropped")] Noisy, Vec<usize>);
struct Right(#[allow(dead_code, reason = "dropped")] Noisy, Vec<usize>);

macro_rules! recorder {
    ($ty:ident) => {
        impl Recorder for $ty {
            fn record(&self, first: Noisy, second: &Noisy, third: Noisy) -> Noisy {
                note(format!(
                    "{}: {first:?} {second:?} {third:?}",
                    stringify!($ty)
                ));
                third
            }
            fn lend<'a>(&'a self, other: &'a Noisy) -> &'a Noisy {
                note(stringify!($ty));
                other
            }
            fn push(&mut self, length: usize) -> usize {
                self.1.push(length);
                self.1.len()
            }
            fn fallible(&self, given: Result<u8, String>) -> Result<u8, String> {
                note(stringify!($ty));
                given.map(|value| value + 1)
            }
            fn length(&self) -> usize {
                self.1.len()
            }
        }
    };
}
recorder!(Left);
recorder!(Right);

fn both() -> [Box<dyn Recorder>; 2] {
    [
        Box::new(Left(Noisy("left"), Vec::new())),
        Box::new(Right(Noisy("right"), Vec::new())),
    ]
}

fn chosen(right: bool) -> Box<dyn Recorder> {
    note("choose");
    let [a, b] = both();
    if right { b } else { a }
}

/// The same expression, plainly and through a site.
macro_rules! compare {
    ($object:ident in $method:literal: $plain:expr, $fast:expr) => {
        in_every_state(file!(), $method, || {
            for index in [0, 1] {
                let plain = {
                    #[allow(unused_mut)]
                    let mut $object = both().into_iter().nth(index).unwrap();
                    log::of(|| $plain)
                };
                let fast = {
                    #[allow(unused_mut)]
                    let mut $object = both().into_iter().nth(index).unwrap();
                    log::of(|| $fast)
                };
                assert_eq!(fast, plain);
            }
        });
    };
}

#[test]
fn receiver_and_arguments_are_evaluated_in_order_and_temporaries_dropped_at_the_end() {
    fn of(receiver: &dyn Recorder, name: &'static str) -> Box<dyn Recorder> {
        note(name);
        chosen(receiver.length() > 0)
    }
    compare!(object in "record":
    {
        let kept = of(&*object, "receiver").record(
            Noisy::new("first"), Noisy::new("second").borrow(), Noisy::new("third"));
        note("statement is over");
        drop(kept);
    },
    {
        let kept = static_call!(of(&*object, "receiver").record(
            Noisy::new("first"), Noisy::new("second").borrow(), Noisy::new("third")));
        note("statement is over");
        drop(kept);
    });
}

#[test]
fn temporaries_live_until_the_end_of_the_enclosing_statement() {
    compare!(object in "lend":
    {
        // The result borrows from temporaries of the receiver and of an argument.
        note(chosen(true).lend(Noisy::new("argument").borrow()).borrow().0);
        match object.lend(&Noisy::new("scrutinee")) {
            noisy => note(noisy.0),
        }
        note("over");
    },
    {
        note(static_call!(chosen(true).lend(Noisy::new("argument").borrow())).borrow().0);
        match static_call!(object.lend(&Noisy::new("scrutinee"))) {
            noisy => note(noisy.0),
        }
        note("over");
    });
}

#[test]
fn a_mutable_receiver_is_borrowed_in_two_phases() {
    compare!(object in "push":
    {
        object.push(object.length());
        object.push(object.length() + object.length())
    },
    {
        static_call!(object.push(object.length()));
        static_call!(object.push(object.length() + object.length()))
    });
}

#[test]
fn a_question_mark_may_stand_in_an_argument_and_behind_the_call() {
    fn parse(text: &str) -> Result<u8, String> {
        note(format!("parse {text}"));
        text.parse().map_err(|_| text.to_owned())
    }
    fn plain(object: &dyn Recorder, first: &str, second: &str) -> Result<u8, String> {
        let value = object.fallible(Ok(parse(first)?))?;
        Ok(value + object.fallible(parse(second))?)
    }
    fn fast(object: &dyn Recorder, first: &str, second: &str) -> Result<u8, String> {
        let value = static_call!(object.fallible(Ok(parse(first)?)))?;
        Ok(value + static_call!(object.fallible(parse(second)))?)
    }
    for (first, second) in [("1", "2"), ("x", "2"), ("1", "y")] {
        // A site that is never reached has no state to be in.
        let warm = |object: &dyn Recorder| drop(fast(object, "1", "2"));
        compare!(object in "fallible":
            { object.length(); plain(&*object, first, second) },
            { let _ = log::of(|| warm(&*object)); fast(&*object, first, second) });
    }
}
