use std::sync::Arc;

use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch]
    fn area(self: Arc<Self>) -> f64;
}

fn plain(shape: Arc<dyn Shape>) -> f64 {
    shape.area()
}

fn main() {}
