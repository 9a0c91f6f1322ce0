//! What inlined bodies do with what they are given; the matrix has the rest.

use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use static_call::runtime::State;
use static_call::{static_call, static_dispatch};

use crate::{alone, guards_are_expected, prove, row, until_inlined};

#[static_dispatch(targets = 2)]
trait Bodies {
    fn written(&self, into: &mut Vec<u64>, x: u64) -> Result<u64, String>;
    fn own(&mut self) -> &mut [u64];
    fn outlives<'a, 'b: 'a>(&'a mut self, x: &'b str) -> &'a str;
    /// As `async_trait` writes it.
    fn future<'life, 'x, 'run>(
        &'life mut self,
        x: &'x str,
    ) -> Pin<Box<dyn Future<Output = String> + Send + 'run>>
    where
        'life: 'run,
        'x: 'run,
        Self: 'run;
}

#[derive(Clone)]
struct Body<const N: usize> {
    words: [u64; N],
    text: String,
}

type Listed = Body<3>;

impl<const N: usize> Body<N> {
    fn new() -> Self {
        Body {
            words: [1; N],
            text: format!("body {N}"),
        }
    }
}

impl<const N: usize> Bodies for Body<N> {
    fn written(&self, into: &mut Vec<u64>, x: u64) -> Result<u64, String> {
        into.push(x * N as u64);
        if x % 3 == 0 {
            Err(self.text.clone())
        } else {
            Ok(x)
        }
    }
    fn own(&mut self) -> &mut [u64] {
        &mut self.words[1..]
    }
    fn outlives<'a, 'b: 'a>(&'a mut self, x: &'b str) -> &'a str {
        self.words[1] += 1;
        if self.words[1] % 2 == 0 {
            x
        } else {
            &self.text
        }
    }
    fn future<'life, 'x, 'run>(
        &'life mut self,
        x: &'x str,
    ) -> Pin<Box<dyn Future<Output = String> + Send + 'run>>
    where
        'life: 'run,
        'x: 'run,
        Self: 'run,
    {
        Box::pin(async move {
            self.words[1] += 1;
            std::future::ready(()).await;
            format!("{x} {} {:?}", self.text, self.words)
        })
    }
}

fn objects() -> [Box<dyn Bodies>; 2] {
    [Box::new(Listed::new()), Box::new(Body::<5>::new())]
}

#[test]
fn results_are_written_through_pointers() {
    prove::<dyn Bodies, _>(
        (file!(), "written"),
        type_name::<Listed>(),
        objects,
        |object| {
            let mut into = vec![1];
            let x = object.own()[0];
            object.own()[0] += 1;
            let result = object.written(&mut into, x);
            (into, result)
        },
        |object| {
            let mut into = vec![1];
            let x = object.own()[0];
            object.own()[0] += 1;
            let result = static_call!(object.written(&mut into, x), inline = [Listed]);
            (into, result)
        },
    );
}

#[test]
fn a_part_of_the_receiver_is_lent_out() {
    fn change(own: &mut [u64]) -> Vec<u64> {
        own[0] += 1;
        own.to_vec()
    }
    prove::<dyn Bodies, _>(
        (file!(), "own"),
        type_name::<Listed>(),
        objects,
        |object| change(object.own()),
        |object| change(static_call!(object.own(), inline = [Listed])),
    );
}

#[test]
fn one_lifetime_outlives_the_other() {
    prove::<dyn Bodies, _>(
        (file!(), "outlives"),
        type_name::<Listed>(),
        objects,
        |object| object.outlives("given").to_owned(),
        |object| static_call!(object.outlives("given"), inline = [Listed]).to_owned(),
    );
}

#[test]
fn a_boxed_future_borrows_the_receiver_until_it_is_ready() {
    fn finished(future: Pin<Box<dyn Future<Output = String> + Send + '_>>) -> String {
        let mut context = Context::from_waker(Waker::noop());
        match pin!(future).poll(&mut context) {
            Poll::Ready(output) => output,
            Poll::Pending => unreachable!("there is nothing to wait for"),
        }
    }
    prove::<dyn Bodies, _>(
        (file!(), "future"),
        type_name::<Listed>(),
        objects,
        |object| finished(object.future(&String::from("given"))),
        |object| {
            let text = String::from("given");
            finished(static_call!(object.future(&text), inline = [Listed]))
        },
    );
}

#[test]
fn what_is_moved_into_a_body_is_dropped_once() {
    #[static_dispatch(targets = 1)]
    trait Keeps {
        fn keeps(&mut self, value: Rc<u64>) -> usize;
    }
    struct Kept(Vec<Rc<u64>>);
    struct Dropped;
    impl Keeps for Kept {
        fn keeps(&mut self, value: Rc<u64>) -> usize {
            self.0.push(value);
            self.0.len()
        }
    }
    impl Keeps for Dropped {
        fn keeps(&mut self, value: Rc<u64>) -> usize {
            Rc::strong_count(&value)
        }
    }
    let _alone = alone();
    let counted = Rc::new(9);
    let mut kept = Kept(Vec::new());
    let mut calls = 0;
    let call = |object: &mut dyn Keeps| {
        static_call!(object.keeps(Rc::clone(&counted)), inline = [Dropped, Kept])
    };
    let types = [type_name::<Kept>(), type_name::<Dropped>()];
    let mut round = || {
        calls += 2;
        assert_eq!(call(&mut kept), calls - 1);
        assert_eq!(call(&mut kept), calls);
        assert_eq!(call(&mut Dropped), calls + 2);
    };
    until_inlined((file!(), "keeps"), &types, &mut round);
    (0..100).for_each(|_| round());
    assert_eq!(Rc::strong_count(&counted), calls + 1);
    drop(kept);
    assert_eq!(Rc::strong_count(&counted), 1);
}

#[test]
fn a_panic_unwinds_through_an_inlined_body_and_drops_what_it_was_given() {
    #[static_dispatch(targets = 1)]
    trait Panics {
        fn panics(&self, why: u64, keeps: Rc<u64>) -> String;
    }
    struct Throws;
    struct Returns;
    impl Panics for Throws {
        fn panics(&self, why: u64, keeps: Rc<u64>) -> String {
            if why % 2 == 1 {
                resume_unwind(Box::new(why));
            }
            keeps.to_string()
        }
    }
    impl Panics for Returns {
        fn panics(&self, why: u64, _: Rc<u64>) -> String {
            why.to_string()
        }
    }
    fn call(object: &dyn Panics, why: u64, keeps: &Rc<u64>) -> Result<String, u64> {
        let result = catch_unwind(AssertUnwindSafe(|| {
            let keeps = Rc::clone(keeps);
            static_call!(object.panics(why, keeps), inline = [Throws])
        }));
        result.map_err(|thrown| *thrown.downcast().expect("a number was thrown"))
    }
    let _alone = alone();
    let keeps = Rc::new(3);
    // Made in one place: optimized code may hold a vtable for each place.
    let throws: &dyn Panics = &Throws;
    let check = || {
        assert_eq!(call(throws, 7, &keeps), Err(7));
        assert_eq!(call(throws, 8, &keeps), Ok("3".to_owned()));
        assert_eq!(Rc::strong_count(&keeps), 1);
    };
    let site = (file!(), "panics");
    let before = until_inlined(site, &[type_name::<Throws>()], check);
    (0..100).for_each(|_| check());
    let after = row(site.0, site.1);
    assert_eq!((after.state, after.misses), (before.state, before.misses));
    assert_eq!(call(&Returns, 7, &keeps), Ok("7".to_owned()));
    check();
}

#[test]
fn receivers_dereference_to_the_object() {
    #[static_dispatch(targets = 1, auto = [Unpin, UnwindSafe])]
    trait Held: Send + Sync {
        fn shared(&self, x: u64) -> u64;
        fn exclusive(&mut self, x: u64) -> u64;
    }
    #[derive(Clone, Copy)]
    struct One(u64);
    impl Held for One {
        fn shared(&self, x: u64) -> u64 {
            self.0 + x
        }
        fn exclusive(&mut self, x: u64) -> u64 {
            self.0 += x;
            self.0
        }
    }
    let _alone = alone();
    let boxed: Box<dyn Held> = Box::new(One(1));
    let counted: Rc<dyn Held + Send> = Rc::new(One(2));
    let atomic: Arc<dyn Held + Send + Sync> = Arc::new(One(3));
    let nested: &&Box<dyn Held + Sync> = &&(Box::new(One(4)) as Box<dyn Held + Sync>);
    let mut exclusive: Box<dyn Held + Send + Sync + Unpin> = Box::new(One(5));
    let mut again: Box<dyn Held + std::panic::UnwindSafe> = Box::new(One(5));
    let again = &mut again;
    let mut total = 5;
    for round in 0..400 {
        assert_eq!(static_call!(boxed.shared(round), inline = [One]), 1 + round);
        assert_eq!(
            static_call!(counted.shared(round), inline = [One]),
            2 + round
        );
        assert_eq!(
            static_call!(atomic.shared(round), inline = [One]),
            3 + round
        );
        assert_eq!(
            static_call!(nested.shared(round), inline = [One]),
            4 + round
        );
        total += round;
        assert_eq!(
            static_call!(exclusive.exclusive(round), inline = [One]),
            total
        );
        assert_eq!(static_call!(again.exclusive(round), inline = [One]), total);
        if round % 100 == 99 {
            static_call::runtime::retarget().unwrap();
        }
    }
    let sites = static_call::runtime::sites();
    let here = sites.iter().filter(|site| {
        site.location.starts_with(file!()) && site.trait_name.as_deref() == Some("Held")
    });
    let states: Vec<_> = here.map(|site| (site.state, site.misses)).collect();
    assert_eq!(states.len(), 6);
    if guards_are_expected() {
        assert_eq!(states, [(State::Inlined, 0); 6]);
    }
}
