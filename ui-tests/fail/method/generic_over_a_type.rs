use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch]
    fn scale<T: Into<f64>>(&self, by: T) -> f64;
}

fn generic(shape: &impl Shape) -> f64 {
    shape.scale(2.0)
}

fn main() {}
