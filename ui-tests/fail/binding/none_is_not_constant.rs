use static_call::{binding, static_dispatch};

#[static_dispatch]
trait Log: Send + Sync {
    #[static_dispatch(none = line.len())]
    fn write(&self, line: &str) -> usize;
}

binding! { static LOG: dyn Log = None; }

fn main() {}
