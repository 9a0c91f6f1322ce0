//! A Rust dylib that a program and its plugins share: one declaration of the trait, one memory
//! of the region, and vtables in each of them.

use static_call::{specialize, static_dispatch};

/// Has an area.
#[static_dispatch]
pub trait Shape {
    /// The area.
    fn area(&self) -> u64;
}

/// Is listed.
pub struct Square(pub u64);

/// Is not.
pub struct Circle(pub u64);

impl Shape for Square {
    fn area(&self) -> u64 {
        self.0 * self.0
    }
}

impl Shape for Circle {
    fn area(&self) -> u64 {
        3 * self.0 * self.0
    }
}

/// A square with this object's vtable.
#[inline(never)]
pub fn square(side: u64) -> Box<dyn Shape> {
    Box::new(Square(side))
}

/// A circle with this object's vtable.
#[inline(never)]
pub fn circle(radius: u64) -> Box<dyn Shape> {
    Box::new(Circle(radius))
}

/// The area, in a copy of its own for squares.
#[inline(never)]
pub fn area(shape: &dyn Shape) -> u64 {
    specialize!(shape: [Square] in { shape.area() })
}
