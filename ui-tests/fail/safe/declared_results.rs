// What a binding gives while nothing is bound is evaluated as safe code.
#![forbid(unsafe_code)]
use core::mem::transmute;
use static_call::static_dispatch;

#[static_dispatch]
pub trait Clock: Send + Sync {
    #[static_dispatch(none = transmute::<i64, u64>(-1))]
    fn in_a_register(&self) -> u64;
    #[static_dispatch(none = transmute::<[i64; 3], [u64; 3]>([-1; 3]))]
    fn written(&self) -> [u64; 3];
    #[static_dispatch(none = transmute::<(), ()>(()))]
    fn with_an_argument_to_drop(&self, text: String);
}

fn main() {}
