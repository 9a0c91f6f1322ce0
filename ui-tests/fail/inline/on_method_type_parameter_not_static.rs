use static_call::static_dispatch;

#[static_dispatch]
trait Convert<T> {
    #[static_dispatch(inline = [Wrap<T>])]
    fn convert(&self, x: T) -> T;
}

struct Wrap<T>(T);

impl<T> Convert<T> for Wrap<T> {
    fn convert(&self, x: T) -> T {
        x
    }
}

fn main() {}
