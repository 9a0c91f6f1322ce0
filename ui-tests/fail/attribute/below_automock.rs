use static_call::static_dispatch;

#[mockall::automock]
#[static_dispatch]
pub trait Shape {
    #[static_dispatch(targets = 2)]
    fn area(&self, scale: u64) -> u64;
}

fn main() {}
