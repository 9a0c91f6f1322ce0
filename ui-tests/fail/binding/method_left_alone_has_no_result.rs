use static_call::{binding, static_dispatch};

#[static_dispatch]
trait Log: Send + Sync {
    #[static_dispatch]
    fn write(&self, line: &str);
    fn name(&self) -> String;
}

binding! { static LOG: dyn Log = None; }

fn main() {
    let _ = LOG.name();
}
