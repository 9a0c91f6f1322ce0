//! Arguments are coerced as the plain call's are: the first, which travels beside the call
//! site, and those behind it.

use std::ops::Deref;

use static_call::{static_call, static_dispatch};

/// What the methods are called with is what they say.
#[static_dispatch(targets = 1)]
trait Taking {
    fn bytes(&self, first: &[u8], second: &[u8]) -> String;
    fn function(&self, first: &dyn Fn(u64) -> u64, second: &dyn Fn(u64) -> u64) -> u64;
    fn changing(&self, first: &mut dyn FnMut(u64), second: &mut Vec<u64>);
    fn filling(&self, first: &mut Vec<u64>, second: &mut Vec<u64>);
    fn pointer(&self, first: fn(u64) -> u64, second: *const u64) -> u64;
    fn boxed(&self, first: Box<dyn Deref<Target = str>>) -> usize;
    fn number(&self, first: u8, second: i128) -> i128;
    fn length(&self) -> u64;
    fn push(&mut self, first: u64, second: u64);
}

struct Taker(Vec<u64>);

impl Taking for Taker {
    fn bytes(&self, first: &[u8], second: &[u8]) -> String {
        format!("{first:?} {second:?}")
    }
    fn function(&self, first: &dyn Fn(u64) -> u64, second: &dyn Fn(u64) -> u64) -> u64 {
        first(second(1))
    }
    fn changing(&self, first: &mut dyn FnMut(u64), second: &mut Vec<u64>) {
        first(7);
        second.push(8);
    }
    fn filling(&self, first: &mut Vec<u64>, second: &mut Vec<u64>) {
        first.push(1);
        second.push(2);
    }
    fn pointer(&self, first: fn(u64) -> u64, second: *const u64) -> u64 {
        first(u64::from(second.is_null()))
    }
    fn boxed(&self, first: Box<dyn Deref<Target = str>>) -> usize {
        first.len()
    }
    fn number(&self, first: u8, second: i128) -> i128 {
        i128::from(first) + second
    }
    fn length(&self) -> u64 {
        self.0.len() as u64
    }
    fn push(&mut self, first: u64, second: u64) {
        self.0.extend([first, second]);
    }
}

fn taker() -> Box<dyn Taking> {
    Box::new(Taker(Vec::new()))
}

fn double(value: u64) -> u64 {
    value * 2
}

#[test]
fn arrays_and_vectors_become_slices() {
    let (taker, vector) = (taker(), vec![3, 4]);
    let plain = taker.bytes(b"ab", &vector);
    assert_eq!(static_call!(taker.bytes(b"ab", &vector)), plain);
    let swapped = taker.bytes(&vector, b"ab");
    assert_eq!(static_call!(taker.bytes(&vector, b"ab")), swapped);
    assert_ne!(plain, swapped);
}

#[test]
fn closures_and_functions_become_objects_and_know_what_they_take() {
    let taker = taker();
    let plain = taker.function(&|x| x.pow(2) + 1, &double);
    assert_eq!(
        static_call!(taker.function(&|x| x.pow(2) + 1, &double)),
        plain
    );
    let swapped = taker.function(&double, &|x| x.pow(2) + 1);
    assert_eq!(
        static_call!(taker.function(&double, &|x| x.pow(2) + 1)),
        swapped
    );
    let mut seen = 0;
    let mut list = Vec::new();
    static_call!(taker.changing(&mut |x| seen = x, &mut list));
    assert_eq!((seen, list), (7, vec![8]));
}

#[test]
fn functions_become_pointers() {
    let taker = taker();
    let value = 5;
    assert_eq!(static_call!(taker.pointer(double, &raw const value)), 0);
    assert_eq!(static_call!(taker.pointer(|x| x + 3, std::ptr::null())), 4);
}

#[test]
fn boxes_become_boxes_of_objects() {
    let text: Box<str> = "text".into();
    assert_eq!(static_call!(taker().boxed(Box::new(text))), 4);
}

#[test]
fn exclusive_references_are_lent_and_not_given_away() {
    fn twice(taker: &dyn Taking, first: &mut Vec<u64>, second: &mut Vec<u64>) {
        static_call!(taker.filling(first, second));
        static_call!(taker.filling(second, first));
    }
    let (mut first, mut second) = (Vec::new(), Vec::new());
    twice(&*taker(), &mut first, &mut second);
    assert_eq!((first, second), (vec![1, 2], vec![2, 1]));
}

#[test]
fn literals_have_the_types_of_the_parameters() {
    assert_eq!(
        static_call!(taker().number(200, 1 << 100)),
        200 + (1 << 100)
    );
}

#[test]
fn every_argument_may_ask_the_receiver_that_is_about_to_change() {
    let mut taker = taker();
    for _ in 0..2 {
        static_call!(taker.push(taker.length(), static_call!(taker.length()) + 1));
    }
    static_call!(taker.push(static_call!(taker.length()), taker.length()));
    assert_eq!(static_call!(taker.length()), 6);
}

#[test]
fn an_argument_may_leave_the_function() {
    #[allow(unreachable_code, reason = "that is the point")]
    fn leaves(taker: &dyn Taking) -> i128 {
        static_call!(taker.number(return 9, 1))
    }
    assert_eq!(leaves(&*taker()), 9);
}
