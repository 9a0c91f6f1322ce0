use static_call::static_dispatch;

#[static_dispatch]
trait Log {
    #[static_dispatch(none =)]
    fn write(&self, line: &str) -> usize;
}

fn main() {}
