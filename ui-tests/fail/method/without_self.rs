use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch]
    fn sides() -> u32;
}

fn generic<T: Shape>() -> u32 {
    T::sides()
}

fn main() {}
