use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch]
    fn scaled(&self) -> Self;
}

fn generic<T: Shape>(shape: &T) -> T {
    shape.scaled()
}

fn main() {}
