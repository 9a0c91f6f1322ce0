use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch]
    fn area(&self) -> f64
    where
        Self: Sized;
}

fn generic(shape: &impl Shape) -> f64 {
    shape.area()
}

fn main() {}
