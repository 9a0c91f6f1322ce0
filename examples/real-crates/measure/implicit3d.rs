//! implicit3d: what its own benchmark does, a grid of points through an object, but
//! with fewer points: short passes are seldom interrupted.

use std::error::Error;
use std::hint::black_box;

use nalgebra::Point3;
use static_call::{specialize, static_call};
use static_call_real_crates::rounds::{self, Workload, mix};

const STEPS: usize = 30;

/// The benchmark's loops over a grid in the object's bounding box.
macro_rules! grid {
    ($object:ident, |$p:ident, $slack:ident| $call:expr) => {{
        let (min, max) = ($object.bbox().min, $object.bbox().max);
        let (xd, yd, zd) = (
            (max.x - min.x) / STEPS as f64,
            (max.y - min.y) / STEPS as f64,
            (max.z - min.z) / STEPS as f64,
        );
        // Unknown, or short loops are unrolled, and guards with them.
        let steps = black_box(STEPS);
        let $slack = xd.min(yd).min(zd) / 10.0;
        let mut $p = Point3::new(0.0, 0.0, min.z);
        let mut result = 0.0_f64;
        for _ in 0..steps {
            $p.y = min.y;
            for _ in 0..steps {
                $p.x = min.x;
                for _ in 0..steps {
                    result += $call;
                    $p.x += xd;
                }
                $p.y += yd;
            }
            $p.z += zd;
        }
        mix(0, result.to_bits())
    }};
}

/// One form of the crate: its objects, and the loop with a plain call.
macro_rules! form {
    ($name:ident, $krate:ident) => {
        mod $name {
            use super::{Point3, STEPS, black_box, mix};
            use $krate::*;

            pub(super) type Shape = Box<dyn Object<f64>>;

            /// The crate's benchmarks: a sphere, a cube of six planes, and a cube
            /// with a sphere cut out.
            pub(super) fn sphere() -> Shape {
                Box::new(Sphere::new(1.0))
            }

            pub(super) fn cube() -> Shape {
                let planes: Vec<Shape> = vec![
                    Box::new(PlaneX::new(0.5)),
                    Box::new(PlaneNegX::new(0.5)),
                    Box::new(PlaneY::new(0.5)),
                    Box::new(PlaneNegY::new(0.5)),
                    Box::new(PlaneZ::new(0.5)),
                    Box::new(PlaneNegZ::new(0.5)),
                ];
                Intersection::from_vec(planes, 0.0).expect("there are planes")
            }

            pub(super) fn hollow_cube() -> Shape {
                let parts: Vec<Shape> = vec![cube(), Box::new(Sphere::new(0.5))];
                Intersection::difference_from_vec(parts, 0.2).expect("there are parts")
            }

            #[inline(never)]
            pub(super) fn evaluate(object: &dyn Object<f64>) -> u64 {
                grid!(object, |p, slack| object.approx_value(&p, slack))
            }
        }
    };
}

form!(plain, plain_implicit3d);
form!(control, control_implicit3d);
form!(annotated, static_implicit3d);
form!(unlisted, unlisted_implicit3d);

/// By hand: the loop for the one type.
#[inline(never)]
fn evaluate_concrete(object: &plain_implicit3d::Sphere<f64>) -> u64 {
    use plain_implicit3d::Object;
    grid!(object, |p, slack| object.approx_value(&p, slack))
}

/// A guard at every call.
#[inline(never)]
fn evaluate_guarded(object: &dyn static_implicit3d::Object<f64>) -> u64 {
    grid!(object, |p, slack| static_call!(
        object.approx_value(&p, slack),
        inline = [static_implicit3d::Sphere<f64>]
    ))
}

/// The same without a list.
#[inline(never)]
fn evaluate_unlisted(object: &dyn unlisted_implicit3d::Object<f64>) -> u64 {
    grid!(object, |p, slack| static_call!(
        object.approx_value(&p, slack)
    ))
}

/// One test in front of the loops.
#[inline(never)]
fn evaluate_specialized(object: &dyn static_implicit3d::Object<f64>) -> u64 {
    use static_implicit3d::{Object, Sphere};
    specialize!(object: [Sphere<f64>] in {
        grid!(object, |p, slack| object.approx_value(&p, slack))
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let sphere = |name| {
        let (plain, control) = (plain::sphere(), control::sphere());
        let concrete = plain_implicit3d::Sphere::new(1.0);
        Workload::new(name)
            .variant("plain", move || plain::evaluate(black_box(&*plain)))
            .variant("control", move || control::evaluate(black_box(&*control)))
            .variant("concrete", move || evaluate_concrete(black_box(&concrete)))
    };
    let objects = |name, make: (fn() -> _, fn() -> _, fn() -> _, fn() -> _)| {
        let (plain, control): (plain::Shape, control::Shape) = (make.0(), make.1());
        let (annotated, unlisted): (annotated::Shape, unlisted::Shape) = (make.2(), make.3());
        Workload::new(name)
            .variant("plain", move || plain::evaluate(black_box(&*plain)))
            .variant("control", move || control::evaluate(black_box(&*control)))
            .variant("static", move || {
                annotated::evaluate(black_box(&*annotated))
            })
            .variant("unlisted", move || unlisted::evaluate(black_box(&*unlisted)))
    };
    let (guarded, unlisted) = (annotated::sphere(), unlisted::sphere());
    let specialized = annotated::sphere();
    rounds::main(vec![
        sphere("sphere, `specialize!`").variant("static", move || {
            evaluate_specialized(black_box(&*specialized))
        }),
        sphere("sphere, per call")
            .variant("static", move || evaluate_guarded(black_box(&*guarded)))
            .variant("unlisted", move || {
                evaluate_unlisted(black_box(&*unlisted))
            }),
        objects(
            "cube of 6 planes, per call",
            (
                plain::cube,
                control::cube,
                annotated::cube,
                unlisted::cube,
            ),
        ),
        objects(
            "cube without a sphere, per call",
            (
                plain::hollow_cube,
                control::hollow_cube,
                annotated::hollow_cube,
                unlisted::hollow_cube,
            ),
        ),
    ])
}
