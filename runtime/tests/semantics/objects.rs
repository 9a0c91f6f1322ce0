//! Object types, implementors of all kinds, and what the attribute leaves alone.

use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use static_call::{runtime, static_call, static_dispatch};

use crate::proof::{alone, chains_are_expected, in_chain, in_every_state, patch};

#[static_dispatch(targets = 1, auto = all)]
trait Tagged {
    fn tag(&self, by: u32) -> u32;
}

#[derive(Clone, Copy)]
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

/// One site for each object type.
macro_rules! every_object_type {
    ($($object:ty),* $(,)?) => {
        $({
            let objects: [Box<$object>; 2] = [Box::new(One), Box::new(Two)];
            for (object, expected) in objects.iter().zip([6, 7]) {
                assert_eq!(static_call!(object.tag(5)), expected, stringify!($object));
            }
        })*
    };
}

#[test]
fn objects_may_carry_auto_traits() {
    in_every_state(file!(), "tag", || {
        every_object_type!(
            dyn Tagged,
            dyn Tagged + 'static,
            dyn Tagged + Send,
            dyn Tagged + Sync,
            dyn Tagged + Send + Sync,
            dyn Sync + Tagged + Send + 'static,
            dyn Tagged + Unpin,
            dyn Tagged + Send + Unpin,
            dyn Tagged + Sync + Unpin,
            dyn Tagged + Send + Sync + Unpin,
            dyn Tagged + UnwindSafe,
            dyn Tagged + Send + UnwindSafe,
            dyn Tagged + Sync + UnwindSafe,
            dyn Tagged + Send + Sync + UnwindSafe,
            dyn Tagged + UnwindSafe + RefUnwindSafe,
            dyn Tagged + Send + UnwindSafe + RefUnwindSafe,
            dyn Tagged + Sync + UnwindSafe + RefUnwindSafe,
            dyn Tagged + Send + Sync + UnwindSafe + RefUnwindSafe,
            dyn Tagged + Unpin + UnwindSafe + RefUnwindSafe,
            dyn Tagged + Send + Unpin + UnwindSafe + RefUnwindSafe,
            dyn Tagged + Sync + Unpin + UnwindSafe + RefUnwindSafe,
            dyn Tagged + Send + Sync + Unpin + UnwindSafe + RefUnwindSafe,
            dyn Tagged + Unpin + UnwindSafe,
            dyn Tagged + RefUnwindSafe,
        );
    });
}

#[static_dispatch(targets = 1)]
trait Bounded {
    fn first<'a>(&'a self, other: &'a str) -> &'a str;
}

/// Not `'static`, so its objects are not either.
struct Borrowing<'a>(&'a str);

impl Bounded for Borrowing<'_> {
    fn first<'a>(&'a self, other: &'a str) -> &'a str {
        self.0.max(other)
    }
}

#[test]
fn objects_may_have_any_lifetime_bound() {
    fn short<'a>(object: &'a (dyn Bounded + 'a), other: &'a str) -> &'a str {
        static_call!(object.first(other))
    }
    fn two<'a, 'b: 'a>(object: &'a mut (dyn Bounded + 'b), other: &str) -> String {
        static_call!(object.first(other)).to_owned()
    }
    fn boxed<'a>(object: Box<dyn Bounded + Send + 'a>) -> String {
        static_call!(object.first("c")).to_owned()
    }
    in_every_state(file!(), "first", || {
        let text = String::from("b");
        let object = Borrowing(&text);
        assert_eq!(short(&object, "a"), "b");
        assert_eq!(two(&mut Borrowing(&text), "c"), "c");
        assert_eq!(boxed(Box::new(object)), "c");
    });
}

#[static_dispatch(targets = 2)]
trait Codec: Debug {
    #[must_use]
    fn size(&self, bytes: &[u8]) -> usize;
    fn name(&self) -> String {
        format!("{self:?}")
    }
    #[static_dispatch(skip)]
    fn control(&mut self, level: u8) -> u8 {
        level
    }
    #[static_dispatch(skip)]
    fn build(level: u8) -> Self
    where
        Self: Sized + From<u8>,
    {
        level.into()
    }
    #[static_dispatch(skip)]
    fn generic<T: Into<u64>>(&self, value: T) -> u64
    where
        Self: Sized,
    {
        value.into() + self.size(&[]) as u64
    }
    #[static_dispatch(skip)]
    fn consume(self: Box<Self>) -> String {
        self.name()
    }
}

#[derive(Debug)]
struct Level(u8);
#[derive(Debug)]
struct Wrapper<T>(T);
/// A blanket impl for a marker, as libraries have it.
trait Marker {}
#[derive(Debug)]
struct Marked;
impl Marker for Marked {}

impl From<u8> for Level {
    fn from(level: u8) -> Self {
        Level(level)
    }
}

impl Codec for Level {
    fn size(&self, bytes: &[u8]) -> usize {
        bytes.len() + usize::from(self.0)
    }
    fn control(&mut self, level: u8) -> u8 {
        std::mem::replace(&mut self.0, level)
    }
}

impl<T: Codec> Codec for Wrapper<T> {
    fn size(&self, bytes: &[u8]) -> usize {
        self.0.size(bytes) * 2
    }
}

impl<U: Codec + ?Sized> Codec for Box<U> {
    fn size(&self, bytes: &[u8]) -> usize {
        (**self).size(bytes)
    }
    fn name(&self) -> String {
        (**self).name()
    }
}

/// An unsized implementor.
impl Codec for str {
    fn size(&self, bytes: &[u8]) -> usize {
        self.len() + bytes.len()
    }
}

impl Codec for [u16] {
    fn size(&self, bytes: &[u8]) -> usize {
        self.len() * 10 + bytes.len()
    }
}

#[static_dispatch(targets = 1)]
trait Blanket {
    fn blank(&self, value: u8) -> String;
}

impl<T: Marker + Debug + ?Sized> Blanket for T {
    fn blank(&self, value: u8) -> String {
        format!("{self:?} {value}")
    }
}

#[test]
fn generic_and_nested_and_private_types_are_learned() {
    fn size(codec: &dyn Codec, bytes: &[u8]) -> usize {
        static_call!(codec.size(bytes))
    }
    #[derive(Debug)]
    struct Hidden;
    impl Codec for Hidden {
        fn size(&self, _: &[u8]) -> usize {
            77
        }
    }
    // Made once: where an object is made decides which vtable of its type it has.
    let (hidden, wrapper): (&dyn Codec, &dyn Codec) = (&Hidden, &Wrapper(Level(1)));
    in_every_state(file!(), "size", || {
        assert_eq!(size(&Wrapper(Wrapper(Level(3))), b"ab"), 20);
        assert_eq!(size(hidden, b"ab"), 77);
    });
    let _alone = alone();
    let call = || assert_eq!(size(hidden, b"") + size(wrapper, b""), 79);
    let row = patch(file!(), "size", call);
    if chains_are_expected() {
        let mut chain = in_chain(&row);
        chain.sort_unstable();
        let private = std::any::type_name::<Hidden>();
        let generic = std::any::type_name::<Wrapper<Level>>();
        let mut expected = [private, generic];
        expected.sort_unstable();
        assert_eq!(chain, expected);
    }
}

#[test]
fn a_boxed_object_may_implement_the_trait_too() {
    fn generic<T: Codec + ?Sized>(codec: &T) -> String {
        codec.name()
    }
    in_every_state(file!(), "name", || {
        let boxed: Box<dyn Codec> = Box::new(Level(4));
        assert_eq!(static_call!(boxed.name()), "Level(4)");
        // The object behind is a box with an object.
        let nested: &dyn Codec = &boxed;
        assert_eq!(static_call!(nested.name()), "Level(4)");
        assert_eq!(generic(&boxed) + &generic(nested), "Level(4)Level(4)");
    });
}

#[test]
fn a_blanket_impl_is_learned() {
    in_every_state(file!(), "blank", || {
        let object: &dyn Blanket = &Marked;
        assert_eq!(static_call!(object.blank(2)), "Marked 2");
    });
}

#[test]
fn what_is_not_dispatched_stays_as_it_was() {
    fn generic<T: Codec + ?Sized>(codec: &T) -> usize {
        codec.size(b"abc")
    }
    assert_eq!(generic("text"), 7);
    assert_eq!(generic(&[1_u16, 2][..]), 23);
    assert_eq!(generic(&*(Box::new(Level(1)) as Box<dyn Codec + Send>)), 4);
    assert_eq!(Level::build(2).generic(3_u32), 5);
    let mut boxed: Box<dyn Codec> = Box::new(Level(2));
    let object = &mut *boxed;
    assert_eq!((object.control(9), object.control(0)), (2, 9));
    // The box's own impl, which does not forward this one.
    assert_eq!(boxed.control(9), 9);
    assert_eq!(boxed.consume(), "Level(0)");
    let shared: Rc<dyn Codec> = Rc::new(Level(5));
    assert_eq!(shared.size(b""), 5);
}

#[static_dispatch(targets = 1)]
trait Derived: Base + Debug + Send {
    fn derived(&self, by: u32) -> u32;
}

#[static_dispatch(targets = 1)]
trait Base {
    fn base(&self, by: u32) -> u32;
}

#[derive(Debug)]
struct Leaf(u32);

impl Base for Leaf {
    fn base(&self, by: u32) -> u32 {
        by * self.0
    }
}
impl Derived for Leaf {
    fn derived(&self, by: u32) -> u32 {
        by + self.0
    }
}

#[test]
fn an_object_still_upcasts_to_its_supertraits() {
    fn upcast(object: &dyn Derived) -> u32 {
        let tagged: &dyn Base = object;
        static_call!(tagged.base(2)) + static_call!((object as &dyn Base).base(3))
    }
    let object: Box<dyn Derived> = Box::new(Leaf(7));
    in_every_state(file!(), "derived", || {
        assert_eq!(static_call!(object.derived(1)), 8);
        assert_eq!(upcast(&*object), 35);
        assert_eq!(object.base(2), 14);
        assert_eq!(format!("{:?}", &*object as &dyn Debug), "Leaf(7)");
    });
    let upcast: Box<dyn Base> = object;
    assert_eq!(upcast.base(4), 28);
}

#[static_dispatch(targets = 1)]
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
fn registering_an_implementation_changes_no_result() {
    let object: &dyn Registered = &Known(3);
    runtime::register(object);
    in_every_state(file!(), "ahead", || {
        assert_eq!(static_call!(object.ahead()), 3);
    });
}

#[test]
fn a_trait_may_be_declared_inside_a_function() {
    #[static_dispatch(targets = 1)]
    trait Local {
        fn inside(&self, value: u8) -> u8;
    }
    impl Local for u8 {
        fn inside(&self, value: u8) -> u8 {
            self + value
        }
    }
    in_every_state(file!(), "inside", || {
        let object: &dyn Local = &3;
        assert_eq!(static_call!(object.inside(4)), 7);
    });
}
