use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch]
    fn corners<const N: usize>(&self) -> [f64; N];
}

fn generic(shape: &impl Shape) -> [f64; 4] {
    shape.corners()
}

fn main() {}
