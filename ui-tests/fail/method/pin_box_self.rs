use std::pin::Pin;

use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch]
    fn area(self: Pin<Box<Self>>) -> f64;
}

fn plain(shape: Pin<Box<dyn Shape>>) -> f64 {
    shape.area()
}

fn main() {}
