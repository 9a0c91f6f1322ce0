use static_call::{binding, static_dispatch};

#[static_dispatch]
trait Clock: Send + Sync {
    #[static_dispatch]
    fn now(&self) -> u64;
    #[static_dispatch(none = false)]
    fn is_running(&self) -> bool;
    fn name(&self) -> String;
}

struct System;

impl Clock for System {
    fn now(&self) -> u64 {
        1
    }
    fn is_running(&self) -> bool {
        true
    }
    fn name(&self) -> String {
        "system".into()
    }
}

binding! { static CLOCK: dyn Clock = System }

fn main() {}
