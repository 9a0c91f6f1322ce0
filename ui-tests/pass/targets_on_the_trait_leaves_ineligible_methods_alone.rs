use std::pin::Pin;
use std::rc::Rc;

use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 2)]
trait Shape {
    fn area(&self) -> f64;
    fn unit() -> Self
    where
        Self: Sized;
    fn scaled<T: Into<f64>>(&self, by: T) -> f64
    where
        Self: Sized,
    {
        self.area() * by.into()
    }
    fn boxed(self: Box<Self>) -> f64;
    fn counted(self: Rc<Self>) -> f64;
    fn pinned(self: Pin<&mut Self>) -> f64;
    fn into_area(self) -> f64
    where
        Self: Sized;
    #[static_dispatch(skip)]
    fn name(&self) -> &str {
        "shape"
    }
}

impl Shape for f64 {
    fn area(&self) -> f64 {
        *self
    }
    fn unit() -> f64 {
        1.0
    }
    fn boxed(self: Box<Self>) -> f64 {
        *self
    }
    fn counted(self: Rc<Self>) -> f64 {
        *self
    }
    fn pinned(self: Pin<&mut Self>) -> f64 {
        *self
    }
    fn into_area(self) -> f64 {
        self
    }
}

fn main() {
    let shape: Box<dyn Shape> = Box::new(2.0);
    assert_eq!(static_call!(shape.area()), 2.0);
    assert_eq!(shape.name(), "shape");
    assert_eq!(shape.boxed(), 2.0);
    let shape: Rc<dyn Shape> = Rc::new(<f64 as Shape>::unit());
    assert_eq!(shape.counted(), 1.0);
    let mut shape = 3.0_f64;
    let pinned: Pin<&mut f64> = Pin::new(&mut shape);
    let pinned: Pin<&mut dyn Shape> = pinned;
    assert_eq!(pinned.pinned(), 3.0);
    assert_eq!(2.0_f64.scaled(2.0_f32), 4.0);
    assert_eq!(2.0_f64.into_area(), 2.0);
}
