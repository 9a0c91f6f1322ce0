//! As `parry3d::shape::Shape`: supertraits with methods of their own, results that
//! borrow from the object, plain structs of floats.

use std::any::Any;
use std::sync::Arc;

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    x: f32,
    y: f32,
    z: f32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Aabb {
    low: Point,
    high: Point,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum TypedShape<'a> {
    Ball(&'a Ball),
}

#[static_dispatch(targets = 2)]
trait RayCast {
    fn cast_local_ray(
        &self,
        origin: &Point,
        direction: Point,
        limit: f32,
        solid: bool,
    ) -> Option<f32>;
    fn intersects_local_ray(&self, origin: &Point, direction: Point, limit: f32) -> bool {
        self.cast_local_ray(origin, direction, limit, true)
            .is_some()
    }
}

trait Downcast: Any + Send + Sync {
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
    fn into_any_arc(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<T: Any + Send + Sync> Downcast for T {
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
    fn into_any_arc(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

#[static_dispatch(targets = 2)]
trait SupportMap {
    fn local_support_point(&self, direction: &Point) -> Point;
}

#[static_dispatch(targets = 2, object = FastShape)]
trait Shape: RayCast + Downcast {
    #[static_dispatch(skip)]
    fn clone_dyn(&self) -> Box<dyn Shape>;
    fn compute_local_aabb(&self) -> Aabb;
    fn compute_aabb(&self, at: &Point) -> Aabb {
        let Aabb { low, high } = self.compute_local_aabb();
        let moved = |point: Point| Point {
            x: point.x + at.x,
            y: point.y + at.y,
            z: point.z + at.z,
        };
        Aabb {
            low: moved(low),
            high: moved(high),
        }
    }
    fn as_typed_shape(&self) -> TypedShape<'_>;
    fn as_support_map(&self) -> Option<&dyn SupportMap> {
        None
    }
    fn feature_normal_at_point(&self, _feature: (u32, u8), _point: &Point) -> Option<[f32; 3]> {
        None
    }
}

impl dyn Shape {
    fn as_shape<T: Shape>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Ball {
    radius: f32,
}

impl RayCast for Ball {
    fn cast_local_ray(&self, origin: &Point, _: Point, limit: f32, solid: bool) -> Option<f32> {
        let distance = origin.x - self.radius;
        (solid && distance < limit).then_some(distance)
    }
}

impl SupportMap for Ball {
    fn local_support_point(&self, direction: &Point) -> Point {
        Point {
            x: direction.x * self.radius,
            ..*direction
        }
    }
}

impl Shape for Ball {
    fn clone_dyn(&self) -> Box<dyn Shape> {
        Box::new(*self)
    }
    fn compute_local_aabb(&self) -> Aabb {
        let corner = |at| Point {
            x: at,
            y: at,
            z: at,
        };
        Aabb {
            low: corner(-self.radius),
            high: corner(self.radius),
        }
    }
    fn as_typed_shape(&self) -> TypedShape<'_> {
        TypedShape::Ball(self)
    }
    fn as_support_map(&self) -> Option<&dyn SupportMap> {
        Some(self)
    }
}

#[test]
fn a_shape() {
    let plain: Arc<dyn Shape> = Arc::new(Ball { radius: 2.0 });
    let fast: Arc<dyn FastShape> = Arc::new(Ball { radius: 2.0 });
    let at = Point {
        x: 5.0,
        y: 1.0,
        z: 0.5,
    };
    in_every_state(file!(), "compute_aabb", || {
        let expected = plain.compute_aabb(&at);
        assert_eq!(static_call!(plain.compute_aabb(&at)), expected);
        assert_eq!(fast.compute_aabb(&at), expected);
    });
    in_every_state(file!(), "as_typed_shape", || {
        assert_eq!(static_call!(plain.as_typed_shape()), plain.as_typed_shape());
        assert_eq!(fast.as_typed_shape(), plain.as_typed_shape());
    });
    in_every_state(file!(), "cast_local_ray", || {
        let expected = plain.cast_local_ray(&at, at, 9.0, true);
        let by_upcast = static_call!((&*plain as &dyn RayCast).cast_local_ray(&at, at, 9.0, true));
        assert_eq!(
            (by_upcast, fast.cast_local_ray(&at, at, 9.0, true)),
            (expected, expected)
        );
    });
    in_every_state(file!(), "local_support_point", || {
        let map = fast.as_support_map().expect("a ball has one");
        assert_eq!(
            static_call!(map.local_support_point(&at)),
            map.local_support_point(&at)
        );
    });
    assert_eq!(plain.as_shape::<Ball>(), Some(&Ball { radius: 2.0 }));
    assert_eq!(
        fast.clone_dyn().compute_local_aabb(),
        plain.compute_local_aabb()
    );
    assert!(fast.into_any_arc().is::<Ball>());
}
