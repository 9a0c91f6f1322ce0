//! Object traits of traits whose supertraits are annotated too, and of generic traits
//! with auto traits.

use std::fmt::Debug;

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[static_dispatch]
trait Area: Debug {
    #[static_dispatch(targets = 1)]
    fn area(&self) -> u32;
}

#[static_dispatch(object = FastSolid)]
trait Solid: Area {
    #[static_dispatch(targets = 1)]
    fn volume(&self) -> u32;
}

#[derive(Debug)]
struct Cube(u32);

impl Area for Cube {
    fn area(&self) -> u32 {
        self.0 * self.0 * 6
    }
}

impl Solid for Cube {
    fn volume(&self) -> u32 {
        self.0 * self.0 * self.0
    }
}

fn generic<T: Solid + ?Sized>(solid: &T) -> u32 {
    solid.area() + solid.volume()
}

#[test]
fn an_object_upcasts_to_an_annotated_supertrait_whose_methods_have_sites() {
    in_every_state(file!(), "area", || {
        let solid: Box<dyn FastSolid + Send> = Box::new(Cube(2));
        // By the supertrait's vtable, without a site; and through one.
        assert_eq!((solid.area(), solid.volume()), (24, 8));
        assert_eq!(static_call!((&*solid as &dyn Area).area()), 24);
        assert_eq!(generic(&*solid), 32);
        let area: Box<dyn Area> = solid;
        assert_eq!(static_call!(area.area()), 24);
    });
}

#[test]
fn an_object_of_a_trait_with_an_annotated_supertrait_has_sites_for_its_own_methods() {
    in_every_state(file!(), "volume", || {
        let solid: &dyn FastSolid = &Cube(1);
        assert_eq!((solid.area(), solid.volume()), (6, 1));
        assert_eq!(format!("{solid:?}"), "Cube(1)");
    });
}

#[static_dispatch(targets = 1, object = FastStep, auto = [Unpin])]
trait Step<A: Copy, const N: usize> {
    type Out: Debug + PartialEq;
    fn step(&mut self, by: [A; N]) -> Self::Out;
}

impl<A: Copy + Into<u32>, const N: usize> Step<A, N> for Cube {
    type Out = u32;
    fn step(&mut self, by: [A; N]) -> u32 {
        self.0 += by.into_iter().map(Into::into).sum::<u32>();
        self.0
    }
}

#[test]
fn objects_of_a_generic_trait_may_carry_auto_traits() {
    in_every_state(file!(), "step", || {
        let mut sendable: Box<dyn FastStep<u8, 2, Out = u32> + Send> = Box::new(Cube(1));
        let mut shared: Box<dyn FastStep<u16, 1, Out = u32> + Send + Sync + Unpin> =
            Box::new(Cube(1));
        assert_eq!((sendable.step([1, 2]), shared.step([3])), (4, 4));
    });
}
