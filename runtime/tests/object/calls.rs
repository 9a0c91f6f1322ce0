//! What a call through an object trait is: the method's own call site.

use std::any::Any;
use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::sync::Arc;

use static_call::runtime::State;
use static_call::{runtime, static_call, static_dispatch};

use crate::proof::{
    alone, chains_are_expected, in_chain, in_every_state, patch, prove, reach, rows,
};

/// A codec.
#[static_dispatch(object = FastCodec)]
pub(crate) trait Codec: Debug + Send {
    /// Encodes.
    #[static_dispatch(targets = 1)]
    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize;
    /// Counts.
    #[static_dispatch(targets = 1)]
    fn count(&mut self, by: u32) -> u32;
    /// Lends.
    #[static_dispatch(targets = 1)]
    fn longer<'a>(&'a self, other: &'a str) -> &'a str {
        if other.len() > 3 { other } else { self.name() }
    }
    /// Not annotated.
    fn name(&self) -> &str;
    /// Not annotated, gives the object away.
    fn finish(self: Box<Self>) -> String;
    /// Not there for objects.
    fn twice(&self) -> (Self, Self)
    where
        Self: Sized + Clone,
    {
        (self.clone(), self.clone())
    }
    /// Neither.
    fn build(calls: u32) -> Self
    where
        Self: Sized;
}

#[derive(Clone, Debug, PartialEq)]
struct Store(u32);
#[derive(Clone, Debug)]
struct Double(u32);

impl Codec for Store {
    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize {
        into.extend_from_slice(source);
        source.len()
    }
    fn count(&mut self, by: u32) -> u32 {
        self.0 += by;
        self.0
    }
    fn name(&self) -> &str {
        "store"
    }
    fn finish(self: Box<Self>) -> String {
        format!("{self:?} is done")
    }
    fn build(calls: u32) -> Self {
        Store(calls)
    }
}

impl Codec for Double {
    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize {
        into.extend_from_slice(source);
        into.extend_from_slice(source);
        source.len() * 2
    }
    fn count(&mut self, by: u32) -> u32 {
        self.0 += by * 2;
        self.0
    }
    fn name(&self) -> &str {
        "double"
    }
    fn finish(self: Box<Self>) -> String {
        format!("{self:?} is over")
    }
    fn build(calls: u32) -> Self {
        Double(calls)
    }
}

#[test]
fn a_plain_call_goes_through_the_methods_call_site() {
    let _alone = alone();
    prove::<dyn FastCodec, _>(
        (file!(), "encode"),
        std::any::type_name::<Store>(),
        || {
            [
                Box::new(Store(1)) as Box<dyn FastCodec>,
                Box::new(Double(1)),
            ]
        },
        |object| {
            // By the vtable, without a site.
            let mut into = Vec::new();
            let length = if object.name() == "store" { 2 } else { 4 };
            into.extend_from_slice(if length == 2 { b"ab" } else { b"abab" });
            (length, into)
        },
        |object| {
            let mut into = Vec::new();
            (object.encode(b"ab", &mut into), into)
        },
    );
}

#[test]
fn every_way_to_an_object_leads_through_the_one_site_and_changes_state() {
    in_every_state(file!(), "count", || {
        let mut boxed: Box<dyn FastCodec> = Box::new(Store(0));
        let mut sendable: Box<dyn FastCodec + Send + Sync> = Box::new(Double(0));
        assert_eq!((boxed.count(1), sendable.count(1)), (1, 2));
        let reference: &mut dyn FastCodec = &mut *boxed;
        assert_eq!((reference.count(1), reference.count(1)), (2, 3));
        assert_eq!(generically(&mut *boxed), 4);
        assert_eq!(generically(&mut *sendable), 4);
        assert_eq!(generically(&mut Store(6)), 7);
    });
    assert_eq!(rows(file!(), "count").len(), 1);
}

/// Knows nothing of object traits.
fn generically<T: Codec + ?Sized>(codec: &mut T) -> u32 {
    codec.count(1)
}

#[test]
fn the_site_is_reported_at_the_method_in_the_trait() {
    let line = include_str!("calls.rs")
        .lines()
        .position(|line| line.contains("fn longer<'a>"))
        .expect("the method is above");
    let place = format!("{}:{}:8", file!(), line + 1);
    let rows = rows(file!(), "longer");
    assert!(rows.iter().any(|row| row.location == place), "{rows:#?}");
    let object: &dyn FastCodec = &Store(1);
    assert_eq!(object.longer("abc"), "store");
    assert_eq!(object.longer("abcd"), "abcd");
}

#[test]
fn calls_of_a_site_of_ones_own_still_work() {
    let object: Arc<dyn FastCodec + Sync> = Arc::new(Double(3));
    assert_eq!(static_call!(object.longer("a")), "double");
}

#[test]
fn methods_without_the_attribute_have_no_site_and_go_by_the_vtable() {
    let boxed: Box<dyn FastCodec> = Box::new(Store(3));
    let sendable: Box<dyn FastCodec + Send> = Box::new(Double(3));
    assert_eq!((boxed.name(), sendable.name()), ("store", "double"));
    assert_eq!(boxed.finish(), "Store(3) is done");
    assert_eq!(sendable.finish(), "Double(3) is over");
    assert!(rows(file!(), "name").is_empty());
    assert!(rows(file!(), "finish").is_empty());
    assert_eq!(Store::build(3).twice(), (Store(3), Store(3)));
    assert_eq!(Double::build(4).twice().1.0, 4);
}

#[test]
fn an_object_coerces_upcasts_and_formats_like_the_traits_own() {
    let shared: Rc<dyn FastCodec> = Rc::new(Store(8));
    assert_eq!(format!("{shared:?}"), "Store(8)");
    let debug: &dyn Debug = &*shared;
    assert_eq!(format!("{debug:?}"), "Store(8)");
    fn is_send<T: Send + ?Sized>(_: &T) {}
    is_send(&*shared);
    let many: Vec<Box<dyn FastCodec>> = vec![Box::new(Store(1)), Box::new(Double(2))];
    let names: Vec<&str> = many.iter().map(|one| one.name()).collect();
    assert_eq!(names, ["store", "double"]);
}

#[static_dispatch(object = FastTagged, auto = all)]
trait Tagged {
    #[static_dispatch(targets = 1)]
    fn tag(&self, by: u32) -> u32;
}

struct One;
struct Two;

impl Tagged for One {
    fn tag(&self, by: u32) -> u32 {
        by + 1
    }
}
impl Tagged for Two {
    fn tag(&self, by: u32) -> u32 {
        by + 2
    }
}

fn tag<T: Tagged + ?Sized>(tagged: &T) -> u32 {
    tagged.tag(5)
}

macro_rules! every_object_type {
    ($($object:ty),* $(,)?) => {
        $({
            let objects: [Box<$object>; 2] = [Box::new(One), Box::new(Two)];
            for (object, expected) in objects.iter().zip([6, 7]) {
                assert_eq!(object.tag(5), expected, stringify!($object));
                assert_eq!(tag(&**object), expected, stringify!($object));
            }
        })*
    };
}

#[test]
fn objects_may_carry_auto_traits() {
    in_every_state(file!(), "tag", || {
        every_object_type!(
            dyn FastTagged,
            dyn FastTagged + Send,
            dyn FastTagged + Sync,
            dyn FastTagged + Send + Sync,
            dyn Sync + FastTagged + Send + 'static,
            dyn FastTagged + Unpin,
            dyn FastTagged + Send + Unpin,
            dyn FastTagged + Sync + Unpin,
            dyn FastTagged + Send + Sync + Unpin,
            dyn FastTagged + UnwindSafe,
            dyn FastTagged + Send + UnwindSafe,
            dyn FastTagged + Sync + UnwindSafe,
            dyn FastTagged + Send + Sync + UnwindSafe,
            dyn FastTagged + UnwindSafe + RefUnwindSafe,
            dyn FastTagged + Send + UnwindSafe + RefUnwindSafe,
            dyn FastTagged + Sync + UnwindSafe + RefUnwindSafe,
            dyn FastTagged + Send + Sync + UnwindSafe + RefUnwindSafe,
            dyn FastTagged + Unpin + UnwindSafe + RefUnwindSafe,
            dyn FastTagged + Send + Unpin + UnwindSafe + RefUnwindSafe,
            dyn FastTagged + Sync + Unpin + UnwindSafe + RefUnwindSafe,
            dyn FastTagged + Send + Sync + Unpin + UnwindSafe + RefUnwindSafe,
        );
    });
}

#[static_dispatch(targets = 1, object = FastBorrowing)]
trait Borrowing {
    fn first<'a>(&'a self, other: &'a str) -> &'a str;
}

struct Borrowed<'a>(&'a str);

impl Borrowing for Borrowed<'_> {
    fn first<'a>(&'a self, other: &'a str) -> &'a str {
        self.0.max(other)
    }
}

#[test]
fn objects_may_have_any_lifetime_bound() {
    fn generic<'a, T: Borrowing + ?Sized>(object: &'a T, other: &'a str) -> &'a str {
        object.first(other)
    }
    fn short<'a>(object: &'a (dyn FastBorrowing + 'a), other: &'a str) -> &'a str {
        assert_eq!(generic(object, other), object.first(other));
        object.first(other)
    }
    fn boxed<'a>(object: Box<dyn FastBorrowing + Send + 'a>) -> String {
        object.first("c").to_owned()
    }
    in_every_state(file!(), "first", || {
        let text = String::from("b");
        assert_eq!(short(&Borrowed(&text), "a"), "b");
        assert_eq!(boxed(Box::new(Borrowed(&text))), "c");
    });
}

#[static_dispatch(targets = 1, object = FastAny)]
trait Anything: Any {
    fn any(&self) -> u8;
}

impl Anything for u8 {
    fn any(&self) -> u8 {
        *self
    }
}

#[test]
fn an_object_upcasts_to_any() {
    let object: Box<dyn FastAny> = Box::new(7_u8);
    assert_eq!(object.any(), 7);
    let any: Box<dyn Any> = object;
    assert_eq!(any.downcast_ref(), Some(&7_u8));
}

#[static_dispatch(targets = 2, object = FastRegistered)]
trait Registered {
    fn ahead(&self) -> u32;
}

struct Known(u32);

#[static_dispatch]
impl Registered for Known {
    fn ahead(&self) -> u32 {
        self.0
    }
}

#[test]
fn an_object_can_be_registered() {
    let object: &dyn FastRegistered = &Known(3);
    runtime::register(object);
    in_every_state(file!(), "ahead", || assert_eq!(object.ahead(), 3));
}

#[test]
fn a_call_inside_generic_code_gains_a_chain_too() {
    #[static_dispatch(targets = 1, object = FastLocal)]
    trait Local {
        fn local(&self, x: u32) -> u32;
    }
    impl Local for u32 {
        fn local(&self, x: u32) -> u32 {
            self + x
        }
    }
    fn sum<T: Local + ?Sized>(object: &T) -> u32 {
        object.local(1) + object.local(2)
    }
    let _alone = alone();
    let object: Box<dyn FastLocal + Send> = Box::new(5_u32);
    let row = patch(file!(), "local", || assert_eq!(sum(&*object), 13));
    if chains_are_expected() {
        assert_eq!(row.state, State::Patched);
        assert_eq!(in_chain(&row), ["u32"]);
    }
}

#[test]
fn the_method_may_list_types_to_be_inlined() {
    #[static_dispatch(object = FastListed)]
    trait Listed {
        #[static_dispatch(targets = 1, inline = [u32, u8])]
        fn listed(&self, x: u32) -> u32;
    }
    impl Listed for u32 {
        fn listed(&self, x: u32) -> u32 {
            self + x
        }
    }
    impl Listed for u8 {
        fn listed(&self, x: u32) -> u32 {
            u32::from(*self) * x
        }
    }
    let _alone = alone();
    let check = || {
        let objects: [Box<dyn FastListed + Send>; 2] = [Box::new(5_u32), Box::new(6_u8)];
        assert_eq!(objects[0].listed(1) + objects[1].listed(2), 18);
    };
    reach(State::Inlined, file!(), "listed", check);
    check();
}
