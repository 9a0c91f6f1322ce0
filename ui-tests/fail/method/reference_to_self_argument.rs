use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch]
    fn covers(&self, other: &Self) -> bool;
}

fn generic<T: Shape>(shape: &T, other: &T) -> bool {
    shape.covers(other)
}

fn main() {}
