//! Object traits of traits of all shapes.
#![allow(dead_code, reason = "objects have methods that no test calls")]

use std::fmt::Debug;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use static_call::static_dispatch;

use crate::proof::in_every_state;

#[derive(Clone, Debug)]
struct Leaf(u8);

#[static_dispatch(targets = 1, object = FastGeneric)]
trait Generic<'a, A: Clone, const N: usize, B: ?Sized + Debug = str>
where
    A: Debug + 'a,
    Self: Debug,
{
    fn generic(&self, left: &'a A, right: [A; N], named: &B) -> (&'a A, String);
    fn untouched(&self) -> usize {
        N
    }
}

impl<'a, A: Clone + Debug + 'a, const N: usize, B: ?Sized + Debug> Generic<'a, A, N, B> for Leaf {
    fn generic(&self, left: &'a A, right: [A; N], named: &B) -> (&'a A, String) {
        (left, format!("{right:?} {named:?} {self:?}"))
    }
}

#[test]
fn generics_with_bounds_defaults_and_where_clauses_are_carried_over() {
    in_every_state(file!(), "generic", || {
        let (left, right) = (1_u16, [2_u16, 3]);
        let object: Box<dyn FastGeneric<'_, u16, 2>> = Box::new(Leaf(4));
        let (lent, text) = object.generic(&left, right, "named");
        assert_eq!((*lent, text.as_str()), (1, "[2, 3] \"named\" Leaf(4)"));
        let object: &dyn FastGeneric<'_, u16, 2, [u8]> = &Leaf(5);
        assert_eq!(object.generic(&left, right, &[7]).1, "[2, 3] [7] Leaf(5)");
        assert_eq!(object.untouched(), 2);
    });
}

#[static_dispatch(targets = 1, object = FastAssociated)]
trait Associated {
    type Frame: Debug + Clone + From<Self::Raw>;
    type Raw;
    type Unseen: Copy
    where
        Self: Sized;
    fn render(&mut self, frames: &[Self::Frame]) -> Option<<Self as Associated>::Frame>;
    fn raw(&self, raw: Self::Raw) -> Self::Frame;
}

impl Associated for Leaf {
    type Frame = u16;
    type Raw = u8;
    type Unseen = ();
    fn render(&mut self, frames: &[u16]) -> Option<u16> {
        self.0 += 1;
        frames.get(usize::from(self.0)).copied()
    }
    fn raw(&self, raw: u8) -> u16 {
        u16::from(raw + self.0)
    }
}

#[test]
fn associated_types_are_named_as_in_the_traits_own_objects() {
    fn generic<T: Associated + ?Sized>(object: &T, raw: T::Raw) -> T::Frame {
        object.raw(raw)
    }
    in_every_state(file!(), "render", || {
        let mut object: Box<dyn FastAssociated<Frame = u16, Raw = u8> + Send> = Box::new(Leaf(0));
        assert_eq!(object.render(&[1, 2, 3]), Some(2));
        assert_eq!(object.render(&[1, 2, 3]), Some(3));
        assert_eq!(object.raw(3) + generic(&*object, 3), 10);
    });
}

trait Sampled {
    type Sample: Clone;
}

impl Sampled for Leaf {
    type Sample = u16;
}

impl Iterator for Leaf {
    type Item = u8;
    fn next(&mut self) -> Option<u8> {
        Some(self.0)
    }
}

#[static_dispatch(targets = 1, object = FastMixed)]
trait Mixed: Sampled + Iterator<Item = u8> + 'static {
    type Own: From<Self::Sample>;
    fn mix(&self, with: &[Self::Sample], item: Self::Item) -> Option<Self::Own>;
}

impl Mixed for Leaf {
    type Own = u32;
    fn mix(&self, with: &[u16], item: u8) -> Option<u32> {
        Some(u32::from(*with.first()?) + u32::from(item + self.0))
    }
}

#[test]
fn associated_types_of_supertraits_are_carried_over() {
    fn generic<T: Mixed + ?Sized>(object: &T, with: &[T::Sample]) -> Option<T::Own> {
        object.mix(with, 1)
    }
    in_every_state(file!(), "mix", || {
        let mut object: Box<dyn FastMixed<Sample = u16, Own = u32>> = Box::new(Leaf(1));
        assert_eq!(object.mix(&[7], 2), Some(10));
        assert_eq!(generic(&*object, &[7]), Some(9));
        assert_eq!(Iterator::next(&mut *object), Some(1));
    });
}

#[static_dispatch(targets = 1, object = FastStatic)]
trait Static<A>: 'static {
    fn statically(&self, a: &A) -> usize;
}

impl<A> Static<A> for Leaf {
    fn statically(&self, _: &A) -> usize {
        size_of::<A>()
    }
}

#[test]
fn a_generic_trait_may_be_static() {
    in_every_state(file!(), "statically", || {
        let object: &dyn FastStatic<u16> = &Leaf(1);
        assert_eq!(object.statically(&7), 2);
    });
}

/// # Safety
/// Asks for nothing.
#[static_dispatch(object = FastUnsafe)]
unsafe trait Unsafe {
    /// # Safety
    /// There is a byte.
    #[static_dispatch(targets = 1)]
    unsafe fn at(&self, index: *const u8) -> u8;
    /// # Safety
    /// There is a byte.
    unsafe fn untouched_at(&self, index: *const u8) -> u8;
}

// SAFETY: nothing is asked for.
unsafe impl Unsafe for Leaf {
    unsafe fn at(&self, index: *const u8) -> u8 {
        // SAFETY: the caller's.
        unsafe { *index }
    }
    unsafe fn untouched_at(&self, index: *const u8) -> u8 {
        // SAFETY: the caller's.
        unsafe { *index + 1 }
    }
}

#[test]
fn an_unsafe_trait_has_an_unsafe_object_trait_with_unsafe_methods() {
    in_every_state(file!(), "at", || {
        let object: &dyn FastUnsafe = &Leaf(0);
        // SAFETY: there is a byte.
        assert_eq!(unsafe { (object.at(&7), object.untouched_at(&7)) }, (7, 8));
    });
}

#[static_dispatch(targets = 1, object = FastMethods, auto = [Unpin])]
trait Methods: Send {
    #[cfg(not(test))]
    fn absent(&self) -> Missing;
    #[must_use]
    fn pattern(&self, (left, mut right): (u8, u8), _: String) -> u8 {
        right += left;
        right + self.seed()
    }
    fn seed(&self) -> u8;
    extern "C" fn foreign(&self, by: u8) -> u8;
    fn r#match(&self, r#type: u8) -> u8;
    fn next(&mut self) -> Option<u8>;
    fn clone(&self) -> u8;
    fn drop(&mut self) -> u8;
    fn unwrap(&self) -> u8;
    fn never(&self) -> !;
    fn closures(&mut self, shared: &dyn Fn(&u8) -> u8, own: &mut dyn FnMut(u8)) -> u8;
    fn ranked(&self, of: &dyn for<'x> Fn(&'x str) -> &'x str) -> String;
    fn pointer(&self, of: fn(&u8) -> u8, wide: i128, character: char) -> (i128, char, f32);
    #[static_dispatch(skip)]
    fn boxed(self: Box<Self>) -> u8;
    #[static_dispatch(skip)]
    fn counted(self: Rc<Self>) -> u8;
    #[static_dispatch(skip)]
    fn shared(self: Arc<Self>) -> u8;
    fn pinned(self: Pin<&mut Self>, by: u8) -> u8;
    #[track_caller]
    fn located(&self) -> &'static Location<'static>;
}

impl Methods for Leaf {
    fn seed(&self) -> u8 {
        self.0
    }
    extern "C" fn foreign(&self, by: u8) -> u8 {
        self.0 * by
    }
    fn r#match(&self, r#type: u8) -> u8 {
        self.0 + r#type
    }
    fn next(&mut self) -> Option<u8> {
        self.0 += 1;
        Some(self.0)
    }
    fn clone(&self) -> u8 {
        1
    }
    fn drop(&mut self) -> u8 {
        2
    }
    fn unwrap(&self) -> u8 {
        3
    }
    fn never(&self) -> ! {
        panic!("never")
    }
    fn closures(&mut self, shared: &dyn Fn(&u8) -> u8, own: &mut dyn FnMut(u8)) -> u8 {
        own(self.0);
        shared(&self.0)
    }
    fn ranked(&self, of: &dyn for<'x> Fn(&'x str) -> &'x str) -> String {
        of("ranked").to_owned()
    }
    fn pointer(&self, of: fn(&u8) -> u8, wide: i128, character: char) -> (i128, char, f32) {
        (wide + i128::from(of(&self.0)), character, 0.5)
    }
    fn boxed(self: Box<Self>) -> u8 {
        self.0
    }
    fn counted(self: Rc<Self>) -> u8 {
        self.0 + 1
    }
    fn shared(self: Arc<Self>) -> u8 {
        self.0 + 2
    }
    fn pinned(mut self: Pin<&mut Self>, by: u8) -> u8 {
        self.0 += by;
        self.0
    }
    fn located(&self) -> &'static Location<'static> {
        Location::caller()
    }
}

#[test]
fn methods_of_all_kinds_are_there() {
    in_every_state(file!(), "seed", || {
        let mut object: Box<dyn FastMethods> = Box::new(Leaf(4));
        assert_eq!(object.pattern((1, 2), String::new()), 7);
        assert_eq!(
            (object.seed(), object.foreign(2), object.r#match(3)),
            (4, 8, 7)
        );
        assert_eq!((object.next(), object.next()), (Some(5), Some(6)));
        let object = &mut *object;
        assert_eq!((object.clone(), object.drop(), object.unwrap()), (1, 2, 3));
        let mut seen = 0;
        assert_eq!(object.closures(&|x| x + 1, &mut |x| seen = x), 7);
        assert_eq!(
            (seen, object.ranked(&|text| &text[1..])),
            (6, "anked".to_owned())
        );
        assert_eq!(object.pointer(|x| x * 2, -1, 'ä'), (11, 'ä', 0.5));
    });
}

#[test]
fn receivers_of_all_kinds_are_there() {
    in_every_state(file!(), "pinned", || {
        let mut pinned: Pin<Box<dyn FastMethods>> = Box::pin(Leaf(1));
        assert_eq!(pinned.as_mut().pinned(2), 3);
        assert_eq!(pinned.as_mut().pinned(2), 5);
    });
    assert_eq!(
        (Box::new(Leaf(1)) as Box<dyn FastMethods + Sync>).boxed(),
        1
    );
    assert_eq!(
        (Rc::new(Leaf(1)) as Rc<dyn FastMethods + Send + Unpin>).counted(),
        2
    );
    assert_eq!((Arc::new(Leaf(1)) as Arc<dyn FastMethods>).shared(), 3);
}

#[test]
fn a_method_that_tracks_its_caller_still_does() {
    let object: &dyn FastMethods = &Leaf(1);
    let plain: &dyn Methods = &Leaf(1);
    let (first, second, line) = (object.located(), plain.located(), line!());
    assert_eq!((first.line(), second.line()), (line, line));
}

/// As libraries have it.
#[static_dispatch(targets = 1, object = FastBlanket)]
trait Blanket {
    fn blank(&self, value: u8) -> String;
}

trait Marker {}
impl Marker for Leaf {}

impl<T: Marker + Debug> Blanket for T {
    fn blank(&self, value: u8) -> String {
        format!("{self:?} {value}")
    }
}

impl<U: Blanket + ?Sized> Blanket for Rc<U> {
    fn blank(&self, value: u8) -> String {
        format!("counted {}", (**self).blank(value))
    }
}

impl Blanket for str {
    fn blank(&self, value: u8) -> String {
        format!("{self} {value}")
    }
}

#[test]
fn blanket_impls_and_impls_for_pointers_stand_beside_the_object_trait() {
    in_every_state(file!(), "blank", || {
        let object: Rc<dyn FastBlanket> = Rc::new(Leaf(1));
        assert_eq!((*object).blank(2), "Leaf(1) 2");
        let nested: &dyn FastBlanket = &object;
        assert_eq!(nested.blank(2), "counted Leaf(1) 2");
        let own: Box<dyn FastBlanket> = Box::new(Rc::new(Leaf(1)) as Rc<dyn Blanket>);
        assert_eq!((*own).blank(2), "counted Leaf(1) 2");
        assert_eq!("text".blank(3), "text 3");
    });
}

mod scoped {
    use static_call::static_dispatch;

    #[static_dispatch(targets = 1, object = FastScoped)]
    pub(in crate::shapes) trait Scoped {
        fn scoped(&self) -> u8;
    }

    impl Scoped for u8 {
        fn scoped(&self) -> u8 {
            *self
        }
    }

    pub(super) fn make(of: u8) -> Box<dyn FastScoped> {
        Box::new(of)
    }
}

#[test]
fn the_trait_itself_need_not_be_in_scope() {
    in_every_state(file!(), "scoped", || {
        assert_eq!(scoped::make(3).scoped(), 3);
    });
}

macro_rules! declare {
    ($visibility:vis $name:ident, $object:ident, $method:ident($($argument:ident: $ty:ty),*) -> $result:ty) => {
        #[static_dispatch(targets = 1, object = $object)]
        $visibility trait $name {
            fn $method(&self, $($argument: $ty),*) -> $result;
        }
        impl $name for u8 {
            fn $method(&self, $($argument: $ty),*) -> $result {
                $(let _ = &$argument;)*
                <$result>::from(*self)
            }
        }
    };
}
declare!(pub(crate) Written, FastWritten, written(left: u8, right: &'static str) -> u32);

#[test]
fn the_trait_may_come_from_macro_rules() {
    in_every_state(file!(), "written", || {
        let object: &dyn FastWritten = &3_u8;
        assert_eq!(object.written(1, "x"), 3);
    });
}
