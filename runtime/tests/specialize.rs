//! `specialize!`: one test on entry, the block in copies.
#![allow(missing_docs)]

use std::future::Future as _;

use static_call::{specialize, static_call, static_dispatch};

#[static_dispatch]
pub trait Codec {
    #[static_dispatch(targets = 2)]
    fn step(&self, x: u64) -> u64;
    #[static_dispatch(targets = 2)]
    fn feed(&mut self, x: u64) -> u64;
}

pub struct Add(pub u64);
pub struct Twice(pub u64);
pub struct Other(pub u64);

macro_rules! codecs {
    ($($ty:ident: |$value:ident, $x:ident| $result:expr;)*) => {
        $(impl Codec for $ty {
            fn step(&self, $x: u64) -> u64 {
                let $value = self.0;
                $result
            }
            fn feed(&mut self, x: u64) -> u64 {
                self.0 += x;
                self.step(x)
            }
        })*
    };
}

codecs! {
    Add: |value, x| x + value;
    Twice: |value, x| 2 * x + value;
    Other: |value, x| x ^ value;
}

fn objects() -> [Box<dyn Codec>; 3] {
    [Box::new(Add(3)), Box::new(Twice(4)), Box::new(Other(5))]
}

#[test]
fn the_block_sees_the_concrete_type() {
    fn name(codec: &(dyn Codec + 'static)) -> &'static str {
        specialize!(codec: [Add, Twice] in { std::any::type_name_of_val(codec) })
    }
    let names = objects().map(|object| name(&*object));
    assert!(names[0].ends_with("Add"));
    assert!(names[1].ends_with("Twice"));
    assert!(names[2].contains("dyn"), "{}", names[2]);
}

#[test]
fn return_break_and_labels_mean_what_they_mean_outside() {
    fn first_above(codec: &(dyn Codec + 'static), limit: u64) -> Option<u64> {
        let mut seen = 0;
        'outer: for round in 0..100 {
            specialize!(codec: [Add, Twice] in {
                for x in 0..10 {
                    seen += 1;
                    if seen > 500 {
                        break 'outer;
                    }
                    if x > round {
                        continue 'outer;
                    }
                    if codec.step(round * x) > limit {
                        return Some(codec.step(round * x));
                    }
                }
            });
        }
        None
    }
    fn plain(codec: &dyn Codec, limit: u64) -> Option<u64> {
        let mut seen = 0;
        'outer: for round in 0..100 {
            for x in 0..10 {
                seen += 1;
                if seen > 500 {
                    break 'outer;
                }
                if x > round {
                    continue 'outer;
                }
                if codec.step(round * x) > limit {
                    return Some(codec.step(round * x));
                }
            }
        }
        None
    }
    for object in objects() {
        for limit in [0, 10, 100, 1000, 100_000] {
            assert_eq!(first_above(&*object, limit), plain(&*object, limit));
        }
    }
}

#[test]
fn a_question_mark_leaves_the_function() {
    fn sum_less_one(
        codec: &(dyn Codec + 'static),
        text: &str,
    ) -> Result<u64, std::num::ParseIntError> {
        let sum = specialize!(codec: [Add] in {
            let mut sum = 0;
            for word in text.split(' ') {
                sum += codec.step(word.parse::<u64>()?);
            }
            sum
        });
        Ok(sum - 1)
    }
    for object in objects() {
        let expected = object.step(10) + object.step(20) - 1;
        assert_eq!(sum_less_one(&*object, "10 20"), Ok(expected));
        assert!(sum_less_one(&*object, "10 x").is_err());
    }
}

#[test]
fn an_exclusive_receiver_can_be_used_again() {
    fn feed(codec: &mut (dyn Codec + 'static)) -> u64 {
        let mut sum = 0;
        specialize!(codec: [Add, Twice] in {
            for x in 0..5 {
                sum += codec.feed(x);
            }
        });
        sum + codec.feed(7)
    }
    for (mut a, mut b) in objects().into_iter().zip(objects()) {
        let expected = (0..5).map(|x| b.feed(x)).sum::<u64>() + b.feed(7);
        assert_eq!(feed(&mut *a), expected);
        assert_eq!(a.step(0), b.step(0));
    }
}

#[test]
fn the_receiver_is_evaluated_once() {
    let objects = objects();
    let mut evaluated = 0;
    for object in &objects {
        let mut pick = || {
            evaluated += 1;
            &**object
        };
        let got = specialize!(codec = pick(): [Add, Twice] in { codec.step(9) });
        assert_eq!(got, object.step(9));
    }
    assert_eq!(evaluated, 3);
}

#[test]
fn call_sites_inside_work_in_every_copy() {
    fn sum(codec: &(dyn Codec + 'static), other: &dyn Codec) -> u64 {
        specialize!(codec: [Add, Twice] in {
            let mut sum = 0;
            for x in 0..10 {
                sum += static_call!(codec.step(static_call!((*codec).step(x))));
                sum += static_call::static_call!(codec.step(static_call!(other.step(x), inline = [Other])));
            }
            sum
        })
    }
    for object in objects() {
        for other in objects() {
            let expected: u64 = (0..10)
                .map(|x| object.step(object.step(x)) + object.step(other.step(x)))
                .sum();
            assert_eq!(sum(&*object, &*other), expected);
        }
    }
}

#[test]
fn await_works_inside() {
    async fn run(codec: &(dyn Codec + 'static)) -> u64 {
        specialize!(codec: [Add, Twice] in {
            let mut sum = 0;
            for x in 0..4 {
                sum += codec.step(std::future::ready(x * 2).await);
            }
            sum
        })
    }
    for object in objects() {
        let expected: u64 = (0..4).map(|x| object.step(x * 2)).sum();
        let mut future = std::pin::pin!(run(&*object));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(got) = future.as_mut().poll(&mut context) else {
            panic!("nothing to wait for");
        };
        assert_eq!(got, expected);
    }
}

#[test]
fn types_may_depend_on_the_generics_around() {
    struct Generic<T>(T);
    impl<T: Copy + Into<u64> + 'static> Codec for Generic<T> {
        fn step(&self, x: u64) -> u64 {
            self.0.into() * x
        }
        fn feed(&mut self, x: u64) -> u64 {
            x
        }
    }
    fn size<T: Copy + Into<u64> + 'static>(codec: &(dyn Codec + 'static)) -> usize {
        specialize!(codec: [Generic<T>] in { size_of_val(codec) })
    }
    let object: Box<dyn Codec> = Box::new(Generic(7_u32));
    assert_eq!(size::<u32>(&*object), 4);
    assert_eq!(size::<u8>(&*object), 4, "by the object");
}
