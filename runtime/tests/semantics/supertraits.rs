//! `#[static_dispatch(supertrait = Base)]`: `static_call!` on an annotated supertrait's
//! method, on the objects of the trait that requires it.

use std::rc::Rc;
use std::sync::Arc;

use static_call::runtime::State;
use static_call::{static_call, static_dispatch};

use crate::proof::{chains_are_expected, in_every_state, prove, reach};

/// Stands in front, so that an upcast has to load another vtable.
trait Other {
    fn other(&self) -> u32;
}

#[static_dispatch]
trait Base {
    #[static_dispatch(targets = 1)]
    fn base(&self, by: u32) -> u32;
    #[static_dispatch(targets = 1)]
    fn add(&mut self, by: u32) -> u32;
    #[static_dispatch(targets = 1)]
    fn name(&self) -> &str;
    #[static_dispatch(targets = 1)]
    fn listed(&self, by: u32) -> u32;
    #[static_dispatch(targets = 1)]
    fn learned(&self, by: u32) -> u32;
    #[static_dispatch(targets = 1)]
    fn deep(&self) -> u32;
    #[static_dispatch(targets = 1)]
    fn fast(&self, by: u32) -> u32;
}

#[static_dispatch(supertrait = Base)]
trait Middle: Other + Base {
    #[static_dispatch(targets = 1)]
    fn middle(&self) -> u32;
}

/// Has no annotated method of its own.
#[static_dispatch(supertrait = Middle)]
trait Top: Middle {}

#[static_dispatch(supertrait = Base, object = FastBeside)]
trait Beside: Other + Base {}

macro_rules! leaves {
    ($($name:ident, $factor:literal;)*) => {$(
        #[derive(Clone)]
        struct $name(u32, String);
        impl $name {
            fn new(value: u32) -> Self {
                $name(value, format!("{value}"))
            }
        }
        impl Other for $name {
            fn other(&self) -> u32 {
                self.0
            }
        }
        impl Base for $name {
            fn base(&self, by: u32) -> u32 {
                by * self.0 * $factor
            }
            fn add(&mut self, by: u32) -> u32 {
                self.0 = self.0 % 1000 + by;
                self.0 * $factor
            }
            fn name(&self) -> &str {
                &self.1
            }
            fn listed(&self, by: u32) -> u32 {
                by * self.0 * $factor
            }
            fn learned(&self, by: u32) -> u32 {
                by * self.0 * $factor
            }
            fn deep(&self) -> u32 {
                self.0 * $factor
            }
            fn fast(&self, by: u32) -> u32 {
                by * self.0 * $factor
            }
        }
        impl Middle for $name {
            fn middle(&self) -> u32 {
                self.0 + $factor
            }
        }
        impl Top for $name {}
        impl Beside for $name {}
    )*};
}

leaves! {
    Leaf, 1;
    Twig, 2;
}

#[test]
fn a_supertraits_method_is_learned_patched_and_falls_back() {
    prove::<dyn Middle, _>(
        (file!(), "learned"),
        std::any::type_name::<Leaf>(),
        || [Box::new(Leaf::new(3)), Box::new(Twig::new(4))],
        |object| object.learned(2),
        |object| static_call!(object.learned(2)),
    );
}

#[test]
fn a_supertraits_method_is_called_through_every_pointer_and_auto_trait() {
    let boxed: Box<dyn Middle> = Box::new(Leaf::new(3));
    let counted: Rc<dyn Middle> = Rc::new(Leaf::new(3));
    let sendable: Box<dyn Middle + Send> = Box::new(Leaf::new(3));
    let shared: Arc<dyn Middle + Send + Sync> = Arc::new(Leaf::new(3));
    in_every_state(file!(), "base", || {
        assert_eq!(static_call!(boxed.base(2)), 6);
        assert_eq!(static_call!((&boxed).base(2)), 6);
        assert_eq!(static_call!(counted.base(2)), 6);
        assert_eq!(static_call!(sendable.base(2)), 6);
        assert_eq!(static_call!(shared.base(2)), 6);
        // The plain calls beside them are what they were.
        assert_eq!((boxed.base(2), shared.base(2), boxed.other()), (6, 6, 3));
    });
}

#[test]
fn a_supertraits_method_may_change_its_receiver() {
    fn borrowed(object: &mut dyn Middle, by: u32) -> u32 {
        static_call!(object.add(by))
    }
    let mut boxed: Box<dyn Middle + Send> = Box::new(Twig::new(1));
    let mut plain: Box<dyn Middle + Send> = Box::new(Twig::new(1));
    let mut twig = Twig::new(1);
    in_every_state(file!(), "add", || {
        let expected = plain.add(3);
        assert_eq!(static_call!(boxed.add(3)), expected);
        assert_eq!(borrowed(&mut twig, 3), expected);
    });
}

#[test]
fn a_supertraits_method_returns_what_the_object_holds() {
    fn name<'a>(object: &'a (dyn Middle + 'a)) -> &'a str {
        static_call!(object.name())
    }
    let leaf = Leaf::new(7);
    in_every_state(file!(), "name", || assert_eq!(name(&leaf), "7"));
}

#[test]
fn a_supertraits_method_is_inlined_from_a_list() {
    let leaf: Box<dyn Middle> = Box::new(Leaf::new(5));
    let twig: Box<dyn Middle> = Box::new(Twig::new(5));
    let call = |object: &dyn Middle| static_call!(object.listed(2), inline = [Leaf, Twig]);
    let row = reach(State::Inlined, file!(), "listed", || {
        assert_eq!((call(&*leaf), call(&*twig)), (10, 20));
    });
    if chains_are_expected() {
        assert_eq!(row.state, State::Inlined, "{row:#?}");
    }
    assert_eq!((call(&*leaf), call(&*twig)), (10, 20));
}

/// Each level names the next.
#[test]
fn methods_are_found_several_levels_down() {
    let top: Box<dyn Top> = Box::new(Twig::new(4));
    in_every_state(file!(), "deep", || {
        assert_eq!(static_call!(top.deep()), 8);
    });
    in_every_state(file!(), "middle", || {
        assert_eq!(static_call!(top.middle()), 6);
    });
}

#[static_dispatch(targets = 1)]
trait Source<A: Copy> {
    type Out: Copy;
    fn give(&self, from: A) -> Self::Out;
    fn both(&self, from: &[A; 2]) -> [Self::Out; 2];
    fn last(&self, from: &[A]) -> Option<Self::Out>;
}

#[static_dispatch(supertrait = Source<A, Out = Self::Out>, object = FastPipe)]
trait Pipe<A: Copy>: Source<A> {
    #[static_dispatch(targets = 1)]
    fn length(&self, from: A) -> usize;
}

#[static_dispatch(supertrait = Source<u8, Out = u64>)]
trait Fixed: Source<u8, Out = u64> {}

impl<A: Copy + Into<u64>> Source<A> for Leaf {
    type Out = u64;
    fn give(&self, from: A) -> u64 {
        from.into() + u64::from(self.0)
    }
    fn both(&self, &[first, second]: &[A; 2]) -> [u64; 2] {
        [self.give(first), self.give(second)]
    }
    fn last(&self, from: &[A]) -> Option<u64> {
        Some(self.give(*from.last()?))
    }
}

impl<A: Copy + Into<u64>> Pipe<A> for Leaf {
    fn length(&self, _: A) -> usize {
        size_of::<A>()
    }
}

impl Fixed for Leaf {}

#[test]
fn the_supertrait_may_be_generic_and_have_associated_types() {
    fn generic<A: Copy, Out: Copy>(pipe: &dyn Pipe<A, Out = Out>, from: A) -> Out {
        static_call!(pipe.give(from))
    }
    let leaf = Leaf::new(1);
    let fixed: &dyn Fixed = &leaf;
    in_every_state(file!(), "give", || {
        assert_eq!(generic::<u8, u64>(&leaf, 2), 3);
        assert_eq!(static_call!(fixed.give(4)), 5);
    });
    let pipe: Box<dyn Pipe<u16, Out = u64> + Send + Sync> = Box::new(Leaf::new(1));
    in_every_state(file!(), "both", || {
        assert_eq!(static_call!(pipe.both(&[2, 3])), [3, 4]);
    });
}

/// `dyn FastBeside` requires what `dyn Beside` does, and so has its upcast.
#[test]
fn objects_of_an_object_trait_have_the_supertraits_sites_too() {
    fn fast(object: &(dyn FastBeside + Send)) -> u32 {
        static_call!(object.fast(2))
    }
    let leaf = Leaf::new(3);
    in_every_state(file!(), "fast", || assert_eq!(fast(&leaf), 6));
    let pipe: &dyn FastPipe<u8, Out = u64> = &leaf;
    in_every_state(file!(), "last", || {
        assert_eq!(static_call!(pipe.last(&[1, 2])), Some(5));
        assert_eq!(static_call!(pipe.last(&[])), None);
        assert_eq!(pipe.length(1), 1);
    });
}
