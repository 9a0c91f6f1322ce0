use std::rc::Rc;

use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch]
    fn area(self: Rc<Self>) -> f64;
}

fn plain(shape: Rc<dyn Shape>) -> f64 {
    shape.area()
}

fn main() {}
