use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch]
    fn scaled(&self) -> Option<Self>
    where
        Self: Clone;
}

fn generic<T: Shape + Clone>(shape: &T) -> Option<T> {
    shape.scaled()
}

fn main() {}
