use static_call::binding;

trait Clock: Send + Sync {
    fn now(&self) -> u64;
}

struct System;

impl Clock for System {
    fn now(&self) -> u64 {
        1
    }
}

binding! { static CLOCK: dyn Clock = System; }

fn main() {}
