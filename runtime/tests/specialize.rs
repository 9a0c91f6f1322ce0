//! `specialize!`: one test on entry, the block in copies.
#![allow(
    clippy::needless_borrow,
    clippy::let_and_return,
    clippy::needless_continue,
    clippy::semicolon_if_nothing_returned,
    reason = "every way to write it is called"
)]
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

/// Which copy of a block this stands in: a static of the copy's own.
macro_rules! copy {
    ($receiver:expr) => {{
        static HERE: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);
        let _ = $receiver;
        (&raw const HERE).addr()
    }};
}

#[test]
fn each_listed_type_has_a_copy_and_all_others_have_one() {
    fn copy(codec: &dyn Codec) -> usize {
        specialize!(codec: [Add, Twice] in { copy!(codec) })
    }
    struct Another;
    impl Codec for Another {
        fn step(&self, x: u64) -> u64 {
            x
        }
        fn feed(&mut self, x: u64) -> u64 {
            x
        }
    }
    let copies = objects().map(|object| copy(&*object));
    assert!(copies[0] != copies[1] && copies[1] != copies[2] && copies[0] != copies[2]);
    for _ in 0..10_000 {
        assert_eq!(objects().map(|object| copy(&*object)), copies);
        assert_eq!(copy(&Another), copies[2]);
    }
}

#[test]
fn the_receiver_is_the_object_that_it_is_outside() {
    fn same_type<T: ?Sized>(_: &T, _: &T) {}
    fn kept<'r>(codec: &'r dyn Codec, other: &dyn Codec) -> (&'r dyn Codec, usize) {
        specialize!(codec: [Add, Twice] in {
            same_type(codec, other);
            (codec, size_of_val(codec))
        })
    }
    for object in objects() {
        let (kept, size) = kept(&*object, &*object);
        assert!(std::ptr::addr_eq(kept, &raw const *object));
        assert_eq!((kept.step(5), size), (object.step(5), size_of::<u64>()));
    }
}

#[test]
fn return_break_and_labels_mean_what_they_mean_outside() {
    fn first_above(codec: &dyn Codec, limit: u64) -> Option<u64> {
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
    fn sum_less_one(codec: &dyn Codec, text: &str) -> Result<u64, std::num::ParseIntError> {
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
    fn feed(codec: &mut dyn Codec) -> u64 {
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
    fn sum(codec: &dyn Codec, other: &dyn Codec) -> u64 {
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
    async fn run(codec: &dyn Codec) -> u64 {
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
    fn copy<T: Copy + Into<u64> + 'static>(codec: &dyn Codec) -> usize {
        specialize!(codec: [Generic<T>] in { copy!(codec) })
    }
    struct Other<const K: u8>;
    impl<const K: u8> Codec for Other<K> {
        fn step(&self, x: u64) -> u64 {
            x + u64::from(K)
        }
        fn feed(&mut self, x: u64) -> u64 {
            x
        }
    }
    // Where a list is long, it is asked elsewhere whose memory it is.
    fn copy_of_three<T: Copy + Into<u64> + 'static>(codec: &dyn Codec) -> usize {
        specialize!(codec: [Other<0>, Other<1>, Generic<T>] in { copy!(codec) })
    }
    // Instances share the region, and what one of them remembers is no other's.
    let (long, short) = (Generic(7_u32), Generic(7_u8));
    let (byte, bit) = (Generic(7_u16), Generic(true));
    for _ in 0..10_000 {
        let listed = [copy::<u32>(&long), copy::<u8>(&short), copy::<u16>(&byte)];
        assert_eq!(listed, [listed[0]; 3]);
        assert_eq!(copy::<bool>(&bit), listed[0]);
        let unlisted = [copy::<u8>(&long), copy::<u16>(&long), copy::<u32>(&short)];
        assert_eq!(unlisted, [unlisted[0]; 3]);
        assert_eq!([copy::<u32>(&bit), copy::<bool>(&long)], [unlisted[0]; 2]);
        assert_ne!(listed[0], unlisted[0]);
        let listed = [copy_of_three::<u32>(&long), copy_of_three::<u8>(&short)];
        assert_eq!(listed, [listed[0]; 2]);
        assert_ne!(copy_of_three::<u8>(&long), listed[0]);
        assert_ne!(copy_of_three::<u32>(&short), listed[0]);
    }
}

#[test]
fn regions_nest() {
    fn both(a: &dyn Codec, b: &dyn Codec, x: u64) -> (u64, usize) {
        specialize!(a: [Add, Twice] in {
            specialize!(b: [Add, Twice] in {
                let stepped = static_call!(a.step(static_call!(b.step(x))));
                (stepped, size_of_val(a) + size_of_val(b))
            })
        })
    }
    for a in objects() {
        for b in objects() {
            assert_eq!(both(&*a, &*b, 7), (a.step(b.step(7)), 16));
        }
    }
}

#[test]
fn macros_in_the_block_see_the_receiver_too() {
    fn all(codec: &dyn Codec) -> Vec<u64> {
        specialize!(codec: [Add, Twice] in {
            assert_eq!(static_call!(codec.step(1)), codec.step(1));
            let mut all = vec![codec.step(1), static_call!(codec.step(2), inline = [Other])];
            all.push(format!("{}", static_call!((&codec).step(3))).parse().unwrap());
            if matches!(codec.step(4), 0) {
                unreachable!("no codec gives {}", codec.step(4));
            }
            all
        })
    }
    for object in objects() {
        let expected: Vec<u64> = (1..4).map(|x| object.step(x)).collect();
        assert_eq!(all(&*object), expected);
    }
}

#[test]
fn items_in_the_block_are_each_copys_own() {
    fn calls(codec: &dyn Codec) -> (u64, usize) {
        specialize!(codec: [Add, Twice] in {
            use std::sync::atomic::{AtomicUsize, Ordering};
            static CALLS: AtomicUsize = AtomicUsize::new(0);
            const BY: u64 = 3;
            struct Pair(u64, u64);
            fn sum(pair: &Pair) -> u64 {
                pair.0 + pair.1
            }
            let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
            (sum(&Pair(codec.step(BY), BY)), calls)
        })
    }
    for (index, object) in objects().iter().enumerate() {
        for call in 1..=index + 1 {
            assert_eq!(calls(&**object), (object.step(3) + 3, call));
        }
    }
}

#[test]
fn what_shadows_the_receiver_shadows_it() {
    fn shadowed(codec: &dyn Codec, other: &dyn Codec) -> [u64; 4] {
        specialize!(codec: [Add, Twice] in {
            let first = codec.step(1);
            let through = |codec: &dyn Codec| static_call!(codec.step(2));
            let second = through(other);
            let third = {
                let codec = other;
                static_call!(codec.step(3))
            };
            let codec = codec.step(4);
            [first, second, third, codec]
        })
    }
    for codec in objects() {
        for other in objects() {
            let expected = [codec.step(1), other.step(2), other.step(3), codec.step(4)];
            assert_eq!(shadowed(&*codec, &*other), expected);
        }
    }
}

#[test]
fn names_in_the_block_are_the_authors() {
    // Names that an expansion might use for itself.
    let (__receiver, __listed, __check) = (1, 2, 3);
    for object in objects() {
        let codec: &dyn Codec = &*object;
        let got = specialize!(codec: [Add, Twice] in {
            codec.step(__receiver + __listed + __check)
        });
        assert_eq!(got, object.step(6));
    }
}

#[test]
fn a_region_may_be_a_statement_or_leave_a_loop_with_a_value() {
    fn run(codec: &mut dyn Codec) -> u64 {
        specialize!(codec: [Add] in {
            codec.feed(1);
        });
        specialize!(codec: [Twice] in { let _ = codec.feed(2); });
        let left = loop {
            specialize!(codec: [Add, Twice] in {
                if codec.feed(3) > 30 {
                    break codec.step(4);
                }
                continue;
            })
        };
        left
    }
    fn plain(codec: &mut dyn Codec) -> u64 {
        codec.feed(1);
        codec.feed(2);
        loop {
            if codec.feed(3) > 30 {
                break codec.step(4);
            }
        }
    }
    for (mut a, mut b) in objects().into_iter().zip(objects()) {
        assert_eq!(run(&mut *a), plain(&mut *b));
        assert_eq!(a.step(5), b.step(5));
    }
}

#[test]
fn receivers_dereference_as_in_a_call() {
    use std::rc::Rc;
    use std::sync::{Arc, Mutex};
    let boxed: Box<dyn Codec> = Box::new(Add(3));
    let counted: Rc<dyn Codec> = Rc::new(Twice(4));
    let atomic: Arc<dyn Codec + Send + Sync> = Arc::new(Add(5));
    for _ in 0..2 {
        let (stepped, first) = specialize!(boxed: [Add] in { (boxed.step(1), copy!(&boxed)) });
        assert_eq!(stepped, 4);
        assert_eq!(
            specialize!(codec = counted: [Twice] in { codec.step(1) }),
            6
        );
        assert_eq!(specialize!(codec = &*atomic: [Add] in { codec.step(1) }), 6);
        assert_ne!(first, 0);
    }
    // What the receiver is borrowed from lives as long as the block.
    let shared: Mutex<Box<dyn Codec>> = Mutex::new(Box::new(Add(7)));
    let fed = specialize!(codec = &mut **shared.lock().unwrap(): [Add] in {
        codec.feed(1) + codec.feed(2)
    });
    assert_eq!(fed, 9 + 12);
    assert_eq!(shared.lock().unwrap().step(0), 10);
}

#[test]
fn a_future_that_waits_in_a_region_is_send() {
    async fn wait(codec: &(dyn Codec + Sync), x: u64) -> u64 {
        specialize!(codec: [Add, Twice] in {
            let first = codec.step(x);
            std::future::ready(()).await;
            first + codec.step(x)
        })
    }
    async fn exclusive(codec: &mut (dyn Codec + Send)) -> u64 {
        specialize!(codec: [Add, Twice] in {
            codec.feed(1);
            std::future::ready(()).await;
            codec.feed(2)
        })
    }
    fn finished<T>(future: impl Future<Output = T> + Send) -> T {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(output) => output,
            std::task::Poll::Pending => panic!("nothing to wait for"),
        }
    }
    assert_eq!(finished(wait(&Add(3), 4)), 14);
    assert_eq!(finished(wait(&Twice(3), 4)), 22);
    assert_eq!(finished(wait(&Other(3), 4)), 14);
    assert_eq!(finished(exclusive(&mut Add(3))), 8);
}

#[test]
fn a_region_in_generic_code_and_in_methods() {
    #[static_dispatch(targets = 1)]
    trait Convert<T> {
        fn convert(&self, x: T) -> T;
    }
    struct Same;
    impl<T: 'static> Convert<T> for Same {
        fn convert(&self, x: T) -> T {
            x
        }
    }
    struct Keeps<T>(T);
    impl<T: Clone + 'static> Convert<T> for Keeps<T> {
        fn convert(&self, _: T) -> T {
            self.0.clone()
        }
    }
    struct Holds<'a, T: 'static>(&'a dyn Convert<T>);
    impl<T: Clone> Holds<'_, T> {
        fn all<const N: usize>(&self, of: [T; N]) -> ([T; N], usize) {
            specialize!(convert = self.0: [Keeps<T>, Same] in {
                (of.map(|x| convert.convert(x)), size_of_val(convert))
            })
        }
    }
    assert_eq!(Holds(&Same).all([1_u8, 2]), ([1, 2], 0));
    assert_eq!(Holds(&Keeps(7_u16)).all([1, 2, 3]), ([7; 3], 2));
    let text = "text".to_owned();
    assert_eq!(
        Holds(&Keeps(text.clone())).all([String::new()]),
        ([text], size_of::<String>())
    );
}
