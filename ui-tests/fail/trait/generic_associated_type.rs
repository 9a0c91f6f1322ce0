use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch]
    fn area(&self) -> f64;
    type Corners<'a>: Iterator<Item = f64>
    where
        Self: 'a;
}

fn generic(shape: &impl Shape) -> f64 {
    shape.area()
}

fn main() {}
