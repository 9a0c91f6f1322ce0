use static_call::static_dispatch;

#[static_dispatch]
trait Shape {
    #[static_dispatch]
    fn each(&self, then: &dyn Fn(&Self));
}

fn generic<T: Shape>(shape: &T) {
    shape.each(&|_| ());
}

fn main() {}
