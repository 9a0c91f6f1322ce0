use static_call::{binding, static_dispatch};

#[static_dispatch]
pub trait Clock: Send + Sync {
    #[static_dispatch]
    fn now(&self) -> u64;
}

struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> u64 {
        0
    }
}

binding! {
    static CLOCK: dyn Clock + Unpin = Frozen;
}

fn main() {}
