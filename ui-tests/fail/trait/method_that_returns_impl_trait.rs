use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch]
    fn area(&self) -> f64;
    fn corners(&self) -> impl Iterator<Item = f64>;
}

fn generic(shape: &impl Shape) -> f64 {
    shape.area()
}

fn main() {}
