//! `#[cfg]` on a type of a list, at the call and on the method.
#![forbid(unsafe_code)]
#![deny(warnings)]

use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Shape {
    #[static_dispatch(targets = 2, inline = [Square, #[cfg(any())] Missing, #[cfg(all())] Circle])]
    fn area(&self) -> f64;
}

struct Square(f64);
struct Circle(f64);

impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}

impl Shape for Circle {
    fn area(&self) -> f64 {
        self.0 * self.0 * 3.0
    }
}

fn main() {
    let shapes: [&dyn Shape; 2] = [&Square(2.0), &Circle(1.0)];
    let by_method: f64 = shapes.iter().map(|shape| static_call!(shape.area())).sum();
    let at_the_call: f64 = shapes
        .iter()
        .map(|shape| {
            static_call!(
                shape.area(),
                inline = [#[cfg(all())] Square, #[cfg(any())] AlsoMissing, Circle]
            )
        })
        .sum();
    assert_eq!((by_method, at_the_call), (7.0, 7.0));
}
