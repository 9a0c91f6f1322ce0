use static_call::{binding, static_dispatch};

#[static_dispatch]
trait Clock {
    #[static_dispatch]
    fn now(&self) -> u64;
    #[static_dispatch]
    fn set(&mut self, to: u64);
}

struct System;

impl Clock for System {
    fn now(&self) -> u64 {
        1
    }
    fn set(&mut self, _: u64) {}
}

binding! { static CLOCK: dyn Clock + Sync = System; }

fn main() {
    let _ = CLOCK.swap_boxed(Box::new(System));
}
