use static_call::{binding, static_dispatch};

#[static_dispatch]
trait Log: Send + Sync {
    #[static_dispatch(none = "no")]
    fn write(&self, line: &str) -> bool;
}

binding! { static LOG: dyn Log = None; }

fn main() {}
