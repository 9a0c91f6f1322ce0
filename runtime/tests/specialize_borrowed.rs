//! `specialize!` on objects that borrow: lifetimes and types among the trait's generics,
//! associated types, supertraits, lists with `'_`.
#![allow(missing_docs)]
#![allow(
    clippy::elidable_lifetime_names,
    clippy::needless_lifetimes,
    clippy::float_cmp,
    clippy::items_after_statements,
    clippy::trivially_copy_pass_by_ref,
    reason = "lifetimes are what this is about, and the numbers are whole"
)]

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU8;

use static_call::{specialize, static_call, static_dispatch};

/// Which copy of a block this stands in: a static of the copy's own.
macro_rules! copy {
    () => {{
        static HERE: AtomicU8 = AtomicU8::new(0);
        (&raw const HERE).addr()
    }};
}

/// # Safety
/// `read_unchecked` is in bounds where `frames` says so.
#[static_dispatch]
pub unsafe trait Adapter<'a, T: 'a> {
    #[static_dispatch]
    fn frames(&self) -> usize;
    /// # Safety
    /// In bounds.
    unsafe fn read_unchecked(&self, frame: usize) -> T;
    /// A default method, which an implementor may override.
    fn read(&self, frame: usize) -> Option<T> {
        // SAFETY: in bounds.
        (frame < self.frames()).then(|| unsafe { self.read_unchecked(frame) })
    }
    /// Borrows from what the implementor borrows from.
    fn whole(&self) -> &'a [T];
    /// Borrows from the implementor.
    fn name(&self) -> &str;
    fn set_name(&mut self, name: &str);
    fn is_like(&self, other: &Self) -> bool
    where
        Self: Sized;
}

pub struct Slice<'a, T> {
    data: &'a [T],
    name: String,
}

// SAFETY: reads are checked against the slice.
unsafe impl<'a, T: Copy + 'a> Adapter<'a, T> for Slice<'a, T> {
    fn frames(&self) -> usize {
        self.data.len()
    }
    unsafe fn read_unchecked(&self, frame: usize) -> T {
        self.data[frame]
    }
    fn whole(&self) -> &'a [T] {
        self.data
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn set_name(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }
    fn is_like(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Over anything that holds bytes. Its own lifetime is not the trait's.
pub struct Wrapper<B>(B, &'static str);

// SAFETY: reads are checked against the bytes.
unsafe impl<'a, B: AsRef<[u8]>> Adapter<'a, f32> for Wrapper<B> {
    fn frames(&self) -> usize {
        self.0.as_ref().len()
    }
    unsafe fn read_unchecked(&self, frame: usize) -> f32 {
        f32::from(self.0.as_ref()[frame])
    }
    fn read(&self, frame: usize) -> Option<f32> {
        self.0.as_ref().get(frame).map(|one| f32::from(*one) + 0.5)
    }
    fn whole(&self) -> &'a [f32] {
        &[]
    }
    fn name(&self) -> &str {
        self.1
    }
    fn set_name(&mut self, _: &str) {}
    fn is_like(&self, _: &Self) -> bool {
        true
    }
}

fn slice(data: &[f32]) -> Slice<'_, f32> {
    let name = "s".to_owned();
    Slice { data, name }
}

fn total<'a, A: Adapter<'a, f32> + ?Sized>(a: &A) -> f32 {
    (0..a.frames()).map(|frame| a.read(frame).unwrap()).sum()
}

#[test]
fn a_receiver_may_borrow_and_a_list_may_leave_lifetimes_open() {
    fn sum<'a>(a: &(dyn Adapter<'a, f32> + 'a)) -> (f32, usize) {
        specialize!(a: [Slice<'_, f32>, Wrapper<&[u8]>] in {
            let mut sum = 0.0;
            for frame in 0..static_call!(a.frames()) {
                sum += a.read(frame).unwrap();
            }
            // To a generic function, and to another object type.
            assert_eq!(sum, total(a));
            let object: &(dyn Adapter<'a, f32> + '_) = a;
            assert_eq!(sum, total(object));
            (sum, copy!())
        })
    }
    fn copy_of<'a>(of: &(dyn Adapter<'a, f32> + 'a), expected: f32) -> usize {
        let (found, copy) = sum(of);
        assert_eq!(found, expected);
        copy
    }
    let (data, bytes) = (vec![1.0, 2.0], vec![1_u8, 2]);
    for _ in 0..3 {
        let first = copy_of(&slice(&data), 3.0);
        let second = copy_of(&Wrapper(&bytes[..], "w"), 4.0);
        let last = copy_of(&Wrapper(bytes.clone(), "w"), 4.0);
        assert!(first != second && second != last && first != last);
    }
}

#[test]
fn what_is_borrowed_lives_as_long_as_outside() {
    fn longest<'a>(a: &(dyn Adapter<'a, f32> + 'a)) -> &'a [f32] {
        specialize!(a: [Slice<'_, f32>] in { a.whole() })
    }
    fn name<'r, 'a>(a: &'r (dyn Adapter<'a, f32> + 'a)) -> &'r str {
        specialize!(a: [Slice<'_, f32>, Wrapper<&[u8]>] in { a.name() })
    }
    fn same<'r, 'a>(a: &'r (dyn Adapter<'a, f32> + 'a)) -> &'r (dyn Adapter<'a, f32> + 'a) {
        specialize!(a: [Slice<'_, f32>] in { a })
    }
    let data = vec![1.0, 2.0];
    let whole = {
        let slice = slice(&data);
        assert_eq!(name(&slice), "s");
        assert_eq!(name(same(&slice)), "s");
        longest(&slice)
    };
    assert_eq!(whole, [1.0, 2.0]);
}

#[test]
fn regions_nest_on_exclusive_receivers_that_borrow() {
    fn all<'r, 'a>(
        a: &'r mut (dyn Adapter<'a, f32> + 'a),
        kept: &mut Vec<&'r (dyn Adapter<'a, f32> + 'a)>,
        other: &(dyn Adapter<'a, f32> + 'a),
    ) -> &'a [f32] {
        specialize!(a: [Slice<'_, f32>, Wrapper<&'static [u8]>] in {
            a.set_name("new");
            specialize!(a: [Slice<'_, f32>] in { a.set_name("newer") });
            specialize!(other: [Slice<'_, f32>, Wrapper<&[u8]>] in {
                a.set_name(&format!("{} and {}", a.name(), other.name()));
            });
            let whole = a.whole();
            kept.push(a);
            whole
        })
    }
    let data = vec![1.0, 2.0];
    let bytes = [1_u8];
    let (mut a, mut b) = (slice(&data), Wrapper(&bytes[..], "w"));
    let other = slice(&data);
    let mut kept = Vec::new();
    let whole = all(&mut a, &mut kept, &other);
    assert!(all(&mut b, &mut kept, &other).is_empty());
    assert_eq!(kept[0].name(), "newer and s");
    assert_eq!(kept[1].name(), "w");
    drop(a);
    assert_eq!(whole, data);
}

#[test]
fn a_list_may_depend_on_generics_with_lifetimes() {
    fn first<'a, T: Copy + Sync + 'a>(a: &(dyn Adapter<'a, T> + Send + 'a)) -> (Option<T>, usize) {
        specialize!(a: [Slice<'a, T>] in { (a.read(0), copy!()) })
    }
    fn one_of<L: AsRef<[u8]> + 'static>(a: &dyn Adapter<'_, f32>) -> usize {
        specialize!(a: [Wrapper<L>] in { let _ = a; copy!() })
    }
    for _ in 0..3 {
        let name = String::new();
        let (bytes, words) = ([1_u8], [2_u16]);
        let a = Slice { data: &bytes, name };
        assert_eq!(first(&a).0, Some(1));
        let name = String::new();
        let b = Slice { data: &words, name };
        assert_eq!(first(&b).0, Some(2));
        assert_eq!(first(&a).1, first(&b).1);
        let (text, boxed) = (Wrapper("x".to_owned(), ""), Wrapper(vec![1_u8], ""));
        let listed = [one_of::<String>(&text), one_of::<Vec<u8>>(&boxed)];
        let unlisted = [one_of::<Vec<u8>>(&text), one_of::<String>(&boxed)];
        assert_eq!((listed[0], unlisted[0]), (listed[1], unlisted[1]));
        assert_ne!(listed[0], unlisted[0]);
    }
}

#[test]
#[allow(
    coherence_leak_check,
    reason = "that these are two types is what is tested"
)]
fn two_types_that_differ_in_lifetimes_of_functions_only_are_two() {
    struct Calls<F>(F);
    type Any = for<'x> fn(&'x u8) -> u8;
    type Static = fn(&'static u8) -> u8;
    macro_rules! calls {
        ($ty:ty, $frames:expr) => {
            // SAFETY: nothing is read.
            unsafe impl<'a> Adapter<'a, f32> for Calls<$ty> {
                fn frames(&self) -> usize {
                    $frames
                }
                unsafe fn read_unchecked(&self, _: usize) -> f32 {
                    f32::from((self.0)(&1))
                }
                fn whole(&self) -> &'a [f32] {
                    &[]
                }
                fn name(&self) -> &str {
                    ""
                }
                fn set_name(&mut self, _: &str) {}
                fn is_like(&self, _: &Self) -> bool {
                    true
                }
            }
        };
    }
    calls!(Any, 1);
    calls!(Static, 2);
    fn frames<'a>(a: &(dyn Adapter<'a, f32> + 'a)) -> (usize, usize) {
        specialize!(a: [Calls<Any>] in { (a.frames(), copy!()) })
    }
    fn same(x: &u8) -> u8 {
        *x
    }
    for _ in 0..3 {
        let (any, fixed) = (frames(&Calls(same as Any)), frames(&Calls(same as Static)));
        assert_eq!((any.0, fixed.0), (1, 2));
        assert_ne!(any.1, fixed.1);
    }
}

#[test]
fn another_lifetime_in_the_list_is_only_a_name() {
    fn first<'a>(a: &(dyn Adapter<'a, f32> + 'a)) -> (f32, usize) {
        specialize!(a: [Wrapper<&'static [u8]>] in { (a.read(0).unwrap(), copy!()) })
    }
    let bytes = vec![1_u8];
    let (read, listed) = first(&Wrapper(&bytes[..], ""));
    assert_eq!(read, 1.5);
    assert_ne!(listed, first(&Wrapper(bytes.clone(), "")).1);
    // One for longer is one for shorter as well.
    fn whole<'a>(a: &(dyn Adapter<'a, f32> + 'a)) -> (&'a [f32], usize) {
        specialize!(a: [Slice<'static, f32>] in { (a.whole(), copy!()) })
    }
    let data = vec![1.0, 2.0];
    let (whole_slice, listed) = whole(&slice(&data));
    assert_eq!(whole_slice, data);
    assert_ne!(listed, whole(&Wrapper(bytes.clone(), "")).1);
}

#[test]
fn a_listed_type_may_borrow_for_less_than_the_object_may_live() {
    // The receiver is one for less, too.
    fn first<'a>(a: &'a (dyn Adapter<'static, f32> + 'static), _: &'a u8) -> Option<f32> {
        specialize!(a: [Wrapper<&'a [u8]>] in { a.read(0) })
    }
    static BYTES: [u8; 1] = [1];
    assert_eq!(first(&Wrapper(&BYTES[..], ""), &2), Some(1.5));
    assert_eq!(first(&Wrapper(vec![1_u8], ""), &2), Some(1.5));
}

#[test]
fn a_method_that_panics_has_done_what_it_did() {
    fn fails<'a>(a: &mut (dyn Adapter<'a, f32> + 'a)) {
        specialize!(a: [Slice<'_, f32>] in {
            a.set_name("before");
            a.read(9).expect("out of bounds");
        });
    }
    let data = [1.0];
    let mut slice = slice(&data);
    assert!(catch_unwind(AssertUnwindSafe(|| fails(&mut slice))).is_err());
    assert_eq!(slice.name, "before");
}

#[test]
fn threads_that_meet_types_at_the_same_time_agree() {
    fn first<'a>(a: &(dyn Adapter<'a, f32> + 'a)) -> f32 {
        specialize!(a: [Wrapper<&[u8]>, Wrapper<Vec<u8>>, Slice<'_, f32>] in {
            a.read(0).unwrap()
        })
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let (data, bytes) = ([3.0], [1_u8]);
                for _ in 0..1000 {
                    assert_eq!(first(&Wrapper(&bytes[..], "")), 1.5);
                    assert_eq!(first(&Wrapper(vec![2_u8], "")), 2.5);
                    assert_eq!(first(&Wrapper("x", "")), 120.5);
                    assert_eq!(first(&slice(&data)), 3.0);
                }
            });
        }
    });
}

#[test]
fn a_method_of_the_same_name_that_everything_has_does_not_come_in() {
    mod elsewhere {
        use super::{Slice, static_dispatch};

        // Not imported where the region stands.
        #[static_dispatch]
        pub(super) trait Hidden {
            fn length(&self) -> usize;
        }
        impl Hidden for Slice<'_, f32> {
            fn length(&self) -> usize {
                self.data.len()
            }
        }
    }
    #[allow(dead_code, reason = "it is not to be called")]
    trait Length {
        fn length(&self) -> usize {
            77
        }
    }
    impl<A: ?Sized> Length for A {}
    fn plain(a: &dyn elsewhere::Hidden) -> usize {
        a.length()
    }
    fn region(a: &dyn elsewhere::Hidden) -> usize {
        specialize!(a: [Slice<'_, f32>] in { a.length() })
    }
    let data = [1.0];
    assert_eq!(region(&slice(&data)), plain(&slice(&data)));
}

pub trait Named {
    fn label(&self) -> &str;
}

#[static_dispatch]
pub trait Stage: Debug + Named + Send {
    type Item: Clone;
    type Error;
    #[static_dispatch]
    fn push(&mut self, item: Self::Item) -> Result<Option<Self::Item>, Self::Error>;
    fn last_mut(&mut self) -> Option<&mut Self::Item>;
    fn finish(self: Box<Self>) -> Vec<Self::Item>;
}

/// Keeps what it is given, which may be borrowed.
#[derive(Debug)]
pub struct Keep<T>(Vec<T>);

impl<T> Named for Keep<T> {
    fn label(&self) -> &'static str {
        "keep"
    }
}

impl<T: Clone + Debug + Send> Stage for Keep<T> {
    type Item = T;
    type Error = String;
    fn push(&mut self, item: T) -> Result<Option<T>, String> {
        if self.0.len() == 4 {
            return Err("full".to_owned());
        }
        self.0.push(item);
        Ok(self.0.first().cloned())
    }
    fn last_mut(&mut self) -> Option<&mut T> {
        self.0.last_mut()
    }
    fn finish(self: Box<Self>) -> Vec<T> {
        self.0
    }
}

#[derive(Debug)]
pub struct Swallow<T>(Option<T>);

impl<T> Named for Swallow<T> {
    fn label(&self) -> &'static str {
        "swallow"
    }
}

impl<T: Clone + Debug + Send> Stage for Swallow<T> {
    type Item = T;
    type Error = String;
    fn push(&mut self, item: T) -> Result<Option<T>, String> {
        Ok(self.0.replace(item))
    }
    fn last_mut(&mut self) -> Option<&mut T> {
        self.0.as_mut()
    }
    fn finish(self: Box<Self>) -> Vec<T> {
        Vec::new()
    }
}

#[test]
fn associated_types_and_supertraits_are_those_of_the_object() {
    type Words<'i> = dyn Stage<Item = &'i str, Error = String> + 'i;
    fn feed<'i>(stage: &mut Words<'i>, words: &[&'i str]) -> Result<Option<&'i str>, String> {
        specialize!(stage: [Keep<&str>, Swallow<&str>] in {
            let mut last = None;
            for word in words {
                last = static_call!(stage.push(word))?;
            }
            if let Some(last) = stage.last_mut() {
                *last = words[0];
            }
            let named: &dyn Named = stage;
            let debug: &dyn Debug = stage;
            assert_eq!(format!("{stage:?}{}", named.label()), format!("{debug:?}{}", stage.label()));
            Ok(last)
        })
    }
    let text = "a b c d e".to_owned();
    let words: Vec<_> = text.split(' ').collect();
    assert_eq!(feed(&mut Keep(vec![]), &words[..3]), Ok(Some("a")));
    assert_eq!(feed(&mut Keep(vec![]), &words), Err("full".to_owned()));
    assert_eq!(feed(&mut Swallow(None), &words), Ok(Some("d")));
}

#[test]
fn a_region_stands_in_a_loop_over_many_receivers() {
    let (data, bytes) = (vec![1.0, 2.0], vec![1_u8]);
    let mut many: Vec<Box<dyn Adapter<'_, f32> + '_>> = Vec::new();
    for _ in 0..3 {
        many.push(Box::new(slice(&data)));
        many.push(Box::new(Wrapper(&bytes[..], "w")));
        many.push(Box::new(Wrapper(bytes.clone(), "v")));
    }
    let mut names = String::new();
    for a in &many {
        specialize!(a = &**a: [Slice<'_, f32>, Wrapper<&[u8]>] in {
            if names.len() >= 6 {
                break;
            }
            if a.frames() == 2 {
                continue;
            }
            names += a.name();
        });
    }
    assert_eq!(names, "wvwvwv");
    for a in &mut many {
        specialize!(a = &mut **a: [Slice<'_, f32>] in { a.set_name("new") });
    }
    assert_eq!(many[0].name(), "new");
}
