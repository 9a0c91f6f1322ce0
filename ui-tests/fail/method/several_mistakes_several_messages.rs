use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch(targets = 0)]
    fn area(&self) -> f64;
    #[static_dispatch]
    fn sides() -> u32;
    #[static_dispatch(targets = 2)]
    fn perimeter(self) -> f64;
}

fn generic<T: Shape>(shape: T) -> f64 {
    shape.area() * f64::from(T::sides()) + shape.perimeter()
}

fn main() {}
