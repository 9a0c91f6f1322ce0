//! What kinds of trait objects can be bound.

use std::fmt::{Debug, Display};
use std::marker::PhantomData;

use static_call::{binding, static_dispatch};

// Without `Send` and `Sync` among its supertraits.
#[static_dispatch(auto = [Unpin])]
trait Bare {
    #[static_dispatch]
    fn bare(&self, x: u32) -> u32;
}

struct Plus(u32);

impl Bare for Plus {
    fn bare(&self, x: u32) -> u32 {
        x + self.0
    }
}

binding! {
    static BOTH: dyn Bare + Send + Sync = Plus(1);
    static SHARED_ONLY: dyn Bare + Sync = Plus(2);
    static EVERYTHING: dyn Bare + Send + Sync + Unpin + 'static = Plus(3);
}

#[test]
fn auto_traits_may_be_named_in_any_combination_and_several_bindings_at_once() {
    static OTHER: Plus = Plus(10);
    for name in ["BOTH", "SHARED_ONLY", "EVERYTHING"] {
        crate::in_every_state("objects", name, || {
            let before = (BOTH.bare(1), SHARED_ONLY.bare(1), EVERYTHING.bare(1));
            assert_eq!(before, (2, 3, 4));
            let replaced = BOTH.swap(&OTHER).unwrap().unwrap();
            assert_eq!(replaced.bare(1), 2);
            assert_eq!(
                (BOTH.bare(1), SHARED_ONLY.bare(1)),
                (11, 3),
                "one was swapped"
            );
            let shared = SHARED_ONLY.swap(&OTHER).unwrap().unwrap();
            let all = EVERYTHING.swap_boxed(Box::new(Plus(20))).unwrap().unwrap();
            assert_eq!(
                (BOTH.bare(1), SHARED_ONLY.bare(1), EVERYTHING.bare(1)),
                (11, 11, 21)
            );
            BOTH.restore(&replaced).unwrap();
            SHARED_ONLY.restore(&shared).unwrap();
            EVERYTHING.restore(&all).unwrap();
        });
    }
}

#[static_dispatch]
trait Generic<T: Copy + Debug, const N: usize = 2>: Send + Sync {
    #[static_dispatch]
    fn repeated(&self, value: T) -> [T; N];
    fn shown(&self, value: T) -> String;
}

struct Repeats(&'static str);

impl<T: Copy + Debug, const N: usize> Generic<T, N> for Repeats {
    fn repeated(&self, value: T) -> [T; N] {
        [value; N]
    }
    fn shown(&self, value: T) -> String {
        format!("{}{value:?}", self.0)
    }
}

binding! {
    static OF_BYTES: dyn Generic<u8> = Repeats("bytes");
    static OF_TEXTS: dyn Generic<&'static str, 3> = Repeats("texts");
}

#[test]
fn generic_traits_are_bound_with_their_arguments() {
    static OTHER: Repeats = Repeats("other");
    crate::in_every_state("objects", "OF_BYTES", || {
        assert_eq!(
            (OF_BYTES.repeated(4), OF_BYTES.shown(4)),
            ([4, 4], "bytes4".to_owned())
        );
        let before = OF_BYTES.swap(&OTHER).unwrap().unwrap();
        assert_eq!(
            (OF_BYTES.repeated(5), OF_BYTES.shown(5)),
            ([5, 5], "other5".to_owned())
        );
        OF_BYTES.restore(&before).unwrap();
    });
    crate::in_every_state("objects", "OF_TEXTS", || {
        assert_eq!(OF_TEXTS.repeated("x"), ["x"; 3]);
        assert_eq!(OF_TEXTS.shown("x"), "texts\"x\"");
    });
}

#[static_dispatch]
trait Associated: Send + Sync {
    type Item: Display;
    type Key;
    #[static_dispatch]
    fn item(&self, key: &Self::Key) -> Self::Item;
    #[static_dispatch]
    fn all(&self, keys: Vec<Self::Key>) -> Vec<Self::Item>;
    fn shown(&self, key: Self::Key) -> String {
        self.item(&key).to_string()
    }
}

struct Table(u8);

impl Associated for Table {
    type Item = String;
    type Key = u8;
    fn item(&self, key: &u8) -> String {
        format!("{}-{key}", self.0)
    }
    fn all(&self, keys: Vec<u8>) -> Vec<String> {
        keys.iter().map(|key| self.item(key)).collect()
    }
}

binding! { static TABLE: dyn Associated<Item = String, Key = u8> = Table(1); }

#[test]
fn associated_types_are_named_by_the_object_type() {
    static OTHER: Table = Table(2);
    crate::in_every_state("objects", "TABLE", || {
        for (table, number) in [(&OTHER, 2), (&Table(3), 3)] {
            TABLE.swap(table).unwrap();
            assert_eq!(TABLE.item(&7), format!("{number}-7"));
            assert_eq!(
                TABLE.all(vec![7, 8]),
                [format!("{number}-7"), format!("{number}-8")]
            );
            assert_eq!(TABLE.shown(9), format!("{number}-9"));
        }
    });
}

#[static_dispatch]
trait Lifetimes<'a>: Send + Sync {
    #[static_dispatch]
    fn held(&self) -> &'a str;
    #[static_dispatch]
    fn first<'x, 'y: 'x>(&'x self, one: &'x str, other: &'y str) -> &'x str;
    #[static_dispatch]
    fn hidden(&self, text: std::borrow::Cow<'_, str>) -> std::borrow::Cow<'_, str>;
    #[static_dispatch]
    fn higher(&self, f: &dyn for<'r> Fn(&'r str) -> &'r str) -> String;
}

struct Holds<'a>(&'a str);

impl<'a> Lifetimes<'a> for Holds<'a> {
    fn held(&self) -> &'a str {
        self.0
    }
    fn first<'x, 'y: 'x>(&'x self, one: &'x str, other: &'y str) -> &'x str {
        if one < other { one } else { other }
    }
    fn hidden(&self, text: std::borrow::Cow<'_, str>) -> std::borrow::Cow<'_, str> {
        format!("{}{text}", self.0).into()
    }
    fn higher(&self, f: &dyn for<'r> Fn(&'r str) -> &'r str) -> String {
        f(self.0).to_owned()
    }
}

binding! { static HOLDS: dyn Lifetimes<'static> = Holds("held"); }

#[test]
fn lifetimes_in_signatures_are_kept() {
    crate::in_every_state("objects", "HOLDS", || {
        static OTHER: Holds<'static> = Holds("other");
        let held: &'static str = HOLDS.held();
        assert_eq!(held, "held");
        let local = String::from("local");
        let result = {
            let other = String::from("longer");
            HOLDS.first(&local, &other).to_owned()
        };
        assert_eq!(result, "local");
        assert_eq!(HOLDS.hidden(local.into()), "heldlocal");
        assert_eq!(HOLDS.higher(&|text| &text[1..]), "eld");
        let before = HOLDS.swap(&OTHER).unwrap().unwrap();
        assert_eq!(HOLDS.held(), "other");
        assert_eq!(HOLDS.higher(&|text| &text[1..]), "ther");
        HOLDS.restore(&before).unwrap();
    });
}

// Super is called through the vtable of the bound object, by a cast.
trait Base {
    fn base(&self) -> u8;
}

#[static_dispatch]
trait Sub: Base + Debug + Send + Sync {
    #[static_dispatch]
    fn sub(&self) -> u8;
    #[static_dispatch]
    #[cfg(any())]
    fn absent(&self) -> NoSuchType;
    #[static_dispatch]
    #[cfg(not(any()))]
    fn present(&self) -> u8;
    fn of_sized(&self) -> Self
    where
        Self: Sized;
    fn generic<T>(&self, value: T) -> T
    where
        Self: Sized;
    #[static_dispatch]
    fn exclusive(&mut self) -> u8;
    fn boxed(self: Box<Self>) -> u8;
    fn by_arc(self: std::sync::Arc<Self>) -> u8;
    fn nothing_at_all()
    where
        Self: Sized;
    /// With a default.
    #[static_dispatch]
    fn default(&self) -> u8 {
        self.sub() + self.base()
    }
}

#[derive(Clone, Debug)]
struct Both(u8);

impl Base for Both {
    fn base(&self) -> u8 {
        self.0 * 2
    }
}

impl Sub for Both {
    fn sub(&self) -> u8 {
        self.0
    }
    fn present(&self) -> u8 {
        self.0 + 1
    }
    fn of_sized(&self) -> Self {
        self.clone()
    }
    fn generic<T>(&self, value: T) -> T {
        value
    }
    fn exclusive(&mut self) -> u8 {
        self.0 += 1;
        self.0
    }
    fn boxed(self: Box<Self>) -> u8 {
        self.0
    }
    fn by_arc(self: std::sync::Arc<Self>) -> u8 {
        self.0
    }
    fn nothing_at_all() {}
}

binding! { static SUB: dyn Sub = Both(1); }

#[test]
fn supertraits_and_methods_that_objects_lack_are_no_hindrance() {
    static OTHER: Both = Both(5);
    crate::in_every_state("objects", "SUB", || {
        assert_eq!((SUB.sub(), SUB.present(), SUB.default()), (1, 2, 3));
        assert_eq!(
            (SUB.load().base(), format!("{:?}", &*SUB.load())),
            (2, "Both(1)".to_owned())
        );
        let before = SUB.swap(&OTHER).unwrap().unwrap();
        assert_eq!((SUB.sub(), SUB.present(), SUB.default()), (5, 6, 15));
        SUB.restore(&before).unwrap();
    });
    let mut both = Both(1).of_sized();
    assert_eq!((both.generic(3), both.exclusive()), (3, 2));
    assert_eq!(
        (
            Box::new(both.clone()).boxed(),
            std::sync::Arc::new(both).by_arc()
        ),
        (2, 2)
    );
    Both::nothing_at_all();
}

#[static_dispatch(object = FastCodec, targets = 2)]
trait Codec: Send + Sync {
    fn encode(&self, x: u64) -> u64;
    #[static_dispatch(skip)]
    fn name(&self) -> &str;
}

struct Xor(u64);

impl Codec for Xor {
    fn encode(&self, x: u64) -> u64 {
        x ^ self.0
    }
    fn name(&self) -> &'static str {
        "xor"
    }
}

binding! {
    static FAST: dyn FastCodec = Xor(1);
    static SLOW: dyn Codec = Xor(2);
}

#[test]
fn objects_that_dispatch_by_themselves_can_be_bound_and_so_can_plain_ones_of_that_trait() {
    static OTHER: Xor = Xor(8);
    crate::in_every_state("objects", "SLOW", || {
        assert_eq!((SLOW.encode(4), SLOW.name()), (6, "xor"));
        let before = SLOW.swap(&OTHER).unwrap().unwrap();
        assert_eq!((SLOW.encode(4), SLOW.name()), (12, "xor"));
        SLOW.restore(&before).unwrap();
    });
    crate::in_every_state("objects", "FAST", || {
        assert_eq!((FAST.encode(4), FAST.name()), (5, "xor"));
        let before = FAST.swap(&OTHER).unwrap().unwrap();
        assert_eq!((FAST.encode(4), FAST.name()), (12, "xor"));
        FAST.restore(&before).unwrap();
    });
}

type Alias = dyn Bare + Send + Sync;

binding! { static BY_ALIAS: Alias = Plus(4); }

#[test]
fn an_alias_of_an_object_type_will_do() {
    crate::in_every_state("objects", "BY_ALIAS", || assert_eq!(BY_ALIAS.bare(1), 5));
}

/// Of no size, and many of them at one address.
struct Empty<T>(PhantomData<fn() -> T>);

impl<T: 'static> Bare for Empty<T> {
    fn bare(&self, x: u32) -> u32 {
        x * 100 + u32::try_from(size_of::<T>()).unwrap()
    }
}

fn empty<T: 'static>() -> Box<dyn Bare + Send + Sync> {
    Box::new(Empty::<T>(PhantomData))
}

binding! {
    static ONE_EMPTY: dyn Bare + Send + Sync = Plus(0);
    static OTHER_EMPTY: dyn Bare + Send + Sync = Plus(0);
}

#[test]
fn boxes_of_no_size_share_an_address_and_nothing_else() {
    crate::in_every_state("objects", "ONE_EMPTY", || {
        for _ in 0..4 {
            ONE_EMPTY.swap_boxed(empty::<[u8; 1]>()).unwrap();
            assert_eq!(ONE_EMPTY.bare(1), 101);
            // So that its code lies outside of the trampoline, as others' does.
            OTHER_EMPTY.swap_boxed(empty::<[u8; 1]>()).unwrap();
            OTHER_EMPTY.swap_boxed(empty::<[u8; 2]>()).unwrap();
            ONE_EMPTY.swap_boxed(empty::<[u8; 2]>()).unwrap();
            assert_eq!((ONE_EMPTY.bare(1), OTHER_EMPTY.bare(1)), (102, 102));
            OTHER_EMPTY.swap_boxed(Box::new(Plus(7))).unwrap();
            // SAFETY: no other thread calls them, and results are numbers.
            unsafe { OTHER_EMPTY.reclaim() }.unwrap();
            // Its code would lie where the code for boxes of no size was.
            for other in 0..4 {
                OTHER_EMPTY.swap_boxed(Box::new(Plus(other))).unwrap();
                assert_eq!((ONE_EMPTY.bare(1), OTHER_EMPTY.bare(1)), (102, 1 + other));
            }
        }
    });
}
