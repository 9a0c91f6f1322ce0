// A method that is unsafe to call has no unsafe signature, default body or declared result.
#![deny(unsafe_op_in_unsafe_fn)]
use core::mem::transmute;
use static_call::static_dispatch;

#[static_dispatch(object = FastClock)]
pub trait Clock: Send + Sync {
    /// # Safety
    /// None.
    #[static_dispatch(none = transmute::<i64, u64>(-1))]
    unsafe fn now(&self) -> u64;
    /// # Safety
    /// None.
    #[static_dispatch]
    unsafe fn many(&mut self, times: [u64; transmute::<isize, usize>(1)]) {
        let _: i64 = transmute(times);
    }
}

fn main() {}
