// What is bound at first.
#![forbid(unsafe_code)]
use core::mem::transmute;
use static_call::{binding, static_dispatch};

#[static_dispatch]
pub trait Clock: Send + Sync {
    #[static_dispatch]
    fn now(&self) -> u64;
}

struct Frozen(u64);

impl Clock for Frozen {
    fn now(&self) -> u64 {
        self.0
    }
}

binding! {
    static CONSTANT: dyn Clock = Frozen(transmute(-1_i64));
    static LAZY: dyn Clock = lazy { Box::new(Frozen(transmute(-1_i64))) };
}

fn main() {}
